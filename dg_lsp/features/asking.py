"""The only way from a document to the model: asked here, answered by the backend, checked before it is used.

An ignored document ends here, and so does an answer about a text that has moved on.
"""

from __future__ import annotations

import logging

from lsprotocol import types

from dg_lsp.backend.load_shedding import MESSAGES
from dg_lsp.documents.documents import DocumentSnapshot
from dg_lsp.session.outcome import Outcome
from dg_lsp.session.session import Session
from infill.types import Filled, NoFill, OnDraft, Request

log = logging.getLogger(__name__)

LANES = ("inline", "rewrite", "ahead")  # of a document: a question supersedes the one before it in its lane
READ_LANE = "read"  # one more, which a change leaves alone: what is typed only appends to what is read
READING = "reading"  # the model would answer too late, as it still reads


async def ask(
    session: Session, snapshot: DocumentSnapshot, lane: str, request: Request, on_draft: OnDraft | None = None
) -> Outcome[Filled | None]:
    """Return the model's answer, or why there is none; there is none either when the text moved on."""
    if (refused := refusal(session, snapshot)) is not None:
        return refused
    answer = await session.dispatcher.fill((snapshot.uri, lane), request, on_draft)
    return checked(session, snapshot, answer)


def checked(session: Session, snapshot: DocumentSnapshot, answer: Filled | NoFill) -> Outcome[Filled | None]:
    """Return the answer if it may be sent, else why it may not."""
    asked = {"model": answer.model, "unread": answer.unread} if answer.model else {}
    if isinstance(answer, NoFill):
        if answer.reason == "server_failed":  # only the user can help
            session.tell_once(answer.detail)
        return Outcome(None, answer.reason, answer.detail, counts=asked)
    if not session.documents.is_current(snapshot):
        return Outcome(None, "document_changed")
    first = answer.completions[0]
    session.last_model = answer.model or session.last_model
    counts = {"items": len(answer.completions), "fill_chars": len(first.text), "steps": first.steps, **asked}
    return Outcome(answer, "filled", counts=counts)


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


def refusal(session: Session, snapshot: DocumentSnapshot) -> Outcome[None] | None:
    """Return which rule says that the document's text may not be used; None where it may."""
    verdict = session.judge(snapshot.uri)
    if verdict.allowed:
        return None
    log.debug("ignored by %s (%s)", verdict.rule, verdict.source)  # the user's words
    return Outcome(None, "ignored_file", ignored=verdict)
