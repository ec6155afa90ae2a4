"""Lines of a long text in which a word occurs: found with plain search, which is far faster than a pattern."""

from __future__ import annotations

from collections.abc import Iterator

MAX_LINES = 200  # the nearest; more are no further evidence


def lines_with(text: str, word: str, end: int | None = None) -> Iterator[tuple[int, str]]:
    """Yield where a line begins and the line, for those before `end` that contain `word`; the last one first."""
    at = len(text) if end is None else end
    for _ in range(MAX_LINES):
        at = text.rfind(word, 0, at)
        if at < 0:
            return
        start = text.rfind("\n", 0, at) + 1
        stop = text.find("\n", at)
        yield start, text[start : len(text) if stop < 0 else stop]
        at = start
