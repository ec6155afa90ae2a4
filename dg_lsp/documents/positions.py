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
_NO_START_OF_FOUR = bytes(range(0xF0))  # all bytes of UTF-8 but the first of four
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
    content = text[start : _line_content_end(text, start)]
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


def end_of(change: types.TextDocumentContentChangePartial, encoding: Encoding) -> types.Position:
    """Position, after a change, of the end of what it inserted."""
    start, (*ended, last) = change.range.start, split_lines(change.text)
    return types.Position(start.line + len(ended), _units(last, encoding) + (0 if ended else start.character))


def _line_start(text: str, line: int) -> int | None:
    """Return the offset where a line starts, None when the text has fewer lines."""
    if text.count("\r") == text.count("\r\n"):  # every line ends in a line feed: several times faster
        parts = text.split("\n", line)
        return len(text) - len(parts[-1]) if len(parts) > line else None
    end_of_previous = next(islice(_LINE_END.finditer(text), line - 1, None), None) if line else None
    if end_of_previous is None:
        return 0 if line == 0 else None
    return end_of_previous.end()


def _line_content_end(text: str, start: int) -> int:
    """Return the offset where the line that holds `start` ends, without its line end. Much faster than a pattern."""
    ends = [end for end in (text.find("\n", start), text.find("\r", start)) if end >= 0]
    return min(ends, default=len(text))


def _column(content: str, character: int, encoding: Encoding) -> int:
    """Column of `character`, at most the line's length; inside a character means before it."""
    if encoding == "utf-32" or content.isascii():
        return min(character, len(content))
    start, end = 0, min(character, len(content))  # a character has at least one unit
    if character >= _units(content[:end], encoding):
        return end
    while start < end:  # the column is from `start` to `end`; each half is measured once, so long lines are cheap
        middle = (start + end + 1) // 2
        units = _units(content[start:middle], encoding)
        if units <= character:
            start, character = middle, character - units
        else:
            end = middle - 1
    return start


def _units(text: str, encoding: Encoding) -> int:
    """Length of `text` in units of the encoding; a lone surrogate (JSON allows it) counts as sent."""
    if encoding == "utf-32" or text.isascii():
        return len(text)
    if encoding == "utf-16":
        try:
            return len(text.encode("utf-16-le")) // 2
        except UnicodeEncodeError:  # as many units as characters, and one more for each beyond U+FFFF
            return len(text) + len(text.encode("utf-8", "surrogatepass").translate(None, _NO_START_OF_FOUR))
    return len(text.encode("utf-8", "surrogatepass"))
