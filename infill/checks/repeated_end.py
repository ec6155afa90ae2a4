"""A body that says the same again and again at its end, as models do that do not find theirs."""

from __future__ import annotations

_TIMES = 3  # how often in a row the same is too often
_PERIODS = (1, 2)  # lines that are repeated together


def before_repetition(text: str) -> str:
    """Return the text up to the end of the first of three or more equal lines, or pairs of lines, that end it.

    Blank lines do not count, and the last line may be cut off within its repetition. Lines without a letter or digit
    are no repetition. Without one the text comes back as it is.
    """
    numbered = [(i, line.rstrip()) for i, line in enumerate(text.splitlines(keepends=True)) if line.strip()]
    if numbered:  # the first line may lack the indentation that stands in front of the hole
        first = numbered[0][1]
        same = (line for _, line in numbered[1:] if line.lstrip() == first.lstrip())
        numbered[0] = (numbered[0][0], next(same, first))
    for period in _PERIODS:
        n = _kept([line for _, line in numbered], period)
        if n is not None:
            return "".join(text.splitlines(keepends=True)[: numbered[n - 1][0] + 1]).rstrip()
    return text


def _kept(lines: list[str], period: int) -> int | None:
    """Return how many lines stand up to the end of the first repeated ones; None where nothing is repeated."""
    n = len(lines)
    if n > period and lines[-1] != lines[-1 - period] and lines[-1 - period].startswith(lines[-1]):
        n -= 1  # the last one was cut off
    start = n - period
    while start > 0 and lines[start - 1] == lines[start - 1 + period]:
        start -= 1
    if start < 0 or n - start < _TIMES * period or not any(map(str.isalnum, "".join(lines[start:n]))):
        return None
    return start + period
