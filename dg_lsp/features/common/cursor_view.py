"""The text around the cursor as the model reads it, and the way from a completion of it back into the document."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
from lsprotocol import types

from dg_lsp.documents.documents import DocumentSnapshot
from dg_lsp.documents.notebooks import ModelText
from dg_lsp.documents.positions import Encoding, span_of
from infill.syntax.word_chars import is_word_char, word_start
from infill.types import Completion, Span

# What cannot follow the name of a function that is not called: arithmetic and other values.
_NO_VALUE = re.compile(r"""\s*(?:[-+*/%&|^@~"'`]|\w+\s*\()""")


class CursorView(msgspec.Struct, frozen=True):
    """A text with a cursor: the document's, with the selected item of an open completion popup in it.

    That item replaces the span `popup` of the document and ends at `offset`. `text` begins and ends with the
    other cells of a notebook, where the document is a cell.
    """

    snapshot: DocumentSnapshot
    text: str
    offset: int
    n_before: int = 0  # characters of the cells before
    n_after: int = 0
    popup: Span | None = None

    @property
    def uri(self) -> str:
        return self.snapshot.uri

    @property
    def key(self) -> tuple[str, str, int]:
        """Document, text and cursor: what suggestions are remembered by."""
        return self.uri, self.text, self.offset

    def in_document(self, completion: Completion) -> Completion | None:
        """Return the completion as a change of the document itself; None where it would change another cell.

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


def cursor_view(
    read: ModelText,
    snapshot: DocumentSnapshot,
    cursor: int,
    popup: types.SelectedCompletionInfo | None,
    encoding: Encoding,
) -> CursorView:
    """Return the view for a cursor of the document, with the selected item of an open popup accepted."""
    own, replaced = read.own, None
    if popup is not None:
        replaced = span_of(snapshot.text, popup.range, encoding)
        own = own[: replaced.start] + popup.text + own[replaced.end :]
        cursor = replaced.start + len(popup.text)
    text, n_before = read.before + own + read.after, len(read.before)
    return CursorView(snapshot, text, n_before + cursor, n_before, len(read.after), replaced)


def goes_with_popup(view: CursorView, completion: Completion, texts: Sequence[str] = ()) -> bool:
    """Return whether a completion goes on from the popup's selected item as that is meant; True without a popup.

    It does not where it makes the item another word, or calculates with a function of the document or of `texts`
    instead of calling it.
    """
    if view.popup is None:
        return True
    item, after = view.text[view.n_before + view.popup.start : view.offset], completion.text
    after = (view.text[view.offset : completion.span.start] + after) if completion.span.start >= view.offset else after
    name = item[word_start(item, len(item)) :]
    if not name or not after:
        return True
    if is_word_char(after[0]):
        return False
    declared = rf"\b(?:def|function|func|fn)\s+(?:\([^()\n]*\)\s*)?{re.escape(name)}\b"
    return _NO_VALUE.match(after) is None or not any(re.search(declared, text) for text in (view.text, *texts))
