"""Line breaks: which one new text gets at a place of a file that may have several kinds."""

from __future__ import annotations

import re
from collections import Counter

_BREAK = re.compile(r"\r\n|\n|\r")
N_NEAR = 2  # line breaks on either side of a place that count


def line_break_at(text: str, start: int, end: int | None = None) -> str:
    r"""Return the line break (`\n`, `\r\n` or `\r`) for text that replaces `start` to `end` (default: nothing).

    It is what most of the replaced and of the nearest lines have; in doubt the one that the text has most of.
    """
    end = start if end is None else end
    if 0 < end < len(text) and text[end - 1 : end + 1] == "\r\n":
        end -= 1  # between the two characters of a break
    near = Counter(_BREAK.findall(text, start, end))
    for _ in range(N_NEAR):
        above, start = _last_break(text, start)
        below, end = _first_break(text, end)
        near.update(found for found in (above, below) if found)
    usual = near.most_common(2)
    if usual and (len(usual) == 1 or usual[0][1] > usual[1][1]):
        return usual[0][0]
    return dominant_line_break(text)


def dominant_line_break(text: str) -> str:
    """Return the line break that the text has most of; LF for a text of one line."""
    n_crlf = text.count("\r\n")
    counts = {"\n": text.count("\n") - n_crlf, "\r\n": n_crlf, "\r": text.count("\r") - n_crlf}
    return max(counts, key=lambda line_break: counts[line_break])


def _last_break(text: str, end: int) -> tuple[str, int]:
    """Return the last line break before `end` and where it begins; empty where there is none."""
    feed = text.rfind("\n", 0, max(end, 0))
    carriage = text.rfind("\r", feed + 1, max(end, 0))
    if carriage >= 0:
        return "\r", carriage
    if feed > 0 and text[feed - 1] == "\r":
        return "\r\n", feed - 1
    return ("\n" if feed >= 0 else ""), feed


def _first_break(text: str, start: int) -> tuple[str, int]:
    """Return the first line break from `start` on and where it ends; empty where there is none."""
    feed = text.find("\n", start)
    carriage = text.find("\r", start, feed if feed >= 0 else len(text))
    if carriage < 0:
        return ("\n", feed + 1) if feed >= 0 else ("", len(text))
    return ("\r\n", feed + 1) if carriage + 1 == feed else ("\r", carriage + 1)
