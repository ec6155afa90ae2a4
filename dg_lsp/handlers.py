"""One short function per LSP method: snapshot in, one question to the scheduler, translated answer out.

A coroutine's code up to its first await runs before the next message is read, so the snapshot is the
text that the request meant.
"""

from __future__ import annotations

import logging
from typing import Any, cast

import msgspec
from lsprotocol import types
from pygls.capabilities import ServerCapabilitiesBuilder

from dg_lsp.documents import DocumentSnapshot, Edit
from dg_lsp.positions import Encoding, offset_at
from dg_lsp.power import on_battery
from dg_lsp.processes import runs
from dg_lsp.session import ClientFeatures, Record, Session
from dg_lsp.settings import read_settings
from dg_lsp.status import status_of
from dg_lsp.translate import inline_item, workspace_edit
from dg_lsp.trust import folder_of
from infill.types import Filled, FillRequest, Reason, Span, Trigger

log = logging.getLogger(__name__)

_ENCODINGS: dict[str, Encoding] = {"utf-8": "utf-8", "utf-16": "utf-16", "utf-32": "utf-32"}
_WHY_NO_REWRITE: dict[Reason, str] = {
    "model_loading": "The model is still loading: try again when it is ready.",
    "model_failed": "The model could not be used; see the server's log.",
    "deadline": "The model did not finish in time; select less or raise manualDeadlineMs.",
    "superseded": "The document changed meanwhile: select again.",
    "ignored_file": "This file is ignored; `dg-lsp explain` says by which rule.",
}


class PointData(msgspec.Struct, frozen=True):
    """A position inside `SelectionData`."""

    line: int
    character: int


class SelectionData(msgspec.Struct, frozen=True):
    """What a code action carries from the list to its resolution."""

    uri: str
    version: int
    start: PointData
    end: PointData


def initialize(session: Session, params: types.InitializeParams) -> None:
    """Settle the position encoding, the settings and what the client can do."""
    chosen = ServerCapabilitiesBuilder.choose_position_encoding(params.capabilities)
    session.documents.encoding = _ENCODINGS.get(str(getattr(chosen, "value", chosen)), "utf-16")
    session.client = ClientFeatures(params.capabilities)
    if params.process_id is not None and runs(params.process_id):  # else: an editor in another container
        session.client_process_id = params.process_id
    session.settings, session.setting_problems = read_settings(params.initialization_options)
    session.set_folders([path for uri in session.server.rpc.folder_uris if (path := folder_of(uri))])


def did_change_folders(session: Session, params: types.DidChangeWorkspaceFoldersParams) -> None:
    """Follow the workspace's folders: rules reach up to them where there is no repository."""
    removed = {folder_of(folder.uri) for folder in params.event.removed}
    added = [folder_of(folder.uri) for folder in params.event.added]
    kept = [path for path in session.folders if path not in removed]
    session.set_folders(kept + [path for path in added if path])


def did_open(session: Session, params: types.DidOpenTextDocumentParams) -> None:
    """Start to track a document."""
    document = params.text_document
    _drop_questions(session, document.uri)
    session.documents.open(document.uri, document.version, document.text, str(document.language_id))


def did_change(session: Session, params: types.DidChangeTextDocumentParams) -> None:
    """Apply the edits; what was asked about the old text is answered with nothing, at once."""
    document = params.text_document
    edits = [_edit_of(change) for change in params.content_changes]
    if not session.documents.change(document.uri, document.version, edits):
        log.warning("ignored a change to a document that is not open")
    _drop_questions(session, document.uri)


def did_close(session: Session, params: types.DidCloseTextDocumentParams) -> None:
    """Forget a document."""
    _drop_questions(session, params.text_document.uri)
    session.documents.close(params.text_document.uri)


def did_save(session: Session, params: types.DidSaveTextDocumentParams) -> None:
    """Nothing: the text is already here."""


async def inline_completion(session: Session, params: types.InlineCompletionParams) -> types.InlineCompletionList:
    """Return ghost text for the cursor; an empty list says why in the log and in the status."""
    items: list[types.InlineCompletionItem] = []
    with session.request("inlineCompletion") as record:
        snapshot = session.documents.get(params.text_document.uri)
        if snapshot is None:
            record.reason = "unknown_document"
        else:
            items = await _ghost_text(session, snapshot, params, record)
    return types.InlineCompletionList(items=items)


async def _ghost_text(
    session: Session, snapshot: DocumentSnapshot, params: types.InlineCompletionParams, record: Record
) -> list[types.InlineCompletionItem]:
    settings, encoding = session.settings, session.documents.encoding
    manual = params.context.trigger_kind == types.InlineCompletionTriggerKind.Invoked
    trigger: Trigger = "manual" if manual else "automatic"
    record.counts = {"trigger": trigger, "document_chars": len(snapshot.text)}
    if not manual and not settings.automatic:
        record.reason = "automatic_off"
        return []
    if not manual and settings.on_battery == "manual" and on_battery():
        record.reason = "on_battery"
        return []
    if settings.languages is not None and snapshot.language_id not in settings.languages:
        record.reason = "language_off"
        return []
    offset = offset_at(snapshot.text, params.position.line, params.position.character, encoding)
    request = FillRequest(
        text=snapshot.text,
        language=snapshot.language_id,
        offset=offset,
        trigger=trigger,
        deadline_ms=settings.manual_deadline_ms if manual else settings.deadline_ms,
    )
    filled = await _ask(session, snapshot, "inline", request, record)
    if filled is None:
        return []
    return [inline_item(completion, snapshot, offset, encoding) for completion in filled.completions]


