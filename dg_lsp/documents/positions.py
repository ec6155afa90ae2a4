r"""Position encodings to text offsets and back: the one file that knows UTF-16 and LSP line ends.

A line ends at `\n`, `\r\n` or `\r` and nowhere else (form feed and U+2028 are ordinary characters).
Offsets and columns count code points; `character` counts units of the encoding the client chose.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Literal

from infill.types import Span

Encoding = Literal["utf-8", "utf-16", "utf-32"]

_LINE_END = re.compile(r"\r\n?|\n")
_ENDED_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)")


def split_lines(text: str) -> list[str]:
    """Lines with their ends; the last one has no end and may be empty."""
    if "\r" not in text:  # much faster than the pattern
        *ended, last = text.split("\n")
        return [line + "\n" for line in ended] + [last]
    lines: list[str] = _ENDED_LINE.findall(text)
    lines.append(text[sum(map(len, lines)) :])
    return lines


def locate(lines: list[str], line: int, character: int, encoding: Encoding) -> tuple[int, int]:
    """(line, column) inside `lines`: past a line's end is its end, past the last line the text's end."""
    if line >= len(lines):
        return len(lines) - 1, len(lines[-1])
    content = lines[line].rstrip("\r\n")
    return line, _column(content, character, encoding)


def offset_at(text: str, line: int, character: int, encoding: Encoding) -> int:
    """Offset of a position, clamped as in `locate`."""
    start = _line_start(text, line)
    if start is None:
        return len(text)
    line_end = _LINE_END.search(text, start)
    content = text[start : line_end.start() if line_end else len(text)]
    return start + _column(content, character, encoding)


def span_at(text: str, start: tuple[int, int], end: tuple[int, int], encoding: Encoding) -> Span:
    """Span between two positions in either order, each clamped as in `locate`."""
    return Span(*sorted(offset_at(text, *point, encoding) for point in (start, end)))


def position_at(text: str, offset: int, encoding: Encoding) -> tuple[int, int]:
    r"""(line, character) of an offset; between `\r` and `\n` is the end of that line."""
    if text[offset - 1 : offset + 1] == "\r\n" and offset > 0:
        offset -= 1
    n_ends, start = text.count("\n", 0, offset), text.rfind("\n", 0, offset) + 1
    if n_returns := text.count("\r", 0, offset):
        n_ends += n_returns - text.count("\r\n", 0, offset)
        start = max(start, text.rfind("\r", 0, offset) + 1)
    return n_ends, _units(text[start:offset], encoding)


def _line_start(text: str, line: int) -> int | None:
    """Return the offset where a line starts, None when the text has fewer lines."""
    if text.count("\r") == text.count("\r\n"):  # every line ends in a line feed: several times faster
        parts = text.split("\n", line)
        return len(text) - len(parts[-1]) if len(parts) > line else None
    end_of_previous = next(islice(_LINE_END.finditer(text), line - 1, None), None) if line else None
    if end_of_previous is None:
        return 0 if line == 0 else None
    return end_of_previous.end()


def _column(content: str, character: int, encoding: Encoding) -> int:
    """Column of `character`, at most the line's length; inside a character means before it."""
    if encoding == "utf-32" or content.isascii():
        return min(character, len(content))
    units = 0
    for column, char in enumerate(content):
        units += _units(char, encoding)
        if units > character:
            return column
    return len(content)


def _units(text: str, encoding: Encoding) -> int:
    """Length of `text` in units of the encoding; a lone surrogate (JSON allows it) counts as sent."""
    if encoding == "utf-32" or text.isascii():
        return len(text)
    if encoding == "utf-16":
        return len(text.encode("utf-16-le", "surrogatepass")) // 2
    return len(text.encode("utf-8", "surrogatepass"))
