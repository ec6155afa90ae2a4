r"""Position encodings to text offsets and back: the one file that knows UTF-16 and LSP line ends.

A line ends at `\n`, `\r\n` or `\r` and nowhere else (form feed and U+2028 are ordinary characters).
Offsets and columns count code points; `character` counts units of the encoding the client chose.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Literal

from lsprotocol import types

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


def locate(lines: list[str], position: types.Position, encoding: Encoding) -> tuple[int, int]:
    """(line, column) of a position inside `lines`: past a line's end is its end, past the last line the text's end."""
    if position.line >= len(lines):
        return len(lines) - 1, len(lines[-1])
    content = lines[position.line].rstrip("\r\n")
    return position.line, _column(content, position.character, encoding)


def offset_at(text: str, position: types.Position, encoding: Encoding) -> int:
    """Offset of a position, clamped as in `locate`."""
    start = _line_start(text, position.line)
    if start is None:
        return len(text)
    line_end = _LINE_END.search(text, start)
    content = text[start : line_end.start() if line_end else len(text)]
    return start + _column(content, position.character, encoding)


def span_of(text: str, found: types.Range, encoding: Encoding) -> Span:
    """Span of a range whose ends may be in either order, each clamped as in `locate`."""
    return Span(*sorted(offset_at(text, position, encoding) for position in (found.start, found.end)))


def range_of(text: str, span: Span, encoding: Encoding) -> types.Range:
    """Range of a span."""
    return types.Range(position_at(text, span.start, encoding), position_at(text, span.end, encoding))


def position_at(text: str, offset: int, encoding: Encoding) -> types.Position:
    r"""Position of an offset; between `\r` and `\n` is the end of that line."""
    if text[offset - 1 : offset + 1] == "\r\n" and offset > 0:
        offset -= 1
    n_ends, start = text.count("\n", 0, offset), text.rfind("\n", 0, offset) + 1
    if n_returns := text.count("\r", 0, offset):
        n_ends += n_returns - text.count("\r\n", 0, offset)
        start = max(start, text.rfind("\r", 0, offset) + 1)
    return types.Position(n_ends, _units(text[start:offset], encoding))


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
