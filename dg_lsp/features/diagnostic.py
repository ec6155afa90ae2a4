"""Pull diagnostics, off by default: what the model disbelieves, as hints. They make way for every fill."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from functools import partial
from typing import Any, cast

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from dg_lsp.documents.documents import DocumentSnapshot
from dg_lsp.documents.positions import Encoding
from dg_lsp.features.asking import may_read
from dg_lsp.features.translate import range_of
from dg_lsp.session.session import Record, Session
from infill.types import Doubt, Doubts, FillRequest, Reason, Span

SOURCE = "dg-lsp"
MAX_SUGGESTION = 60  # characters of a suggestion in a message

_FOR_NOW: frozenset[Reason] = frozenset({"superseded", "cancelled", "model_loading"})

Report = types.RelatedFullDocumentDiagnosticReport | types.RelatedUnchangedDocumentDiagnosticReport


def offer(session: Session) -> types.DiagnosticRegistrationOptions:
    """Answer requests for doubts from now on; return what is offered."""
    offered = types.DiagnosticRegistrationOptions(
        inter_file_dependencies=False, workspace_diagnostics=False, identifier=SOURCE
    )
    session.offers_doubts = True
    cast(Any, session.server.feature(types.TEXT_DOCUMENT_DIAGNOSTIC, offered))(partial(document_diagnostic, session))
    return offered


async def switched(session: Session) -> None:
    """Follow the setting while the client runs: offer doubts to it, or have it ask again."""
    client = session.client
    if session.settings.doubts and not session.offers_doubts:
        if client.registers_diagnostics:
            await session.register(types.TEXT_DOCUMENT_DIAGNOSTIC, offer(session))
        else:
            session.setting_problems.append("'doubts' needs a restart of the server: this client takes no offer late")
            session.name_problems()
    elif client.refreshes_diagnostics:
        with suppress(JsonRpcException):
            await session.server.rpc.send_request_async(types.WORKSPACE_DIAGNOSTIC_REFRESH)


async def document_diagnostic(session: Session, params: types.DocumentDiagnosticParams) -> Report:
    """Return the doubts about a document, or that they are what they were; to be asked again where it changed."""
    report: Report | None = _nothing()
    with session.request("diagnostic") as record:
        snapshot = session.documents.get(params.text_document.uri)
        if snapshot is None:
            record.reason = "unknown_document"
        elif not session.settings.doubts:
            record.reason = "doubts_off"
        elif may_read(session, snapshot, record):
            report = await _report(session, snapshot, params.previous_result_id, record)
    if report is None:
        raise _AskAgain()
    return report


async def _report(session: Session, snapshot: DocumentSnapshot, previous: str | None, record: Record) -> Report | None:
    """The answer about a document that may be read; None when it is to be asked for again."""
    result_id = _result_id(session, snapshot)
    if previous == result_id:
        record.reason = "unchanged"
        return types.RelatedUnchangedDocumentDiagnosticReport(result_id=result_id)
    request = FillRequest(snapshot.text, snapshot.language_id, selection=Span(0, len(snapshot.text)))
    answer = await session.scheduler.doubts((snapshot.uri, "doubts"), request)
    if not isinstance(answer, Doubts):
        record.reason = answer.reason
        return None if answer.reason in _FOR_NOW else _nothing()
    if not session.documents.is_current(snapshot):
        record.reason = "document_changed"
        return None
    record.reason = "doubts"
    record.counts["items"] = len(answer.doubts)
    items = [_diagnostic(doubt, snapshot, session.documents.encoding) for doubt in answer.doubts]
    return types.RelatedFullDocumentDiagnosticReport(items=items, result_id=result_id)


def _nothing() -> types.RelatedFullDocumentDiagnosticReport:
    return types.RelatedFullDocumentDiagnosticReport(items=[])


class _AskAgain(JsonRpcException):
    """The protocol's ServerCancelled: without more data it means that the client asks again."""

    CODE = types.LSPErrorCodes.ServerCancelled.value
    MESSAGE = "Cancelled: ask again"


def _result_id(session: Session, snapshot: DocumentSnapshot) -> str:
    """Return what identifies the answer: the same text and the same model have the same doubts."""
    read = f"{session.scheduler.model_name}\0{snapshot.language_id}\0{snapshot.text}"
    return hashlib.sha256(read.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _diagnostic(doubt: Doubt, snapshot: DocumentSnapshot, encoding: Encoding) -> types.Diagnostic:
    suggestion = " ".join(doubt.suggestion.split())
    if len(suggestion) > MAX_SUGGESTION:
        suggestion = suggestion[: MAX_SUGGESTION - 1] + "…"
    return types.Diagnostic(
        range=range_of(snapshot.text, doubt.span, encoding),
        message=f"The model would have put: {suggestion}",
        severity=types.DiagnosticSeverity.Hint,
        source=SOURCE,
        code="doubt",
        data={"probability": doubt.probability},
    )
