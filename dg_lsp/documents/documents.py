"""The open documents as the client has them: edits come in, frozen snapshots go out.

Knows line splicing and versions; nothing here knows tree-sitter or the model. Used from the protocol thread only; a
snapshot may go anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from lsprotocol import types

from dg_lsp.documents.positions import Encoding, locate, split_lines


class DocumentSnapshot(msgspec.Struct, frozen=True):
    """One document at one moment."""

    uri: str
    version: int
    text: str
    language_id: str


class Documents:
    """All open documents by URI. Positions are in `encoding`, which `initialize` settles."""

    def __init__(self, encoding: Encoding = "utf-16") -> None:
        self.encoding: Encoding = encoding
        self._open: dict[str, _Document] = {}

    def open(self, uri: str, version: int, text: str, language_id: str) -> None:
        """Start to track a document; opening it again replaces it."""
        self._open[uri] = _Document(uri, version, text, language_id)

    def change(self, uri: str, version: int, changes: Sequence[types.TextDocumentContentChangeEvent]) -> bool:
        """Apply the changes in order; False when the document is not open."""
        document = self._open.get(uri)
        if document is None:
            return False
        for change in changes:
            document.apply(change, self.encoding)
        document.version = version
        document.snapshot = None
        return True

    def close(self, uri: str) -> None:
        """Forget a document."""
        self._open.pop(uri, None)

    def get(self, uri: str) -> DocumentSnapshot | None:
        """Return the document now, or None when it is not open; the same object until it changes."""
        document = self._open.get(uri)
        return document.take() if document else None

    def lines(self, uri: str, first: int, end: int) -> str:
        """Return some lines of a document, as far as it has them; nothing of one that is not open."""
        document = self._open.get(uri)
        return "".join(document.lines[max(first, 0) : max(end, 0)]) if document else ""

    def is_current(self, snapshot: DocumentSnapshot) -> bool:
        """Return True while nothing happened to the document since `snapshot` was taken."""
        document = self._open.get(snapshot.uri)
        return document is not None and document.snapshot is snapshot


class _Document:
    """Text as a list of lines, so that a change costs the lines it touches and not the file."""

    def __init__(self, uri: str, version: int, text: str, language_id: str) -> None:
        self.uri = uri
        self.version = version
        self.language_id = language_id
        self.lines = split_lines(text)
        self.snapshot: DocumentSnapshot | None = None

    def take(self) -> DocumentSnapshot:
        if self.snapshot is None:
            self.snapshot = DocumentSnapshot(self.uri, self.version, "".join(self.lines), self.language_id)
        return self.snapshot

    def apply(self, change: types.TextDocumentContentChangeEvent, encoding: Encoding) -> None:
        if isinstance(change, types.TextDocumentContentChangeWholeDocument):
            self.lines = split_lines(change.text)
            return
        start, end = (locate(self.lines, position, encoding) for position in (change.range.start, change.range.end))
        if end < start:
            start, end = end, start
        (first, first_column), (last, last_column) = start, end
        spliced = self.lines[first][:first_column] + change.text + self.lines[last][last_column:]
        if first > 0:  # an inserted \n may join a \r at the end of the line before
            first -= 1
            spliced = self.lines[first] + spliced
        replacement = split_lines(spliced)
        if last + 1 < len(self.lines):  # the splice kept the line's end, so nothing follows it
            replacement.pop()
        self.lines[first : last + 1] = replacement
