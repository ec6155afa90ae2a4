r"""Offsets and protocol positions, counted anew for the tests: not the server's code, so that both can be wrong apart.

Offsets count code points. A line ends at `\n`, `\r\n` or `\r` and nowhere else.
"""

from __future__ import annotations

import re
from bisect import bisect_right

LINE_END = re.compile(r"\r\n|\n|\r")
_UNITS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


class Places:
    """Positions in one text."""

    def __init__(self, text: str, encoding: str) -> None:
        self._text = text
        self._encoding = encoding
        self._starts = [0, *(found.end() for found in LINE_END.finditer(text))]

    def position(self, offset: int) -> dict[str, int]:
        """The protocol's position of an offset that is not between CR and LF."""
        line = bisect_right(self._starts, offset) - 1
        return {"line": line, "character": n_units(self._text[self._starts[line] : offset], self._encoding)}

    def range(self, start: int, end: int) -> dict[str, dict[str, int]]:
        return {"start": self.position(start), "end": self.position(end)}

    def offset(self, position: dict[str, int]) -> int | None:
        """The offset of a position; None where it names no place in the text, or one inside a character."""
        line, character = position["line"], position["character"]
        if line >= len(self._starts):
            return None
        start = self._starts[line]
        found = LINE_END.search(self._text, start)
        content = self._text[start : found.start() if found else len(self._text)]
        units = 0
        for column, char in enumerate(content):
            if units >= character:
                return start + column if units == character else None
            units += n_units(char, self._encoding)
        return start + len(content) if units == character else None


def n_units(text: str, encoding: str) -> int:
    """Length in units of the encoding."""
    codec, width = _UNITS[encoding]
    return len(text) if text.isascii() else len(text.encode(codec)) // width


def sound_places(text: str) -> list[int]:
    r"""Offsets that a position can name: all but those between `\r` and `\n`."""
    return [at for at in range(len(text) + 1) if at == 0 or text[at - 1 : at + 1] != "\r\n"]
