"""The only way from a document to the model: asked here, answered by the backend, checked before it is used.

An ignored document ends here, and so does an answer about a text that has moved on.
"""

from __future__ import annotations

import logging

from lsprotocol import types

from dg_lsp.backend.load_shedding import MESSAGES
from dg_lsp.documents.documents import DocumentSnapshot
from dg_lsp.session.session import Record, Session
from infill.types import Filled, NoFill, OnDraft, Request

log = logging.getLogger(__name__)

LANES = ("inline", "rewrite", "ahead")  # of a document: a question supersedes the one before it in its lane


async def ask(
    session: Session,
    snapshot: DocumentSnapshot,
    lane: str,
    request: Request,
    record: Record,
    on_draft: OnDraft | None = None,
) -> Filled | None:
    """Return the model's answer, or None with the reason recorded; None too when the text moved on."""
    if not may_read(session, snapshot, record):
        return None
    answer = await session.dispatcher.fill((snapshot.uri, lane), request, on_draft)
    return checked(session, snapshot, answer, record)


def checked(session: Session, snapshot: DocumentSnapshot, answer: Filled | NoFill, record: Record) -> Filled | None:
    """Return the answer if it may be sent, else None with the reason recorded."""
    if isinstance(answer, NoFill):
        record.reason, record.detail = answer.reason, answer.detail
        if answer.reason == "server_failed":  # only the user can help
            session.tell_once(answer.detail)
        return None
    if not session.documents.is_current(snapshot):
        record.reason = "document_changed"
        return None
    record.reason = "filled"
    first = answer.completions[0]
    record.counts |= {"items": len(answer.completions), "fill_chars": len(first.text), "steps": first.steps}
    return answer


def may_ask_automatically(session: Session) -> bool:
    """Return whether the model is quick enough for requests that typing caused, as far as is known."""
    session.load_shedder.asked()
    _follow_load_shedder(session)
    return session.load_shedder.stage != "manual_only"


def note_speed(session: Session, seconds: float, answer: Filled | NoFill | None) -> None:
    """Take note of how long an automatic fill took, None for one that was cancelled; say what it leads to."""
    shedder, smaller = session.load_shedder, session.dispatcher.backend_state.has_smaller
    if shedder.took(seconds, session.settings.deadline_ms, answer, smaller) and shedder.stage is not None:
        message = MESSAGES[shedder.stage]
        log.warning("%s", message)
        if shedder.stage == "manual_only" and not session.warned_too_slow:
            session.warned_too_slow = True
            session.tell(types.MessageType.Info, f"dg-lsp: {message}")
    _follow_load_shedder(session)


def _follow_load_shedder(session: Session) -> None:
    if session.dispatcher.backend is not None:
        session.dispatcher.backend.prefer_smaller(session.load_shedder.smaller_model)
    session.changed()


def may_read(session: Session, snapshot: DocumentSnapshot, record: Record) -> bool:
    """Return whether the document's text may be used; if not, the record says which rule it was."""
    verdict = session.judge(snapshot.uri)
    if not verdict.allowed:
        record.reason, record.ignored = "ignored_file", verdict
        log.debug("ignored by %s (%s)", verdict.rule, verdict.source)  # the user's words
    return verdict.allowed
