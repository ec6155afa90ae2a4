"""Where holes and changes are in a file, as other tools count: lines and columns from 1, columns in characters."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from urllib.parse import quote

import msgspec

from infill.files.read import line_ends
from infill.types import Span


class Region(msgspec.Struct, frozen=True):
    """A range of a text; the end column is one past the last character."""

    first: int
    first_column: int
    last: int
    last_column: int


class Lines:
    """The lines of one text, to turn offsets into lines and columns."""

    def __init__(self, text: str) -> None:
        self._ends: Sequence[int] = line_ends(text)

    def region(self, span: Span) -> Region:
        """Return the region of a span."""
        return Region(*self._place(span.start), *self._place(span.end))

    def _place(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._ends, offset)
        return line + 1, offset - (self._ends[line - 1] if line else 0) + 1


def uri(path: str) -> str:
    """Return a path of the tree as a relative URI."""
    return quote(path.encode("utf-8", "surrogateescape"))
