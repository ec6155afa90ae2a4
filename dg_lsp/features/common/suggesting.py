"""What to suggest at a cursor: the last suggestion while it fits, else the model's answer, else a reason for silence.

A shown suggestion stays while the user types into it, so nothing flickers. The model is asked when typing pauses;
while the user looks at a suggestion, what would follow it is prefetched.
"""

from __future__ import annotations

import asyncio
import time

import msgspec
from lsprotocol import types

from dg_lsp.documents.documents import DocumentSnapshot
from dg_lsp.documents.positions import offset_at
from dg_lsp.features.asking import ask, checked, may_ask_automatically, note_speed, refusal
from dg_lsp.features.common.cursor_view import CursorView, cursor_view, goes_with_popup
from dg_lsp.features.common.prefetch import prefetch
from dg_lsp.features.common.read_ahead import answered, cursor_at
from dg_lsp.features.completion_events import sent_items
from dg_lsp.session.outcome import Outcome
from dg_lsp.session.power import on_battery
from dg_lsp.session.session import OpenFill, Session
from dg_lsp.session.why import why
from infill.syntax.language_ids import plain_id
from infill.types import Completion, Filled, FillRequest, NoFill, Trigger

Completions = tuple[Completion, ...]

_MANUAL_CANDIDATES = 3
_TYPED_ON: Outcome[tuple[()]] = Outcome((), "superseded")
_NO_SILENCE = ("superseded", "document_changed")  # the user typed on and noticed nothing


class CursorRequest(msgspec.Struct, frozen=True):
    """What the client asks at a cursor: by hand or while the user types, perhaps with the selected item of a popup."""

    snapshot: DocumentSnapshot
    position: types.Position
    manual: bool
    popup: types.SelectedCompletionInfo | None = None

    @property
    def trigger(self) -> Trigger:
        return "manual" if self.manual else "automatic"

    @property
    def counts(self) -> dict[str, object]:
        """What the log says of it."""
        return {"trigger": self.trigger, "document_chars": len(self.snapshot.text)}


async def suggestions(session: Session, asked: CursorRequest) -> Outcome[list[types.InlineCompletionItem]]:
    """Return what to suggest at a cursor, best first, or why there is nothing."""
    began = time.monotonic() if asked.manual else session.debounce.cause(asked.snapshot.uri)
    outcome = await _items(session, asked)
    if not outcome.value and outcome.reason not in _NO_SILENCE:
        session.last_silence = outcome.reason
        session.last_why = why(outcome.reason, outcome.detail, outcome.ignored)
        session.usage.silent(outcome.reason)
    elif outcome.value:
        session.last_why = None
    if outcome.value and outcome.reason == "filled":
        session.usage.answered(asked.trigger, time.monotonic() - began)
    return outcome


async def _items(session: Session, asked: CursorRequest) -> Outcome[list[types.InlineCompletionItem]]:
    snapshot, encoding = asked.snapshot, session.documents.encoding
    if (reason := _switched_off(session, asked)) is not None:
        return Outcome([], reason)
    if (refused := refusal(session, snapshot)) is not None:
        return refused.with_value([])
    if session.notebooks.notebook_of(snapshot.uri) is None:  # cells have each other as context
        session.context.visited(snapshot.uri, asked.position.line)
    cursor_at(session, snapshot.uri, asked.position)
    cursor = offset_at(snapshot.text, asked.position, encoding)
    view = cursor_view(session.model_text(snapshot), snapshot, cursor, asked.popup, encoding)
    found = await (_manual if asked.manual else _automatic)(session, view)
    texts = session.context.of(view.uri).texts if view.popup else ()
    own = [view.in_document(each) for each in found.value if goes_with_popup(view, each, texts)]
    if found.value and not own:
        return Outcome([], "not_confident", "it does not go on from the selected item of the list")
    return found.with_value(sent_items(session, snapshot, cursor, [each for each in own if each is not None]))


