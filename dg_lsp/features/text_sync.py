"""`textDocument/didOpen`, `didChange`, `didClose` and `didSave`: the text of documents as the client has it.

The cells of notebooks are such documents too; see `notebook_sync`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from lsprotocol import types

from dg_lsp.documents.positions import end_of
from dg_lsp.features.asking import LANES, READ_LANE
from dg_lsp.features.common.read_ahead import cursor_at
from dg_lsp.session.session import Session
from infill.syntax.language_ids import plain_id

log = logging.getLogger(__name__)


def did_open(session: Session, params: types.DidOpenTextDocumentParams) -> None:
    """Start to track a document."""
    open_text(session, params.text_document)
    session.context.opened(params.text_document.uri)


def did_change(session: Session, params: types.DidChangeTextDocumentParams) -> None:
    """Follow a document's text."""
    change_text(session, params.text_document, params.content_changes)
    last = params.content_changes[-1] if params.content_changes else None
    if isinstance(last, types.TextDocumentContentChangePartial):
        session.context.edited(params.text_document.uri, last.range.start.line)
        cursor_at(session, params.text_document.uri, end_of(last, session.documents.encoding))


def did_close(session: Session, params: types.DidCloseTextDocumentParams) -> None:
    """Forget a document."""
    session.context.closed(params.text_document.uri)
    close_text(session, params.text_document.uri)


def did_save(session: Session, params: types.DidSaveTextDocumentParams) -> None:
    """Read again what the document imports; its text is already here."""
    session.context.saved(params.text_document.uri)


def open_text(session: Session, document: types.TextDocumentItem) -> None:
    """Start to track a document, or a cell of a notebook."""
    _forget(session, document.uri)
    session.documents.open(document.uri, document.version, document.text, plain_id(str(document.language_id)))


def change_text(
    session: Session,
    document: types.VersionedTextDocumentIdentifier,
    changes: Sequence[types.TextDocumentContentChangeEvent],
) -> None:
    """Apply the changes; requests about the old text are answered with nothing, at once.

    Only ghost text goes on being made, for as long as what is typed could be its beginning.
    """
    dedents = _dedents(session, document.uri, changes)
    if not session.documents.change(document.uri, document.version, changes):
        log.warning("ignored a change to a document that is not open")
    session.debounce.changed(document.uri, changes, dedents)
    fill, now = session.open_fills.get(document.uri), session.documents.get(document.uri)
    text = session.model_text(now).text if fill and now else ""
    may_fit = fill and fill.may_fit(text, fill.offset + len(text) - len(fill.text))
    _supersede(session, document.uri, except_lane="inline" if may_fit else None)


def _dedents(session: Session, uri: str, changes: Sequence[types.TextDocumentContentChangeEvent]) -> bool:
    """Whether all that changes is that a blank line is indented less: Backspace there means another place."""
    for change in changes:
        if not isinstance(change, types.TextDocumentContentChangePartial) or change.text.strip(" \t"):
            return False
        start, end = change.range.start, change.range.end
        line = session.documents.lines(uri, start.line, start.line + 1)
        if start.line != end.line or line.strip() or len(change.text) >= end.character - start.character:
            return False
    return bool(changes)


def close_text(session: Session, uri: str) -> None:
    """Forget a document, or a cell of a notebook."""
    _forget(session, uri)
    session.documents.close(uri)


def _forget(session: Session, uri: str) -> None:
    session.usage.closed(uri)
    _supersede(session, uri)
    session.dispatcher.supersede((uri, READ_LANE))
    session.cursors.forget(uri)
    session.debounce.forget(uri)
    session.suggestions.forget(uri)


def _supersede(session: Session, uri: str, except_lane: str | None = None) -> None:
    """Answer the open requests of a document with nothing."""
    for lane in LANES:
        if lane != except_lane:
            session.dispatcher.supersede((uri, lane))
