"""Where the user was lately, document by document: which lines, and what stood there when the document was closed.

A few numbers a key; texts are cut out only when somebody wants them. For the protocol thread.
"""

from __future__ import annotations

import msgspec

from dg_lsp.documents.documents import Documents, DocumentSnapshot

MAX_DOCUMENTS = 8
MAX_LOCATIONS = 2  # in a document
MAX_PASSAGES = 4
LINES_AROUND = 15  # a location, on either side


class Passage(msgspec.Struct, frozen=True):
    """Some lines of a document, open or closed since."""

    uri: str
    language_id: str
    text: str


class RecentLocations:
    """Locations in the documents last used, the latest last: lines, or passages once the document is closed."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._used: dict[str, list[int] | list[Passage]] = {}

    def touch(self, uri: str, line: int) -> None:
        """Note that the user edits or looks at a line of an open document."""
        lines = [at for at in self._used.pop(uri, []) if isinstance(at, int)]
        self._used[uri] = [*(at for at in lines if abs(at - line) > LINES_AROUND), line][-MAX_LOCATIONS:]
        if len(self._used) > MAX_DOCUMENTS:
            del self._used[next(iter(self._used))]

    def forget(self, uri: str) -> None:
        """Drop a document's locations: it is opened anew, and may be another by now."""
        self._used.pop(uri, None)

    def close(self, uri: str) -> None:
        """Keep what stands at a document's locations; called before the document is forgotten."""
        if uri in self._used:
            self._used[uri] = self._passages(uri, self._used[uri])

    def elsewhere(self, uri: str) -> list[Passage]:
        """What stands around the locations in other documents, the latest last."""
        found = [p for other, locations in self._used.items() if other != uri for p in self._passages(other, locations)]
        return found[-MAX_PASSAGES:]

    def others(self, uri: str) -> list[DocumentSnapshot]:
        """Other documents that are open and were used lately, the latest first."""
        found = (self._documents.get(other) for other in reversed(self._used) if other != uri)
        return [snapshot for snapshot in found if snapshot is not None]

    def _passages(self, uri: str, locations: list[int] | list[Passage]) -> list[Passage]:
        return [p for at in locations if (p := at if isinstance(at, Passage) else self._around(uri, at))]

    def _around(self, uri: str, line: int) -> Passage | None:
        snapshot = self._documents.get(uri)
        if snapshot is None:
            return None
        text = self._documents.lines(uri, line - LINES_AROUND, line + LINES_AROUND + 1)
        return Passage(uri, snapshot.language_id, text)
