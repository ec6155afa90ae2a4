"""Text to token ids and back, and the layout of a prompt; special ids are looked up by name.

A byte-level tokenizer turns any text into ids and back without loss. Text that ends in the middle of a
word tokenizes differently from the same text with the word finished, so `split_tail` says where the
stable part of a prefix ends: the rest (its *tail*) is clamped at the head of the canvas instead of
being encoded, which also keeps the prompt, and so its cached keys, unchanged while a word is typed.
"""

from __future__ import annotations

import functools
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tokenizers import Tokenizer as HFTokenizer

from model.types import CheckpointError

PAD, BOS, EOS = "<pad>", "<bos>", "<eos>"
CONTEXT, SUFFIX, PREFIX = "<|context|>", "<|suffix|>", "<|prefix|>"
SPECIAL_TOKENS = (PAD, EOS, BOS, CONTEXT, SUFFIX, PREFIX)
N_KEPT = 256  # texts whose ids are remembered: while a word is typed, most of what is asked is the same


class SpecialNames(NamedTuple):
    """What a tokenizer calls the special tokens that there must be."""

    pad: str = PAD
    bos: str = BOS
    eos: str = EOS


class TextTokenizer:
    """A `tokenizers` file with the names of its special tokens resolved."""

    def __init__(self, tokenizer: HFTokenizer, source: str, names: SpecialNames = SpecialNames()) -> None:  # noqa: B008, frozen
        tokenizer.encode_special_tokens = True  # a special token's name in a file is plain text
        self._tokenizer = tokenizer
        self._source = source
        self.vocab_size = tokenizer.get_vocab_size(with_added_tokens=True)
        self.special_ids = frozenset(i for i, t in tokenizer.get_added_tokens_decoder().items() if t.special)
        self.pad_id = self._required(names.pad)
        self.eos_id = self._required(names.eos)
        self.bos_id = self._required(names.bos)
        self.context_id: int | None = tokenizer.token_to_id(CONTEXT)
        self.suffix_id: int | None = tokenizer.token_to_id(SUFFIX)
        self.prefix_id: int | None = tokenizer.token_to_id(PREFIX)
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
            return cls(HFTokenizer.from_file(str(path)), str(path))
        except CheckpointError:
            raise
        except Exception as error:  # the library raises bare Exception for every fault of the file
            raise CheckpointError(f"{path}: not a tokenizer file ({error}); fetch the checkpoint again") from None

    def _required(self, name: str) -> int:
        token_id = self._tokenizer.token_to_id(name)
        if token_id is None:
            raise CheckpointError(f"{self._source}: has no {name} token; tokenizer and model do not belong together")
        return token_id

    def encode(self, text: str) -> list[int]:
        """Ids of plain text; nothing in it is read as a special token."""
        return list(self._ids(text))

    def _encoded(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def encode_with_offsets(self, text: str) -> tuple[list[int], list[int]]:
        """Ids of plain text and the offset of each one's first character."""
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        return encoding.ids, [start for start, _ in encoding.offsets]

    def decode(self, token_ids: Sequence[int]) -> str:
        """Text of ids; special tokens are left out, broken UTF-8 becomes U+FFFD."""
        plain = [i for i in token_ids if i not in self.special_ids]
        return self._tokenizer.decode(plain, skip_special_tokens=False)

    def split_tail(self, prefix: str) -> tuple[str, str]:
        """Cut before the last pre-token of `prefix`: (stable part, tail)."""
        pieces = self._tokenizer.pre_tokenizer.pre_tokenize_str(prefix[-200:]) if prefix else []
        if not pieces:
            return prefix, ""
        start = len(prefix[-200:]) - pieces[-1][1][0]
        return prefix[:-start], prefix[-start:]

    def prompt(self, context: str, far_suffix: str, prefix: str) -> list[int]:
        """Ids of the prompt: parts that change least come first, so that cached keys survive typing."""
        if self.suffix_id is None or self.prefix_id is None:  # not trained for infilling: plain text
            return [self.bos_id, *self.encode(f"{context}\n\n{prefix}" if context else prefix)]
        ids = [self.bos_id]
        if context and self.context_id is not None:
            ids += [self.context_id, *self.encode(context)]
        if far_suffix:
            ids += [self.suffix_id, *self.encode(far_suffix)]
        return [*ids, self.prefix_id, *self.encode(prefix)]

    def token_bytes(self) -> list[bytes]:
        """The bytes each id stands for, in order of id; empty for special tokens."""
        if self._texts is None:
            inverse = {c: b for b, c in byte_alphabet().items()}
            pieces = [self._tokenizer.id_to_token(i) or "" for i in range(self.vocab_size)]
            self._texts = [
                b"" if i in self.special_ids else bytes(inverse[c] for c in piece if c in inverse)
                for i, piece in enumerate(pieces)
            ]
        return self._texts

    def spelling(self, owed: bytes) -> list[int]:
        """Ids whose bytes begin `owed` or are begun by it; `owed` is not empty."""
        if not self._by_bytes:
            self._by_bytes = sorted((b, i) for i, b in enumerate(self.token_bytes()) if b)
        found: list[int] = []
        for n in range(1, len(owed)):
            at = bisect_left(self._by_bytes, (owed[:n], -1))
            found += [i for b, i in self._by_bytes[at : at + 1] if b == owed[:n]]
        at = bisect_left(self._by_bytes, (owed, -1))
        while at < len(self._by_bytes) and self._by_bytes[at][0].startswith(owed):
            found.append(self._by_bytes[at][1])
            at += 1
        return found


def byte_alphabet() -> dict[int, str]:
    """The printable character that byte-level BPE writes for each byte (as GPT-2 defined it)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = (b for b in range(256) if b not in printable)
    return {b: chr(b) for b in printable} | {b: chr(256 + n) for n, b in enumerate(rest)}