def code_action(session: Session, params: types.CodeActionParams) -> list[types.CodeAction]:
    """Offer to refill a selection; the model only runs when the user takes it."""
    snapshot = session.documents.get(params.text_document.uri)
    kind = types.CodeActionKind.RefactorRewrite
    wanted = params.context.only
    if wanted is not None and not any(f"{kind.value}.".startswith(f"{_text(only)}.") for only in wanted):
        return []
    if snapshot is None or params.range.start == params.range.end or not session.client.resolves_edits:
        return []
    if not session.judge(snapshot.uri).allowed:
        return []
    start, end = (PointData(point.line, point.character) for point in (params.range.start, params.range.end))
    data = msgspec.to_builtins(SelectionData(snapshot.uri, snapshot.version, start, end))
    return [types.CodeAction(title="Refill selection", kind=kind, data=data)]


async def resolve_code_action(session: Session, action: types.CodeAction) -> types.CodeAction:
    """Return the action with its edit, or without one and with a word to the user about why."""
    with session.request("codeAction/resolve") as record:
        data = msgspec.convert(action.data, SelectionData)
        snapshot = session.documents.get(data.uri)
        if snapshot is None or snapshot.version != data.version:
            record.reason = "document_closed" if snapshot is None else "document_changed"
            session.tell(types.MessageType.Info, "The document changed since the offer: select again.")
            return action
        action.edit = await _rewrite(session, snapshot, data, record)
    return action


async def _rewrite(
    session: Session, snapshot: DocumentSnapshot, data: SelectionData, record: Record
) -> types.WorkspaceEdit | None:
    encoding = session.documents.encoding
    offsets = sorted(offset_at(snapshot.text, p.line, p.character, encoding) for p in (data.start, data.end))
    request = FillRequest(
        text=snapshot.text,
        language=snapshot.language_id,
        selection=Span(*offsets),
        trigger="manual",
        deadline_ms=session.settings.manual_deadline_ms,
    )
    filled = await _ask(session, snapshot, "rewrite", request, record)
    if filled is None:
        why = next((text for reason, text in _WHY_NO_REWRITE.items() if reason == record.reason), None)
        session.tell(types.MessageType.Info, why or f"Nothing to put there ({record.reason}).")
        return None
    return workspace_edit(filled.completions[0], snapshot, encoding, session.client.document_changes)


async def _ask(
    session: Session, snapshot: DocumentSnapshot, lane: str, request: FillRequest, record: Record
) -> Filled | None:
    """Return the scheduler's answer, or None with the reason recorded; None too when the text moved on.

    The only way to the model: an ignored document ends here.
    """
    verdict = session.judge(snapshot.uri)
    if not verdict.allowed:
        record.reason, record.ignored = "ignored_file", verdict
        log.debug("ignored by %s (%s)", verdict.rule, verdict.source)  # the user's words
        return None
    answer = await session.scheduler.fill((snapshot.uri, lane), request)
    if not isinstance(answer, Filled):
        record.reason = answer.reason
        return None
    if not session.documents.is_current(snapshot):
        record.reason = "document_changed"
        return None
    record.reason = "filled"
    first = answer.completions[0]
    record.counts |= {"items": len(answer.completions), "fill_chars": len(first.text), "steps": first.steps}
    return answer


def accepted(*arguments: Any) -> None:
    """Log that the user took an item: its counts only."""
    counts = cast("dict[str, object]", arguments[0]) if arguments and isinstance(arguments[0], dict) else {}
    numbers = {key: counts.get(key) for key in ("chars", "lines")}
    log.info("accepted %s", " ".join(f"{k}={n}" for k, n in numbers.items() if isinstance(n, int)))


def status(session: Session, params: object) -> object:
    """State of the server for a status bar."""
    return msgspec.to_builtins(status_of(session))


def _drop_questions(session: Session, uri: str) -> None:
    for lane in ("inline", "rewrite"):
        session.scheduler.supersede((uri, lane))


def _edit_of(change: types.TextDocumentContentChangeEvent) -> Edit:
    if isinstance(change, types.TextDocumentContentChangeWholeDocument):
        return Edit(change.text)
    start, end = change.range.start, change.range.end
    return Edit(change.text, ((start.line, start.character), (end.line, end.character)))


def _text(kind: types.CodeActionKind | str) -> str:
    return kind.value if isinstance(kind, types.CodeActionKind) else kind
