"""One short function per LSP method: snapshot in, one question to the scheduler, translated answer out.

A coroutine's code up to its first await runs before the next message is read, so the snapshot is the
text that the request meant.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import msgspec
from lsprotocol import types
from pygls.capabilities import ServerCapabilitiesBuilder

from dg_lsp.documents.documents import Edit
from dg_lsp.documents.positions import Encoding
from dg_lsp.features.asking import LANES
from dg_lsp.features.status import status_of
from dg_lsp.rpc.processes import runs
from dg_lsp.session.session import ClientFeatures, Session
from dg_lsp.session.trust import folder_of
from dg_lsp.settings import read_settings

log = logging.getLogger(__name__)

_ENCODINGS: dict[str, Encoding] = {"utf-8": "utf-8", "utf-16": "utf-16", "utf-32": "utf-32"}


def initialize(session: Session, params: types.InitializeParams) -> None:
    """Settle the position encoding, the settings and what the client can do."""
    chosen = ServerCapabilitiesBuilder.choose_position_encoding(params.capabilities)
    session.documents.encoding = _ENCODINGS.get(str(getattr(chosen, "value", chosen)), "utf-16")
    session.client = ClientFeatures(params.capabilities)
    if params.process_id is not None and runs(params.process_id):  # else: an editor in another container
        session.client_process_id = params.process_id
    session.options = params.initialization_options
    session.settings, session.setting_problems = read_settings(session.options)
    session.usage.on = session.settings.stats
    session.set_folders([path for uri in session.server.rpc.folder_uris if (path := folder_of(uri))])


def did_change_folders(session: Session, params: types.DidChangeWorkspaceFoldersParams) -> None:
    """Follow the workspace's folders: rules reach up to them where there is no repository."""
    removed = {folder_of(folder.uri) for folder in params.event.removed}
    added = [folder_of(folder.uri) for folder in params.event.added]
    kept = [path for path in session.folders if path not in removed]
    session.set_folders(kept + [path for path in added if path])


def did_open(session: Session, params: types.DidOpenTextDocumentParams) -> None:
    """Start to track a document."""
    open_text(session, params.text_document)
    session.context.opened(params.text_document.uri)


def open_text(session: Session, document: types.TextDocumentItem) -> None:
    """Start to track a document, or a cell of a notebook."""
    _forget(session, document.uri)
    session.documents.open(document.uri, document.version, document.text, str(document.language_id))


def did_change(session: Session, params: types.DidChangeTextDocumentParams) -> None:
    """Follow a document's text."""
    change_text(session, params.text_document, params.content_changes)
    last = params.content_changes[-1] if params.content_changes else None
    if isinstance(last, types.TextDocumentContentChangePartial):
        session.context.edited(params.text_document.uri, last.range.start.line)


def change_text(
    session: Session,
    document: types.VersionedTextDocumentIdentifier,
    changes: Sequence[types.TextDocumentContentChangeEvent],
) -> None:
    """Apply the edits; what was asked about the old text is answered with nothing, at once.

    Only ghost text goes on being made, for as long as what is typed could be its beginning.
    """
    edits = [_edit_of(change) for change in changes]
    if not session.documents.change(document.uri, document.version, edits):
        log.warning("ignored a change to a document that is not open")
    session.pace.changed(document.uri, edits)
    opened, now = session.open_fills.get(document.uri), session.documents.get(document.uri)
    text = session.reading(now).text if opened and now else ""
    typed_on = opened and opened.may_fit(text, opened.offset + len(text) - len(opened.text))
    _drop_questions(session, document.uri, but="inline" if typed_on else None)


def did_close(session: Session, params: types.DidCloseTextDocumentParams) -> None:
    """Forget a document."""
    session.context.closed(params.text_document.uri)
    close_text(session, params.text_document.uri)


def close_text(session: Session, uri: str) -> None:
    """Forget a document, or a cell of a notebook."""
    _forget(session, uri)
    session.documents.close(uri)


def did_save(session: Session, params: types.DidSaveTextDocumentParams) -> None:
    """Look again at what the document imports; its text is already here."""
    session.context.saved(params.text_document.uri)


def status(session: Session, params: object) -> object:
    """State of the server for a status bar."""
    return msgspec.to_builtins(status_of(session))


def _forget(session: Session, uri: str) -> None:
    session.usage.closed(uri)
    _drop_questions(session, uri)
    session.pace.forget(uri)
    session.suggestions.forget(uri)


def _drop_questions(session: Session, uri: str, but: str | None = None) -> None:
    for lane in LANES:
        if lane != but:
            session.scheduler.supersede((uri, lane))


def _edit_of(change: types.TextDocumentContentChangeEvent) -> Edit:
    if isinstance(change, types.TextDocumentContentChangeWholeDocument):
        return Edit(change.text)
    start, end = change.range.start, change.range.end
    return Edit(change.text, ((start.line, start.character), (end.line, end.character)))
