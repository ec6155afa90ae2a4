"""The open documents as the client has them: edits come in, frozen snapshots go out.

Knows line splicing and versions; refuses to know the protocol's types (plain numbers in), tree-sitter
or the model. Used from the protocol thread only; a snapshot may go anywhere.
"""

from __future__ import annotations

import msgspec

from dg_lsp.documents.positions import Encoding, locate, split_lines

Point = tuple[int, int]  # (line, character) in the client's encoding


class DocumentSnapshot(msgspec.Struct, frozen=True):
    """One document at one moment."""

    uri: str
    version: int
    text: str
    language_id: str


class Edit(msgspec.Struct, frozen=True):
    """Replace the text between two points by `text`; the whole document when `range` is None."""

    text: str
    range: tuple[Point, Point] | None = None


class Documents:
    """All open documents by URI. Positions are in `encoding`, which `initialize` settles."""

    def __init__(self, encoding: Encoding = "utf-16") -> None:
        self.encoding: Encoding = encoding
        self._open: dict[str, _Document] = {}

    def open(self, uri: str, version: int, text: str, language_id: str) -> None:
        """Start to track a document; opening it again replaces it."""
        self._open[uri] = _Document(uri, version, text, language_id)

    def change(self, uri: str, version: int, edits: list[Edit]) -> bool:
        """Apply the edits in order; False when the document is not open."""
        document = self._open.get(uri)
        if document is None:
            return False
        for edit in edits:
            document.apply(edit, self.encoding)
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
    """Text as a list of lines, so that an edit costs the lines it touches and not the file."""

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

    def apply(self, edit: Edit, encoding: Encoding) -> None:
        if edit.range is None:
            self.lines = split_lines(edit.text)
            return
        start, end = (locate(self.lines, *point, encoding) for point in edit.range)
        if end < start:
            start, end = end, start
        (first, first_column), (last, last_column) = start, end
        spliced = self.lines[first][:first_column] + edit.text + self.lines[last][last_column:]
        if first > 0:  # an inserted \n may join a \r at the end of the line before
            first -= 1
            spliced = self.lines[first] + spliced
        replacement = split_lines(spliced)
        if last + 1 < len(self.lines):  # the splice kept the line's end, so nothing follows it
            replacement.pop()
        self.lines[first : last + 1] = replacement
