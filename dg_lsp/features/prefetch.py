"""What would follow a suggestion, filled while the user looks at it; it gives way to everything else."""

from __future__ import annotations

import asyncio

from dg_lsp.features.cursor_view import Spot
from dg_lsp.session.power import on_battery
from dg_lsp.session.session import Session
from infill.types import Completion, Filled, FillRequest

_AFTER_S = 0.3  # of looking at a suggestion


def look_ahead(session: Session, spot: Spot, completion: Completion) -> None:
    """Fill what would follow the completion once it is accepted, if the user looks at it for a while.

    Nobody waits for the answer: any other question takes its place, and so does any change.
    """
    if session.settings.look_ahead and not on_battery():
        session.keep(asyncio.get_running_loop().create_task(_fill_ahead(session, spot, completion)))


async def _fill_ahead(session: Session, spot: Spot, completion: Completion) -> None:
    await asyncio.sleep(_AFTER_S)
    if not session.documents.is_current(spot.snapshot) or session.scheduler.state != "ready":
        return
    span, suggestions = completion.span, session.suggestions
    text = spot.text[: span.start] + completion.text + spot.text[span.end :]
    where = spot.uri, text, span.start + len(completion.text)
    if suggestions.find(*where) or suggestions.silence(*where):
        return
    context = session.context.of(spot.uri)
    request = FillRequest(
        text, spot.snapshot.language_id, where[2], trigger="automatic", context=context, speculative=True
    )
    answer = await session.scheduler.fill((spot.uri, "ahead"), request)
    if isinstance(answer, Filled):
        suggestions.remember(*where, answer.completions)
    else:
        suggestions.remember_silence(*where, answer.reason)
