"""The prompt of a causal code model that was trained to fill in the middle: what follows the hole comes first.

After `<|fim_middle|>` such a model writes what stands between prefix and suffix. Here the prefix itself is begun
there, so that the model goes on with the code before the hole, as it does in a plain file. Qwen2.5-Coder passes more
tests so than in the documented order (model/train/LOG.md), and a typed letter only appends to the prompt, so the keys
of all that was read are kept. Files of the project come before, in the form of the repositories it was trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer as HFTokenizer

from model.prompt_parts import Asked, PromptFile
from model.tokenize.tokenizer import SpecialNames, TextTokenizer
from model.types import CheckpointError

END, TURN, TURN_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
PREFIX, SUFFIX, MIDDLE = "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"
REPOSITORY, FILE = "<|repo_name|>", "<|file_sep|>"
REPOSITORY_NAME = "project"  # the folder's own name says more of the user than of the code


class CausalTokenizer(TextTokenizer):
    """A tokenizer with Qwen's names, none of whose tokens goes over a line's end."""

    def __init__(self, tokenizer: HFTokenizer, source: str) -> None:
        """Raises `CheckpointError` where a token of the layout is missing."""
        super().__init__(tokenizer, source, SpecialNames(pad=END, bos=END, eos=TURN_END))
        self.layout = SuffixFirst(self)

    @classmethod
    def load(cls, folder: Path) -> CausalTokenizer:
        read = super().load(folder)
        assert isinstance(read, CausalTokenizer)
        return read

    @property
    def has_turns(self) -> bool:
        """Whether there are tokens for the turns of a chat: a model without them takes no instructions."""
        return self.id_of(TURN) is not None and self.id_of(TURN_END) is not None

    @property
    def turn_ids(self) -> tuple[int, int]:
        """Ids of what begins and what ends a turn; only where it `has_turns`."""
        start_id, end_id = self.id_of(TURN), self.id_of(TURN_END)
        assert start_id is not None and end_id is not None
        return start_id, end_id

    def split_tail(self, prefix: str) -> tuple[str, str]:
        """As for any other; but after a line's end nothing is open, and no more line ends are wanted."""
        return (prefix, "") if prefix.endswith("\n") else super().split_tail(prefix)


class SuffixFirst:
    """A layout: files of the project, the suffix, then the prefix begun after the mark of the middle."""

    def __init__(self, tokenizer: TextTokenizer) -> None:
        self._encode = tokenizer.encode
        found = {name: tokenizer.id_of(name) for name in (PREFIX, SUFFIX, MIDDLE, REPOSITORY, FILE)}
        missing = [name for name, i in found.items() if i is None]
        if missing:
            raise CheckpointError(f"{tokenizer.source}: has no {missing[0]} token, which infilling takes")
        self._ids = {name: i for name, i in found.items() if i is not None}

    def prompt(self, context: Sequence[PromptFile], far_suffix: str, prefix: str, asked: Asked) -> list[int]:
        marks, ids = self._ids, list[int]()
        if context or asked.path:
            ids += [marks[REPOSITORY], *self._encode(f"{REPOSITORY_NAME}\n")]
        for file in context:
            ids += [marks[FILE], *self._encode(f"{file.path}\n{file.text}\n")]
        if asked.path:
            ids += [marks[FILE], *self._encode(f"{asked.path}\n")]
        following = [marks[PREFIX], marks[SUFFIX], *self._encode(far_suffix)]
        return [*ids, *following, marks[MIDDLE], *self._encode(prefix)]

    def thinking(self, context: Sequence[PromptFile], far_suffix: str, prefix: str, asked: Asked) -> list[int]:
        return []

    def end(self, after: str, asked: Asked) -> list[int]:
        return self._encode(after)
