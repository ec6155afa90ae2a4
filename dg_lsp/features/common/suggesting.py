"""What to suggest at a cursor: the last suggestion while it fits, else the model's answer, else a reason for silence.

A shown suggestion stays while the user types into it, so nothing flickers. The model is asked when typing pauses;
while the user looks at a suggestion, what would follow it is prefetched.
"""

from __future__ import annotations

import asyncio
import time

from lsprotocol import types

from dg_lsp.documents.documents import DocumentSnapshot
from dg_lsp.documents.positions import offset_at
from dg_lsp.features.asking import ask, checked, may_ask_automatically, may_read, note_speed
from dg_lsp.features.common.cursor_view import CursorView, cursor_view
from dg_lsp.features.common.prefetch import prefetch
from dg_lsp.features.completion_events import sent_items
from dg_lsp.session.power import on_battery
from dg_lsp.session.session import OpenFill, Record, Session
from infill.syntax.language_ids import plain_id
from infill.types import Completion, Filled, FillRequest, NoFill

_MANUAL_CANDIDATES = 3
_NO_SILENCE = ("superseded", "document_changed")  # the user typed on and noticed nothing


async def suggestions(
    session: Session,
    snapshot: DocumentSnapshot,
    position: types.Position,
    manual: bool,
    popup: types.SelectedCompletionInfo | None,
    record: Record,
) -> list[types.InlineCompletionItem]:
    """Return what to suggest at a position, best first; when there is nothing, the record says why."""
    began = time.monotonic() if manual else session.debounce.cause(snapshot.uri)
    items = await _items(session, snapshot, position, manual, popup, record)
    if not items and record.reason not in _NO_SILENCE:
        session.last_silence = record.reason
        session.usage.silent(record.reason)
    elif items and record.reason == "filled":
        session.usage.answered("manual" if manual else "automatic", time.monotonic() - began)
    return items


async def _items(
    session: Session,
    snapshot: DocumentSnapshot,
    position: types.Position,
    manual: bool,
    popup: types.SelectedCompletionInfo | None,
    record: Record,
) -> list[types.InlineCompletionItem]:
    settings, encoding = session.settings, session.documents.encoding
    record.counts = {"trigger": "manual" if manual else "automatic", "document_chars": len(snapshot.text)}
    if not manual and not settings.automatic:
        record.reason = "automatic_off"
    elif not manual and settings.on_battery == "manual" and on_battery():
        record.reason = "on_battery"
    elif settings.languages is not None and snapshot.language_id not in map(plain_id, settings.languages):
        record.reason = "language_off"
    elif may_read(session, snapshot, record):
        if session.notebooks.notebook_of(snapshot.uri) is None:  # cells have each other as context
            session.context.visited(snapshot.uri, position.line)
        cursor = offset_at(snapshot.text, position, encoding)
        view = cursor_view(session.model_text(snapshot), snapshot, cursor, popup, encoding)
        completions = await (_manual if manual else _automatic)(session, view, record)
        own = (view.in_document(completion) for completion in completions)
        return sent_items(session, snapshot, cursor, [completion for completion in own if completion is not None])
    return []


async def _automatic(session: Session, view: CursorView, record: Record) -> tuple[Completion, ...]:
    """What to show while the user types: one completion or none."""
    if fitting := session.suggestions.find(*view.key):
        return _kept(session, view, fitting, record)
    if session.debounce.after_deletion(view.uri):
        record.reason = "after_deletion"
        return ()
    if (reason := session.suggestions.silence(*view.key)) is not None:
        record.reason = reason
        return ()
    record.reason = "superseded"
    opened = session.open_fills.get(view.uri)
    if opened is not None and opened.may_fit(view.text, view.offset):
        left_s = opened.asked_at + session.settings.deadline_ms / 1000 - time.monotonic()
        if not await _unless_typed_on(session, view, opened, left_s):
            return ()
        if fitting := session.suggestions.find(*view.key):
            return _kept(session, view, fitting, record)
    if not may_ask_automatically(session):
        record.reason = "too_slow"
        return ()
    debounce_ms = session.settings.debounce_ms
    wait_s = session.debounce.wait_s(view.uri) if debounce_ms is None else debounce_ms / 1000
    if not await session.debounce.paused(view.uri, wait_s):
        return ()
    opened = _begin(session, view)
    if not await _unless_typed_on(session, view, opened):
        return ()
    answer = checked(session, view.snapshot, opened.answer.result(), record)
    if answer is None:
        return ()
    prefetch(session, view, answer.completions[0])
    return answer.completions[:1]


