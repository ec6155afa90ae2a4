"""Blanks at the beginning of a line: which characters they are, and how wide they are."""

from __future__ import annotations

import re

BLANK = " \t\f\v"
_LAST_FEED = re.compile(r".*[\f\v]", re.DOTALL)


def indent_of(line: str) -> str:
    """Return the indentation of a line; a form feed sets the column to 0, so blanks before it do not count.

    Python's own rule: its tokenizer sets the column to 0 at a form feed.
    """
    return _LAST_FEED.sub("", line[: n_blanks(line)])


def n_blanks(line: str) -> int:
    """Return how many characters are before the first that is not blank."""
    return len(line) - len(line.lstrip(BLANK))


def width(indent: str) -> int:
    """Return the width of an indentation in columns; a tab goes to the next multiple of eight."""
    return len(indent.expandtabs(8))
