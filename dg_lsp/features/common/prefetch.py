"""Fills what would follow a suggestion while the user looks at it; it gives way to every other request."""

from __future__ import annotations

import asyncio

from dg_lsp.features.common.cursor_view import CursorView
from dg_lsp.session.power import on_battery
from dg_lsp.session.session import Session
from infill.types import Completion, Filled, FillRequest

_AFTER_S = 0.3  # of looking at a suggestion


def prefetch(session: Session, view: CursorView, completion: Completion) -> None:
    """Fill what would follow the completion once it is accepted, if the user looks at it for a while.

    Nobody waits for the answer: any other question takes its place, and so does any change.
    """
    if session.settings.look_ahead and not on_battery():
        session.hold(asyncio.get_running_loop().create_task(_prefetch(session, view, completion)))


async def _prefetch(session: Session, view: CursorView, completion: Completion) -> None:
    await asyncio.sleep(_AFTER_S)
    if not session.documents.is_current(view.snapshot) or session.dispatcher.state != "ready":
        return
    span, suggestions = completion.span, session.suggestions
    text = view.text[: span.start] + completion.text + view.text[span.end :]
    where = view.uri, text, span.start + len(completion.text)
    if suggestions.find(*where) or suggestions.silence(*where):
        return
    context = session.context.of(view.uri)
    request = FillRequest(
        text, view.snapshot.language_id, context, offset=where[2], trigger="automatic", speculative=True
    )
    answer = await session.dispatcher.fill((view.uri, "ahead"), request)
    if isinstance(answer, Filled):
        suggestions.remember(*where, answer.completions)
    else:
        suggestions.remember_silence(*where, answer.reason)
