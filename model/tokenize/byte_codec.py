"""How the pieces of a tokenizer's file spell bytes: the two forms there are, and what of their text is stable.

In the byte-level form every byte is one printable character. In the byte-fallback form (Gemma's) pieces are
text with U+2581 for a space, and a character without a piece is spelled in bytes, `<0x0A>` for a line feed.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from itertools import accumulate
from typing import Protocol

from tokenizers import AddedToken
from tokenizers import Tokenizer as HFTokenizer

SPACE = "\u2581"
N_LINES = 4096  # whose ids are remembered
_TAIL_CHARS = 200  # no word is longer
_LINES = re.compile(r"\n+|[^\n]+")
_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
# The last word, run of punctuation or run of blanks: what comes next may still become part of its tokens.
_LAST = re.compile(r"(?:[^\S\r\n]*(?:\w+|[^\w\s]+)|\s+)\Z")
# Of the tokens that were added to a vocabulary these are text: runs of blanks, and tags of HTML.
_TEXT = re.compile(rf"[\s{SPACE}]+|</?(?:h[1-6]|(?!(?:audio|bos|eos|image|mask|pad|think|tool|unk|video)>)[a-z]+)>")


class Pieces(Protocol):
    """One form of pieces."""

    def bytes_of(self, piece: str) -> bytes:
        """The bytes that a piece spells."""
        ...

    def encode(self, text: str) -> list[int]:
        """Ids whose bytes are those of `text`."""
        ...

    def tail_start(self, prefix: str) -> int:
        """Where the last word of `prefix` begins, with the blanks before it that may be in its first token."""
        ...


class ByteLevel:
    """Pieces in byte-level BPE's own alphabet; its pre-tokenizer says what a word is."""

    def __init__(self, tokenizer: HFTokenizer) -> None:
        self._tokenizer = tokenizer
        self._bytes = {c: b for b, c in byte_alphabet().items()}

    def bytes_of(self, piece: str) -> bytes:
        return bytes(self._bytes[c] for c in piece if c in self._bytes)

    def encode(self, text: str) -> list[int]:
        return self._tokenizer.encode(text, add_special_tokens=False).ids

    def tail_start(self, prefix: str) -> int:
        window = prefix[-_TAIL_CHARS:]
        pieces = self._tokenizer.pre_tokenizer.pre_tokenize_str(window) if window else []
        return len(prefix) - len(window) + (pieces[-1][1][0] if pieces else len(window))


class ByteFallback:
    """Gemma's pieces. Nothing splits a text before BPE does, so words are found here, by kinds of characters.

    Where no piece goes over a line's end lines are read one by one and remembered: from one key to the next a file
    is the same but for one of them, and reading all of it takes ten milliseconds.
    """

    def __init__(self, tokenizer: HFTokenizer) -> None:
        self._tokenizer = tokenizer
        vocabulary = tokenizer.get_vocab(with_added_tokens=True)
        over_ends = any("\n" in piece and piece.strip("\n") for piece in vocabulary)
        self._cut = (lambda text: [text]) if over_ends else _LINES.findall
        self._line = functools.lru_cache(N_LINES)(self._encoded)
        spelled = (tokenizer.token_to_id(f"<0x{b:02X}>") for b in SPACE.encode())
        self._spelled_space = [i for i in spelled if i is not None]

    def bytes_of(self, piece: str) -> bytes:
        if byte := _BYTE.fullmatch(piece):
            return bytes.fromhex(byte[1])
        return piece.replace(SPACE, " ").encode()

    def encode(self, text: str) -> list[int]:
        return [i for line in self._cut(text) for i in self._line(line)]

    def _encoded(self, line: str) -> list[int]:
        ids: list[int] = []
        for i, part in enumerate(line.split(SPACE)):  # the character itself would be read as a space
            ids += self._spelled_space if i else []
            ids += self._tokenizer.encode(part, add_special_tokens=False).ids if part else []
        return ids

    def tail_start(self, prefix: str) -> int:
        window = prefix[-_TAIL_CHARS:]
        last = _LAST.search(window)
        return len(prefix) - len(window) + (last.start() if last else len(window))


def pieces_of(tokenizer: HFTokenizer) -> Pieces:
    """The form of a tokenizer's pieces."""
    return ByteFallback(tokenizer) if getattr(tokenizer.model, "byte_fallback", False) else ByteLevel(tokenizer)


def bar_control_tokens(tokenizer: HFTokenizer) -> frozenset[int]:
    """The ids of tokens that are no text, from now on never read in one, whatever the file says of them.

    Files mark as special what their library hides in an answer, which is less: markers of tools and channels and
    reserved places are often left out, and a name such as `<0x0A>` in a text would become a line break.
    """
    added = tokenizer.get_added_tokens_decoder()
    marked = {i: token.content for i, token in added.items() if token.special}
    others = {i: t.content for i, t in added.items() if not t.special and not _TEXT.fullmatch(t.content)}
    others |= {i: name for i, name in _reserved(tokenizer) if i not in marked}
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in others.values()])
    tokenizer.encode_special_tokens = True  # a special token's name in a text is plain text
    return frozenset(i for i, name in (marked | others).items() if not _BYTE.fullmatch(name))


def _reserved(tokenizer: HFTokenizer) -> Iterable[tuple[int, str]]:
    """Places in the vocabulary that nothing was ever put in."""
    n = 0
    while (token_id := tokenizer.token_to_id(name := f"<unused{n}>")) is not None:
        yield token_id, name
        n += 1


def starts(text: str, pieces: Iterable[bytes]) -> list[int]:
    """The offset in `text` of each piece's first character, whole or not."""
    data = text.encode()
    ends = accumulate((len(piece) for piece in pieces), initial=0)
    if len(data) == len(text):
        return list(ends)[:-1]
    n_begun = list(accumulate(byte & 0xC0 != 0x80 for byte in data))  # characters begun, up to each byte
    return [n_begun[end] - 1 for end in list(ends)[:-1]]


def byte_alphabet() -> dict[int, str]:
    """The printable character that byte-level BPE writes for each byte (as GPT-2 defined it)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = (b for b in range(256) if b not in printable)
    return {b: chr(b) for b in printable} | {b: chr(256 + n) for n, b in enumerate(rest)}
