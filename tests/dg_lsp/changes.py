"""Content changes and ranges of the protocol, short to write."""

from __future__ import annotations

from lsprotocol import types

Point = tuple[int, int]  # line, character
Change = types.TextDocumentContentChangePartial | types.TextDocumentContentChangeWholeDocument


def text_range(start: Point, end: Point) -> types.Range:
    return types.Range(types.Position(*start), types.Position(*end))


def replace(text: str, start: Point, end: Point | None = None) -> Change:
    """Replace what is between two points; insert at one."""
    return types.TextDocumentContentChangePartial(text=text, range=text_range(start, end or start))


def replace_all(text: str) -> Change:
    return types.TextDocumentContentChangeWholeDocument(text=text)
