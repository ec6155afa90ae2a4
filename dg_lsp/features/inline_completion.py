"""Inline completion: what still fits of the last suggestion, else a question to the model, else silence with a reason.

A shown suggestion stays while the user types into it, so nothing flickers; the model is asked when typing
pauses, and while the user looks at a suggestion, what would follow it is filled too.
"""

from __future__ import annotations

import asyncio
import time

from lsprotocol import types

from dg_lsp.documents.documents import DocumentSnapshot
from dg_lsp.documents.positions import offset_at
from dg_lsp.features.asking import ask, checked, may_ask_unasked, may_read, note_speed
from dg_lsp.features.completion_events import sent_items
from dg_lsp.features.cursor_view import Spot, spot_of
from dg_lsp.features.prefetch import look_ahead
from dg_lsp.session.power import on_battery
from dg_lsp.session.session import OpenFill, Record, Session
from infill.types import Completion, Filled, FillRequest, NoFill

_MANUAL_CANDIDATES = 3
_TYPED_ON = ("superseded", "document_changed")  # no silence that anybody noticed


async def inline_completion(session: Session, params: types.InlineCompletionParams) -> types.InlineCompletionList:
    """Return ghost text for the cursor; an empty list says why in the log and in the status."""
    items: list[types.InlineCompletionItem] = []
    with session.request("inlineCompletion") as record:
        snapshot = session.documents.get(params.text_document.uri)
        if snapshot is None:
            record.reason = "unknown_document"
        else:
            manual = params.context.trigger_kind == types.InlineCompletionTriggerKind.Invoked
            popup = params.context.selected_completion_info
            items = await suggestions(session, snapshot, params.position, manual, popup, record)
    return types.InlineCompletionList(items=items)


async def suggestions(
    session: Session,
    snapshot: DocumentSnapshot,
    position: types.Position,
    manual: bool,
    popup: types.SelectedCompletionInfo | None,
    record: Record,
) -> list[types.InlineCompletionItem]:
    """Return what to suggest at a position, best first; when there is nothing, the record says why."""
    began = time.monotonic() if manual else session.pace.cause(snapshot.uri)
    items = await _items(session, snapshot, position, manual, popup, record)
    if not items and record.reason not in _TYPED_ON:
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
    elif settings.languages is not None and snapshot.language_id not in settings.languages:
        record.reason = "language_off"
    elif may_read(session, snapshot, record):
        if session.notebooks.notebook_of(snapshot.uri) is None:  # a cell has those around it, and is nobody's context
            session.context.visited(snapshot.uri, position.line)
        cursor = offset_at(snapshot.text, position.line, position.character, encoding)
        spot = spot_of(session.reading(snapshot), snapshot, cursor, popup, encoding)
        completions = await (_asked_for if manual else _unasked)(session, spot, record)
        own = (spot.in_document(completion) for completion in completions)
        return sent_items(session, snapshot, cursor, [completion for completion in own if completion is not None])
    return []


async def _unasked(session: Session, spot: Spot, record: Record) -> tuple[Completion, ...]:
    """What to show while the user types: one completion or none."""
    where = spot.uri, spot.text, spot.offset
    if fitting := session.suggestions.find(*where):
        return _still(session, spot, fitting, record)
    if session.pace.after_deletion(spot.uri):
        record.reason = "after_deletion"
        return ()
    if (reason := session.suggestions.silence(*where)) is not None:
        record.reason = reason
        return ()
    record.reason = "superseded"
    opened = session.open_fills.get(spot.uri)
    if opened is not None and opened.may_fit(spot.text, spot.offset):
        left_s = opened.asked_at + session.settings.deadline_ms / 1000 - time.monotonic()
        if not await _answered(session, spot, opened, left_s):
            return ()
        if fitting := session.suggestions.find(*where):
            return _still(session, spot, fitting, record)
    if not may_ask_unasked(session):
        record.reason = "too_slow"
        return ()
    debounce_ms = session.settings.debounce_ms
    wait_s = session.pace.wait_s(spot.uri) if debounce_ms is None else debounce_ms / 1000
    if not await session.pace.paused(spot.uri, wait_s):
        return ()
    opened = _open(session, spot)
    if not await _answered(session, spot, opened):
        return ()
    answer = checked(session, spot.snapshot, opened.answer.result(), record)
    if answer is None:
        return ()
    look_ahead(session, spot, answer.completions[0])
    return answer.completions[:1]


