"""Text to token ids and back, and the layout of a prompt; special ids are looked up by name.

A tokenizer of either form (`byte_codec`) turns any text into ids and back without loss. Text that ends in the
middle of a word tokenizes differently from the same text with the word finished, so `split_tail` says where the
stable part of a prefix ends: the rest (its *tail*) is clamped at the head of the canvas instead of
being encoded, which also keeps the prompt, and so its cached keys, unchanged while a word is typed.
"""

from __future__ import annotations

import functools
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from tokenizers import Tokenizer as HFTokenizer

from model.prompt_parts import Asked, PromptFile, joined
from model.tokenize.byte_codec import bar_control_tokens, pieces_of, starts
from model.types import CheckpointError

PAD, BOS, EOS = "<pad>", "<bos>", "<eos>"
CONTEXT, SUFFIX, PREFIX = "<|context|>", "<|suffix|>", "<|prefix|>"
SPECIAL_TOKENS = (PAD, EOS, BOS, CONTEXT, SUFFIX, PREFIX)
NOTHING = Asked()
N_KEPT = 256  # texts whose ids are remembered: while a word is typed, most of what is asked is the same
PROBE = "A\t b  c\r\n\n    é漢\U0001f600\u2581\u00a0\ufb01\x00<bos> "  # what a lossy tokenizer changes


class Layout(Protocol):
    """How what a model reads is laid out in ids."""

    def prompt(self, context: Sequence[PromptFile], far_suffix: str, prefix: str, asked: Asked) -> list[int]:
        """Ids of a prompt."""
        ...

    def thinking(self, context: Sequence[PromptFile], far_suffix: str, prefix: str, asked: Asked) -> list[int]:
        """Ids of a prompt after which the model thinks; none where it does not."""
        ...

    def end(self, after: str, asked: Asked) -> list[int]:
        """Ids of the text that ends a file, and of what then ends the model's answer."""
        ...


class SpecialNames(NamedTuple):
    """What a tokenizer calls the special tokens that there must be."""

    pad: str = PAD
    bos: str = BOS
    eos: str = EOS