def _kept(
    session: Session, view: CursorView, fitting: tuple[Completion, ...], record: Record
) -> tuple[Completion, ...]:  # fmt: skip
    record.reason = "still_fits"
    prefetch(session, view, fitting[0])
    return fitting[:1]


def _begin(session: Session, view: CursorView) -> OpenFill:
    """Put the question to the model; its answer is remembered even when nobody waits for it any more."""
    request = _request(session, view, automatic=True)
    asked = session.dispatcher.fill((view.uri, "inline"), request)
    answer = asyncio.get_running_loop().create_task(asked)
    opened = session.open_fills[view.uri] = OpenFill(view.text, view.offset, answer, time.monotonic())

    def remember(task: asyncio.Task[Filled | NoFill]) -> None:
        if session.open_fills.get(view.uri) is opened:
            del session.open_fills[view.uri]
        seconds = time.monotonic() - opened.asked_at
        if task.cancelled():
            note_speed(session, seconds, None)
        if task.cancelled() or task.exception() is not None or session.documents.get(view.uri) is None:
            return
        result = task.result()
        note_speed(session, seconds, result)
        if isinstance(result, Filled):
            session.debounce.filled(seconds)
            session.suggestions.remember(*view.key, result.completions)
        else:
            session.suggestions.remember_silence(*view.key, result.reason)

    answer.add_done_callback(remember)
    return opened


async def _unless_typed_on(session: Session, view: CursorView, opened: OpenFill, limit_s: float | None = None) -> bool:
    """Return False when the user types on, else True in the end; a cancelled request cancels the question."""
    try:
        return await session.debounce.unless_changed(view.uri, opened.answer, limit_s)
    except asyncio.CancelledError:
        opened.answer.cancel()
        raise


async def _manual(session: Session, view: CursorView, record: Record) -> tuple[Completion, ...]:
    """What to offer when the user asks: what is shown already stays first, others follow."""
    fitting = session.suggestions.find(*view.key)
    if not await _model_is_open_unless_typed_on(session, view):
        record.reason = "superseded"
        return ()
    filled = await ask(session, view.snapshot, "inline", _request(session, view, automatic=False), record)
    if filled is None:
        return fitting
    session.suggestions.remember(*view.key, filled.completions)
    shown = {completion.text for completion in fitting}
    return (*fitting, *(completion for completion in filled.completions if completion.text not in shown))


async def _model_is_open_unless_typed_on(session: Session, view: CursorView) -> bool:
    """Wait for a model that is being opened, as long as an answer may take; False when the user types on meanwhile.

    VS Code keeps an empty answer and does not ask again at the same place, however often the user does.
    """
    opened, limit_s = session.dispatcher.opened(), session.settings.manual_deadline_ms / 1000
    return opened.done() or await session.debounce.unless_changed(view.uri, opened, limit_s)


def _request(session: Session, view: CursorView, automatic: bool) -> FillRequest:
    settings = session.settings
    return FillRequest(
        text=view.text,
        language=view.snapshot.language_id,
        offset=view.offset,
        trigger="automatic" if automatic else "manual",
        candidates=1 if automatic else _MANUAL_CANDIDATES,
        deadline_ms=settings.deadline_ms if automatic else settings.manual_deadline_ms,
        suggested=session.suggestions.left_behind(view.uri, view.text, view.offset),
        context=session.context.of(view.uri),
    )
