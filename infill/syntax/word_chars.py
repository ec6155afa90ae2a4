r"""Which characters make up a word: letters, digits, `_`, and marks and joiners on them, as Unicode says.

The `\w` of regular expressions leaves out marks, and so ends a word of Hindi or Thai, or a decomposed `é`, too early.
"""

from __future__ import annotations

import functools
import re
import unicodedata

_JOINERS = "\u200c\u200d\u00b7\u0387"  # zero width joiners, and the middle dots that identifiers may contain
_FIRST_MARK, _LAST_MARK = 0x300, 0x1F000  # but for the variation selectors, which follow far behind
_SELECTORS = "\U000e0100-\U000e01ef"


def is_word_char(char: str) -> bool:
    """Return whether a character is part of words; False for an empty text."""
    if char.isalnum() or char == "_":
        return True
    return not char.isascii() and (char in _JOINERS or unicodedata.category(char).startswith("M"))


def word_start(text: str, end: int) -> int:
    """Return the offset where the word before `end` begins; `end` where there is none."""
    start = end
    while start and is_word_char(text[start - 1]):  # a search for the end would try every letter of the line
        start -= 1
    return start


def word_end(text: str, start: int) -> int:
    """Return the offset where the word after `start` ends; `start` where there is none."""
    while start < len(text) and is_word_char(text[start]):
        start += 1
    return start


def has_marks(text: str) -> bool:
    r"""Return whether a text has characters of words that `\w` does not know."""
    return not text.isascii() and any(not char.isalnum() and char != "_" and is_word_char(char) for char in text)


def word_class(text: str) -> str:
    r"""Return what matches a character of words in a pattern for `text`: `\w`, which is fast, where that says all."""
    return _whole_class() if has_marks(text) else r"\w"


def words(text: str, and_breaks: bool = False) -> list[str]:
    """Return the words of a text, and its other characters but for blanks, in order; line feeds only if asked for."""
    return _words(text.isascii(), and_breaks).findall(text)


@functools.cache
def _words(ascii_only: bool, and_breaks: bool) -> re.Pattern[str]:
    inner, breaks = r"\w" if ascii_only else _whole_class()[1:-1], r"|\n" if and_breaks else ""
    return re.compile(rf"[{inner}]+|[^{inner}\s]{breaks}")


def names_in(text: str) -> re.Pattern[str]:
    """Return a pattern that finds the names, as identifiers are called, in `text`."""
    return _names(word_class(text))


@functools.cache
def _names(char: str) -> re.Pattern[str]:
    return re.compile(rf"[^\W\d]{char}*")


@functools.cache
def _whole_class() -> str:
    marks = "".join(
        chr(code) for code in range(_FIRST_MARK, _LAST_MARK) if unicodedata.category(chr(code)).startswith("M")
    )
    return rf"[\w{_JOINERS}{marks}{_SELECTORS}]"
