"""Where a left-to-right draft has left its hole, so that writing on is work for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from infill.syntax.indentation import indent_of, width
from infill.types import Hole

LEAST_REPEATED = 4  # letters of a line that is told to be the one that follows
MAX_FOLLOWING = 3  # lines after the hole that a draft is compared with


def left_at(draft: str, hole: Hole, following: Sequence[str] = ()) -> int | None:
    """Return the offset in a draft at which it leaves the hole: its line, its block or its definition; None so far.

    A block is left at a line that is indented less. A definition among others, or a paragraph at the margin, is left
    where the next one begins after a blank line. Any hole is left at a whole line of those that are `following`.
    """
    if not hole.multiline:
        at = draft.find("\n")
        return None if at < 0 else at
    least = width(hole.indent)
    blank, start = False, 0
    lines = draft.split("\n")
    for number, line in enumerate(lines):
        own = width(indent_of(line))
        if number < len(lines) - 1 and line in following:
            return start
        leaves = own < least or (blank and own == least and (hole.kind == "between" or not least))
        if number and line.strip() and leaves:
            return start
        blank = not line.strip()
        start += len(line) + 1
    return None


def following_lines(suffix: str) -> list[str]:
    """Return the first lines after the hole that say enough to be told from others; line breaks are LF."""
    lines = suffix.split("\n", 20)[1:]
    telling = (line for line in lines if sum(map(str.isalnum, line)) >= LEAST_REPEATED)
    return list(islice(telling, MAX_FOLLOWING))