def _still(
    session: Session, spot: Spot, fitting: tuple[Completion, ...], record: Record
) -> tuple[Completion, ...]:  # fmt: skip
    record.reason = "still_fits"
    look_ahead(session, spot, fitting[0])
    return fitting[:1]


def _open(session: Session, spot: Spot) -> OpenFill:
    """Put the question to the model; its answer is remembered even when nobody waits for it any more."""
    request = _request(session, spot, automatic=True)
    asked = session.scheduler.fill((spot.uri, "inline"), request)
    answer = asyncio.get_running_loop().create_task(asked)
    opened = session.open_fills[spot.uri] = OpenFill(spot.text, spot.offset, answer, time.monotonic())

    def remember(task: asyncio.Task[Filled | NoFill]) -> None:
        if session.open_fills.get(spot.uri) is opened:
            del session.open_fills[spot.uri]
        seconds = time.monotonic() - opened.asked_at
        if task.cancelled():
            note_speed(session, seconds, None)
        if task.cancelled() or task.exception() is not None or session.documents.get(spot.uri) is None:
            return
        result, where = task.result(), (spot.uri, spot.text, spot.offset)
        note_speed(session, seconds, result)
        if isinstance(result, Filled):
            session.pace.filled(seconds)
            session.suggestions.remember(*where, result.completions)
        else:
            session.suggestions.remember_silence(*where, result.reason)

    answer.add_done_callback(remember)
    return opened


async def _answered(session: Session, spot: Spot, opened: OpenFill, limit_s: float | None = None) -> bool:
    """Return False when the user types on, else True in the end; a cancelled request cancels the question."""
    try:
        return await session.pace.unless_changed(spot.uri, opened.answer, limit_s)
    except asyncio.CancelledError:
        opened.answer.cancel()
        raise


async def _asked_for(session: Session, spot: Spot, record: Record) -> tuple[Completion, ...]:
    """What to offer when the user asks: what is shown already stays first, others follow."""
    where = spot.uri, spot.text, spot.offset
    fitting = session.suggestions.find(*where)
    if not await _waited_for_model(session, spot):
        record.reason = "superseded"
        return ()
    filled = await ask(session, spot.snapshot, "inline", _request(session, spot, automatic=False), record)
    if filled is None:
        return fitting
    session.suggestions.remember(*where, filled.completions)
    shown = {completion.text for completion in fitting}
    return (*fitting, *(completion for completion in filled.completions if completion.text not in shown))


async def _waited_for_model(session: Session, spot: Spot) -> bool:
    """Wait for a model that is being opened, as long as an answer may take; False when the user types on meanwhile.

    VS Code keeps an empty answer and does not ask again at the same place, however often the user does.
    """
    opened, limit_s = session.scheduler.opened(), session.settings.manual_deadline_ms / 1000
    return opened.done() or await session.pace.unless_changed(spot.uri, opened, limit_s)


def _request(session: Session, spot: Spot, automatic: bool) -> FillRequest:
    settings = session.settings
    return FillRequest(
        text=spot.text,
        language=spot.snapshot.language_id,
        offset=spot.offset,
        trigger="automatic" if automatic else "manual",
        candidates=1 if automatic else _MANUAL_CANDIDATES,
        deadline_ms=settings.deadline_ms if automatic else settings.manual_deadline_ms,
        suggested=session.suggestions.left_behind(spot.uri, spot.text, spot.offset),
        context=session.context.of(spot.uri),
    )
