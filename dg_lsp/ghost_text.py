"""Inline completion: what still fits of the last suggestion, else a question to the model, else silence with a reason.

A shown suggestion stays while the user types into it, so nothing flickers; the model is asked when typing
pauses, and while the user looks at a suggestion, what would follow it is filled too.
"""

from __future__ import annotations

import asyncio
import time

import msgspec
from lsprotocol import types

from dg_lsp.asking import ask, checked, may_ask_unasked, may_read, note_speed
from dg_lsp.documents import DocumentSnapshot
from dg_lsp.events import sent_items
from dg_lsp.notebooks import Reading
from dg_lsp.positions import Encoding, offset_at
from dg_lsp.power import on_battery
from dg_lsp.session import OpenFill, Record, Session
from infill.types import Completion, Filled, FillRequest, NoFill, Span

_LOOK_AHEAD_AFTER_S = 0.3  # of looking at a suggestion
_MANUAL_CANDIDATES = 3
_TYPED_ON = ("superseded", "document_changed")  # no silence that anybody noticed


class _Place(msgspec.Struct, frozen=True):
    """Where ghost text is wanted: `text` is the document's with the selected item of an open popup in it.

    That item replaces `popup` of the document and ends at `offset`. A notebook's cell has others before and
    after it in `text`.
    """

    snapshot: DocumentSnapshot
    text: str
    offset: int
    n_before: int = 0  # characters of other cells
    n_after: int = 0
    popup: Span | None = None

    @property
    def uri(self) -> str:
        return self.snapshot.uri

    def in_document(self, completion: Completion) -> Completion | None:
        """The completion as a change of the document itself; None where it would change another cell.

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
        place = _place(session.reading(snapshot), snapshot, cursor, popup, encoding)
        completions = await (_asked_for if manual else _unasked)(session, place, record)
        own = (place.in_document(completion) for completion in completions)
        return sent_items(session, snapshot, cursor, [completion for completion in own if completion is not None])
    return []


def _place(
    read: Reading,
    snapshot: DocumentSnapshot,
    cursor: int,
    popup: types.SelectedCompletionInfo | None,
    encoding: Encoding,
) -> _Place:
    own, replaced = read.own, None
    if popup is not None:
        ends = popup.range.start, popup.range.end
        replaced = Span(*(offset_at(snapshot.text, p.line, p.character, encoding) for p in ends))
        own = own[: replaced.start] + popup.text + own[replaced.end :]
        cursor = replaced.start + len(popup.text)
    text, n_before = read.before + own + read.after, len(read.before)
    return _Place(snapshot, text, n_before + cursor, n_before, len(read.after), replaced)


async def _unasked(session: Session, place: _Place, record: Record) -> tuple[Completion, ...]:
    """What to show while the user types: one completion or none."""
    where = place.uri, place.text, place.offset
    if fitting := session.suggestions.find(*where):
        return _still(session, place, fitting, record)
    if session.pace.after_deletion(place.uri):
        record.reason = "after_deletion"
        return ()
    if (reason := session.suggestions.silence(*where)) is not None:
        record.reason = reason
        return ()
    record.reason = "superseded"
    opened = session.open_fills.get(place.uri)
    if opened is not None and opened.may_fit(place.text, place.offset):
        left_s = opened.asked_at + session.settings.deadline_ms / 1000 - time.monotonic()
        if not await _answered(session, place, opened, left_s):
            return ()
        if fitting := session.suggestions.find(*where):
            return _still(session, place, fitting, record)
    if not may_ask_unasked(session):
        record.reason = "too_slow"
        return ()
    debounce_ms = session.settings.debounce_ms
    wait_s = session.pace.wait_s(place.uri) if debounce_ms is None else debounce_ms / 1000
    if not await session.pace.paused(place.uri, wait_s):
        return ()
    opened = _open(session, place)
    if not await _answered(session, place, opened):
        return ()
    answer = checked(session, place.snapshot, opened.answer.result(), record)
    if answer is None:
        return ()
    _look_ahead(session, place, answer.completions[0])
    return answer.completions[:1]


def _still(
    session: Session, place: _Place, fitting: tuple[Completion, ...], record: Record
) -> tuple[Completion, ...]:  # fmt: skip
    record.reason = "still_fits"
    _look_ahead(session, place, fitting[0])
    return fitting[:1]


def _open(session: Session, place: _Place) -> OpenFill:
    """Put the question to the model; its answer is remembered even when nobody waits for it any more."""
    request = _request(session, place, automatic=True)
    asked = session.scheduler.fill((place.uri, "inline"), request)
    answer = asyncio.get_running_loop().create_task(asked)
    opened = session.open_fills[place.uri] = OpenFill(place.text, place.offset, answer, time.monotonic())

    def remember(task: asyncio.Task[Filled | NoFill]) -> None:
        if session.open_fills.get(place.uri) is opened:
            del session.open_fills[place.uri]
        seconds = time.monotonic() - opened.asked_at
        if task.cancelled():
            note_speed(session, seconds, None)
        if task.cancelled() or task.exception() is not None or session.documents.get(place.uri) is None:
            return
        result, where = task.result(), (place.uri, place.text, place.offset)
        note_speed(session, seconds, result)
        if isinstance(result, Filled):
            session.pace.filled(seconds)
            session.suggestions.remember(*where, result.completions)
        else:
            session.suggestions.remember_silence(*where, result.reason)

    answer.add_done_callback(remember)
    return opened


async def _answered(session: Session, place: _Place, opened: OpenFill, limit_s: float | None = None) -> bool:
    """Return False when the user types on, else True in the end; a cancelled request cancels the question."""
    try:
        return await session.pace.unless_changed(place.uri, opened.answer, limit_s)
    except asyncio.CancelledError:
        opened.answer.cancel()
        raise


async def _asked_for(session: Session, place: _Place, record: Record) -> tuple[Completion, ...]:
    """What to offer when the user asks: what is shown already stays first, others follow."""
    where = place.uri, place.text, place.offset
    fitting = session.suggestions.find(*where)
    filled = await ask(session, place.snapshot, "inline", _request(session, place, automatic=False), record)
    if filled is None:
        return fitting
    session.suggestions.remember(*where, filled.completions)
    shown = {completion.text for completion in fitting}
    return (*fitting, *(completion for completion in filled.completions if completion.text not in shown))


def _request(session: Session, place: _Place, automatic: bool) -> FillRequest:
    settings = session.settings
    return FillRequest(
        text=place.text,
        language=place.snapshot.language_id,
        offset=place.offset,
        trigger="automatic" if automatic else "manual",
        candidates=1 if automatic else _MANUAL_CANDIDATES,
        deadline_ms=settings.deadline_ms if automatic else settings.manual_deadline_ms,
        max_steps=session.fallback.max_steps if automatic else None,
        suggested=session.suggestions.left_behind(place.uri, place.text, place.offset),
        context=session.context.of(place.uri),
    )


def _look_ahead(session: Session, place: _Place, completion: Completion) -> None:
    """Fill what would follow the completion once it is accepted, if the user looks at it for a while.

    Nobody waits for the answer: any other question takes its place, and so does any change.
    """
    if session.settings.look_ahead and not on_battery():
        session.keep(asyncio.get_running_loop().create_task(_fill_ahead(session, place, completion)))


async def _fill_ahead(session: Session, place: _Place, completion: Completion) -> None:
    await asyncio.sleep(_LOOK_AHEAD_AFTER_S)
    if not session.documents.is_current(place.snapshot) or session.scheduler.state != "ready":
        return
    span, suggestions = completion.span, session.suggestions
    text = place.text[: span.start] + completion.text + place.text[span.end :]
    where = place.uri, text, span.start + len(completion.text)
    if suggestions.find(*where) or suggestions.silence(*where):
        return
    context = session.context.of(place.uri)
    request = FillRequest(
        text, place.snapshot.language_id, where[2], trigger="automatic", context=context, speculative=True
    )
    answer = await session.scheduler.fill((place.uri, "ahead"), request)
    if isinstance(answer, Filled):
        suggestions.remember(*where, answer.completions)
    else:
        suggestions.remember_silence(*where, answer.reason)