def _switched_off(session: Session, asked: CursorRequest) -> str | None:
    """The setting that forbids to suggest anything here, as a reason; None where none does."""
    settings = session.settings
    if not asked.manual and not settings.automatic:
        return "automatic_off"
    if not asked.manual and settings.on_battery == "manual" and on_battery():
        return "on_battery"
    if settings.languages is not None and asked.snapshot.language_id not in map(plain_id, settings.languages):
        return "language_off"
    return None


async def _automatic(session: Session, view: CursorView) -> Outcome[Completions]:
    """What to show while the user types: one completion or none."""
    if fitting := session.suggestions.find(*view.key, exactly=session.debounce.after_dedent(view.uri)):
        return _kept(session, view, fitting)
    if session.debounce.after_deletion(view.uri):
        return Outcome((), "after_deletion")
    if (reason := session.suggestions.silence(*view.key)) is not None:
        return Outcome((), reason)
    opened = session.open_fills.get(view.uri)
    if opened is not None and opened.may_fit(view.text, view.offset):
        left_s = opened.asked_at + session.settings.deadline_ms / 1000 - time.monotonic()
        if not await _unless_typed_on(session, view, opened, left_s):
            return _TYPED_ON
        if fitting := session.suggestions.find(*view.key):
            return _kept(session, view, fitting)
    if not may_ask_automatically(session):
        return Outcome((), "too_slow")
    debounce_ms = session.settings.debounce_ms
    wait_s = session.debounce.wait_s(view.uri) if debounce_ms is None else debounce_ms / 1000
    if not await session.debounce.paused(view.uri, wait_s):
        return _TYPED_ON
    opened = _begin(session, view)
    if not await _unless_typed_on(session, view, opened):
        return _TYPED_ON
    answer = checked(session, view.snapshot, opened.answer.result())
    if answer.value is None:
        return answer.with_value(())
    prefetch(session, view, answer.value.completions[0])
    return answer.with_value(answer.value.completions[:1])


def _kept(session: Session, view: CursorView, fitting: Completions) -> Outcome[Completions]:
    session.cursors.stay(view.uri)
    prefetch(session, view, fitting[0])
    return Outcome(fitting[:1], "still_fits")


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
        answered(session, view.uri, result)
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


async def _manual(session: Session, view: CursorView) -> Outcome[Completions]:
    """What to offer when the user asks: what is shown already stays first, others follow."""
    fitting = session.suggestions.find(*view.key, exactly=session.debounce.after_dedent(view.uri))
    if not await _model_is_open_unless_typed_on(session, view):
        return _TYPED_ON
    answer = await ask(session, view.snapshot, "inline", _request(session, view, automatic=False))
    if answer.value is None:
        return answer.with_value(fitting)
    completions = answer.value.completions
    session.suggestions.remember(*view.key, completions)
    shown = {completion.text for completion in fitting}
    return answer.with_value((*fitting, *(each for each in completions if each.text not in shown)))


async def _model_is_open_unless_typed_on(session: Session, view: CursorView) -> bool:
    """Wait for a model that is being opened, as long as an answer may take; False when the user types on meanwhile.

    VS Code keeps an empty answer and does not ask again at the same place, however often the user does.
    """
    opened, limit_s = session.dispatcher.opened(), session.settings.manual_deadline_ms / 1000
    return opened.done() or await session.debounce.unless_changed(view.uri, opened, limit_s)


def _request(session: Session, view: CursorView, automatic: bool) -> FillRequest:
    settings, suggestions = session.settings, session.suggestions
    moved = session.debounce.after_dedent(view.uri)
    return FillRequest(
        text=view.text,
        language=view.snapshot.language_id,
        offset=view.offset,
        trigger="automatic" if automatic else "manual",
        candidates=1 if automatic else _MANUAL_CANDIDATES,
        deadline_ms=settings.deadline_ms if automatic else settings.manual_deadline_ms,
        suggested=None if moved else suggestions.left_behind(*view.key),
        dismissed=suggestions.dismissed(*view.key),
        context=session.context.of(view.uri),
    )
