"""The only way from a document to the model: asked here, answered by the scheduler, checked before it is used.

An ignored document ends here, and so does an answer about a text that has moved on.
"""

from __future__ import annotations

import logging

from lsprotocol import types

from dg_lsp.backend.fallback_filler import StandIn
from dg_lsp.backend.load_shedding import MESSAGES
from dg_lsp.documents.documents import DocumentSnapshot
from dg_lsp.session.session import Record, Session
from infill.types import Filled, FillRequest, NoFill, OnDraft

log = logging.getLogger(__name__)

LANES = ("inline", "rewrite", "ahead")  # of a document: a question supersedes the one before it in its lane


async def ask(
    session: Session,
    snapshot: DocumentSnapshot,
    lane: str,
    request: FillRequest,
    record: Record,
    on_draft: OnDraft | None = None,
) -> Filled | None:
    """Return the scheduler's answer, or None with the reason recorded; None too when the text moved on."""
    if not may_read(session, snapshot, record):
        return None
    answer = await session.scheduler.fill((snapshot.uri, lane), request, on_draft)
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
    session.fallback.asked()
    _follow_fallback(session)
    return session.fallback.stage != "manual_only"


def note_speed(session: Session, seconds: float, answer: Filled | NoFill | None) -> None:
    """Take note of how long an automatic fill took, None for one that was cancelled; say what it leads to."""
    fallback, filler = session.fallback, session.filler
    smaller = isinstance(filler, StandIn) and filler.chosen_is_open
    if fallback.took(seconds, session.settings.deadline_ms, answer, smaller) and fallback.stage is not None:
        message = MESSAGES[fallback.stage]
        log.warning("%s", message)
        if fallback.stage == "manual_only" and not session.warned_too_slow:
            session.warned_too_slow = True
            session.tell(types.MessageType.Info, f"dg-lsp: {message}")
    _follow_fallback(session)


def _follow_fallback(session: Session) -> None:
    if isinstance(session.filler, StandIn):
        session.filler.smaller = session.fallback.smaller_model
    session.changed()


def may_read(session: Session, snapshot: DocumentSnapshot, record: Record) -> bool:
    """Return whether the document's text may be used; if not, the record says which rule it was."""
    verdict = session.judge(snapshot.uri)
    if not verdict.allowed:
        record.reason, record.ignored = "ignored_file", verdict
        log.debug("ignored by %s (%s)", verdict.rule, verdict.source)  # the user's words
    return verdict.allowed