class TextTokenizer:
    """A `tokenizers` file with the names of its special tokens resolved."""

    def __init__(self, tokenizer: HFTokenizer, source: str, names: SpecialNames = SpecialNames()) -> None:  # noqa: B008, frozen
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self.source = source  # its file
        self.vocab_size = tokenizer.get_vocab_size(with_added_tokens=True)
        self.special_ids = bar_control_tokens(tokenizer)
        self.pad_id = self._required(names.pad)
        self.eos_id = self._required(names.eos)
        self.bos_id = self._required(names.bos)
        self.context_id: int | None = self.id_of(CONTEXT)
        self.suffix_id: int | None = self.id_of(SUFFIX)
        self.prefix_id: int | None = self.id_of(PREFIX)
        self.layout: Layout = Parts(self)
        self._pieces = pieces_of(tokenizer)
        self._ids = functools.lru_cache(N_KEPT)(self._encoded)
        self._texts: list[bytes] | None = None
        self._by_bytes: list[tuple[bytes, int]] = []  # every plain token, sorted

    @classmethod
    def load(cls, folder: Path) -> TextTokenizer:
        """Read `tokenizer.json` of a checkpoint folder; raises `CheckpointError`."""
        path = folder / "tokenizer.json"
        if not path.is_file():
            raise CheckpointError(f"{path}: missing; a checkpoint folder needs its tokenizer.json")
        try:
            read = cls(HFTokenizer.from_file(str(path)), str(path))
            lossless = read.decode(read.encode(PROBE)) == PROBE
        except CheckpointError:
            raise
        except Exception as error:  # the library raises bare Exception for every fault of the file
            raise CheckpointError(f"{path}: not a tokenizer file ({error}); fetch the checkpoint again") from None
        if not lossless:
            raise CheckpointError(f"{path}: does not give back the text it is given, so code would be changed")
        return read

    def id_of(self, name: str) -> int | None:
        """The id of a token by its name, if there is one."""
        return self._tokenizer.token_to_id(name)

    def special_tokens(self) -> dict[str, int]:
        """The special tokens by their names."""
        return {name: i for i in self.special_ids if (name := self._tokenizer.id_to_token(i))}

    def _required(self, name: str) -> int:
        token_id = self.id_of(name)
        if token_id is None:
            raise CheckpointError(f"{self.source}: has no {name} token; tokenizer and model do not belong together")
        return token_id

    def encode(self, text: str) -> list[int]:
        """Ids of plain text; nothing in it is read as a special token."""
        return list(self._ids(text))

    def _encoded(self, text: str) -> tuple[int, ...]:
        return tuple(self._pieces.encode(text))

    def encode_with_offsets(self, text: str) -> tuple[list[int], list[int]]:
        """Ids of plain text and the offset of each one's first character."""
        ids, texts = self.encode(text), self.token_bytes()
        return ids, starts(text, (texts[i] for i in ids))

    def decode(self, token_ids: Sequence[int]) -> str:
        """Text of ids; special tokens are left out, broken UTF-8 becomes U+FFFD."""
        texts = self.token_bytes()
        return b"".join(texts[i] for i in token_ids).decode("utf-8", "replace")

    def split_tail(self, prefix: str) -> tuple[str, str]:
        """Cut before the last word of `prefix`: (stable part, tail)."""
        at = self._pieces.tail_start(prefix)
        return prefix[:at], prefix[at:]

    def prompt(self, context: Sequence[PromptFile], far_suffix: str, prefix: str, asked: Asked = NOTHING) -> list[int]:
        """Ids of the prompt: parts that change least come first, so that cached keys survive typing."""
        return self.layout.prompt(context, far_suffix, prefix, asked)

    def thinking(self, context: Sequence[PromptFile], far_suffix: str, prefix: str, asked: Asked) -> list[int]:
        """Ids of a prompt after which the model thinks, up to a special token; none where it does not."""
        return self.layout.thinking(context, far_suffix, prefix, asked)

    def end(self, after: str, asked: Asked = NOTHING) -> list[int]:
        """Ids of the text that ends a file, and of what then ends the model's answer."""
        return self.layout.end(after, asked)

    def token_bytes(self) -> list[bytes]:
        """The bytes each id stands for, in order of id; empty for special tokens."""
        if self._texts is None:
            texts = [b""] * self.vocab_size
            for piece, i in self._tokenizer.get_vocab(with_added_tokens=True).items():
                texts[i] = b"" if i in self.special_ids else self._pieces.bytes_of(piece)
            self._texts = texts
        return self._texts

    def may_follow(self, start: bytes, written: bytes, never: Sequence[str] = ()) -> list[int] | None:
        """Ids that may follow what is `written` of a text that begins with `start` and then with none of `never`.

        None for any.
        """
        owed, texts = start[len(written) :], self.token_bytes()
        barred = tuple(text.encode() for text in never)
        if owed:
            return [i for i in self.spelling(owed) if not begins_any(texts[i][len(owed) :], barred)]
        if barred and not written[len(start) :].strip():
            return [i for i, text in enumerate(texts) if not begins_any(text, barred)]
        return None

    def spelling(self, owed: bytes) -> list[int]:
        """Ids whose bytes begin `owed` or are begun by it; `owed` is not empty."""
        if not self._by_bytes:
            self._by_bytes = sorted((b, i) for i, b in enumerate(self.token_bytes()) if b)
        found: list[int] = []
        for n in range(1, len(owed)):
            at = bisect_left(self._by_bytes, (owed[:n], -1))
            while at < len(self._by_bytes) and self._by_bytes[at][0] == owed[:n]:
                found.append(self._by_bytes[at][1])  # several: Gemma has a byte and a piece for one character
                at += 1
        at = bisect_left(self._by_bytes, (owed, -1))
        while at < len(self._by_bytes) and self._by_bytes[at][0].startswith(owed):
            found.append(self._by_bytes[at][1])
            at += 1
        return found


def begins_any(piece: bytes, texts: Sequence[bytes]) -> bool:
    """Whether a piece, without the blanks before it, is the beginning of one of the texts or begins with one."""
    piece = piece.lstrip(b" \t")
    return piece != b"" and any(text.startswith(piece) or piece.startswith(text) for text in texts)


class Parts:
    """A token of its own before each part of the prompt; plain text where the model has none (or `plain`)."""

    def __init__(self, tokenizer: TextTokenizer, plain: bool = False) -> None:
        self._tokenizer, self._encode = tokenizer, tokenizer.encode
        trained = tokenizer.suffix_id is not None and tokenizer.prefix_id is not None
        self.trained = trained and not plain  # whether the tokens are there that infilling takes

    def prompt(self, context: Sequence[PromptFile], far_suffix: str, prefix: str, asked: Asked) -> list[int]:
        before = "\n\n".join(filter(None, (asked.instruction, joined(context))))
        t = self._tokenizer
        if not self.trained or t.suffix_id is None or t.prefix_id is None:
            return [t.bos_id, *self._encode(f"{before}\n\n{prefix}" if before else prefix)]
        ids = [t.bos_id]
        if before and t.context_id is not None:
            ids += [t.context_id, *self._encode(before)]
        if far_suffix:
            ids += [t.suffix_id, *self._encode(far_suffix)]
        return [*ids, t.prefix_id, *self._encode(prefix)]

    def thinking(self, context: Sequence[PromptFile], far_suffix: str, prefix: str, asked: Asked) -> list[int]:
        return []

    def end(self, after: str, asked: Asked) -> list[int]:
        return self._encode(after)
