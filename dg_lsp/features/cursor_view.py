"""Where ghost text is wanted: the text that is read for it, and the way back into the document."""

from __future__ import annotations

import msgspec
from lsprotocol import types

from dg_lsp.documents.documents import DocumentSnapshot
from dg_lsp.documents.notebooks import Reading
from dg_lsp.documents.positions import Encoding, offset_at
from infill.types import Completion, Span


class Spot(msgspec.Struct, frozen=True):
    """Where ghost text is wanted: `text` is the document's with the selected item of an open popup in it.

    That item replaces `popup` of the document and ends at `offset`. A notebook's cell has others before and
    after it in `text`.
    """

    snapshot: DocumentSnapshot
    text: str
    offset: int
    n_before: int = 0  # characters of other cells
    n_after: int = 0
    popup: Span | None = None

    @property
    def uri(self) -> str:
        return self.snapshot.uri

    def in_document(self, completion: Completion) -> Completion | None:
        """The completion as a change of the document itself; None where it would change another cell.

        None too where it would change what is before the popup's item.
        """
        own = self.text[self.n_before : len(self.text) - self.n_after]
        span = Span(completion.span.start - self.n_before, completion.span.end - self.n_before)
        if span.start < 0 or span.end > len(own):
            return None
        if self.popup is None:
            return msgspec.structs.replace(completion, span=span)
        grown, start = len(own) - len(self.snapshot.text), self.popup.start
        if span.start < start or span.end - grown < self.popup.end:
            return None
        text = own[start : span.start] + completion.text
        return msgspec.structs.replace(completion, span=Span(start, span.end - grown), text=text)


def spot_of(
    read: Reading,
    snapshot: DocumentSnapshot,
    cursor: int,
    popup: types.SelectedCompletionInfo | None,
    encoding: Encoding,
) -> Spot:
    """Return the spot for a cursor of the document, in what is read of it, with an open popup's item taken."""
    own, replaced = read.own, None
    if popup is not None:
        ends = popup.range.start, popup.range.end
        replaced = Span(*(offset_at(snapshot.text, p.line, p.character, encoding) for p in ends))
        own = own[: replaced.start] + popup.text + own[replaced.end :]
        cursor = replaced.start + len(popup.text)
    text, n_before = read.before + own + read.after, len(read.before)
    return Spot(snapshot, text, n_before + cursor, n_before, len(read.after), replaced)
