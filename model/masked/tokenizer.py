"""Tokenizers of the masked models: their own names for the special ids, and the suffix in the canvas alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from tokenizers import AddedToken
from tokenizers import Tokenizer as HFTokenizer

from model.prompt_parts import Asked, PromptFile, joined
from model.tokenize.tokenizer import SpecialNames, TextTokenizer
from model.types import CheckpointError

CONFIG = "tokenizer_config.json"
EXPAND = "<|expand|>"  # DreamOn's; the token that deletes is the one that pads


class MaskedTokenizer(TextTokenizer):
    """A tokenizer none of whose added tokens is text, neither in a file nor in a fill."""

    def __init__(self, tokenizer: HFTokenizer, source: str, names: dict[str, str]) -> None:
        added = tokenizer.get_added_tokens_decoder().values()
        tokenizer.add_special_tokens([AddedToken(t.content, special=True, normalized=False) for t in added])
        eos = names["eos_token"]
        bos = names.get("bos_token")
        super().__init__(tokenizer, source, SpecialNames(names.get("pad_token", eos), bos or eos, eos))
        self.layout = InCanvas(self, [] if bos is None else [self.bos_id])
        self.vocab_size = 1 + max(tokenizer.get_vocab(with_added_tokens=True).values())
        mask = names.get("mask_token")
        self.mask_id: int | None = None if mask is None else tokenizer.token_to_id(mask)
        self.expand_id: int | None = tokenizer.token_to_id(EXPAND)

    @classmethod
    def load(cls, folder: Path) -> MaskedTokenizer:
        """Read `tokenizer.json`, or what older checkpoints have instead; raises `CheckpointError`."""
        names = special_names(folder / CONFIG)
        path = folder / "tokenizer.json"
        try:
            if path.is_file():
                return cls(HFTokenizer.from_file(str(path)), str(path), names)
            path = folder / "vocab.json"
            if path.is_file():
                from transformers import Qwen2Tokenizer  # reads vocab.json and merges.txt; Dream's tokenizer is Qwen's

                tokenizer = Qwen2Tokenizer.from_pretrained(folder).backend_tokenizer
                return cls(tokenizer, str(path), names)
        except CheckpointError:
            raise
        except Exception as error:  # the library raises bare Exception for every fault of the file
            reason = str(error).strip().split("\n")[0]
            raise CheckpointError(f"{path}: not a tokenizer file ({reason}); fetch the checkpoint again") from None
        raise CheckpointError(f"{folder}: neither tokenizer.json nor vocab.json; fetch the checkpoint again")


class InCanvas:
    """Plain text: a bidirectional model finds what follows where it belongs, in the canvas."""

    def __init__(self, tokenizer: TextTokenizer, begin: list[int]) -> None:
        """`begin` is what a text begins with."""
        self._encode, self._begin = tokenizer.encode, begin

    def prompt(self, context: Sequence[PromptFile], far_suffix: str, prefix: str, asked: Asked) -> list[int]:
        return [*self._begin, *self._encode("\n\n".join(filter(None, (asked.instruction, joined(context), prefix))))]

    def thinking(self, context: Sequence[PromptFile], far_suffix: str, prefix: str, asked: Asked) -> list[int]:
        return []

    def end(self, after: str, asked: Asked) -> list[int]:
        return self._encode(after)


def special_names(path: Path) -> dict[str, str]:
    """`eos_token`, `mask_token` and so on as tokenizer_config.json has them: a string, or an object with one."""
    try:
        stated = json.loads(path.read_bytes())
        tokens = {key: token_name(value) for key, value in stated.items() if key.endswith("_token")}
    except (OSError, ValueError, AttributeError) as error:
        raise CheckpointError(f"{path}: cannot be read ({error}); fetch the checkpoint again") from None
    names = {key: name for key, name in tokens.items() if name is not None}
    if "eos_token" not in names:
        raise CheckpointError(f"{path}: states no eos_token; fetch the checkpoint again")
    return names


def token_name(value: object) -> str | None:
    """The token's text."""
    if isinstance(value, dict):
        value = cast("dict[str, object]", value).get("content")
    return value if isinstance(value, str) else None
