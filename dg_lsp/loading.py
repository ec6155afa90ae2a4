"""The model opens in the background: progress while it does, one message when it cannot.

Starts after `initialized`, so that `initialize` is answered without waiting for anything heavy.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable

import msgspec
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from dg_lsp.session import Session
from infill.types import Filled, Filler, FillRequest, NoFill
from model.types import CancelToken

log = logging.getLogger(__name__)

_REPORT_EVERY_S = 1.0


async def load_model(session: Session) -> None:
    """Name bad settings, open the model on the worker thread, tell the user how that went."""
    if session.setting_problems:
        session.tell(types.MessageType.Warning, "dg-lsp: " + "; ".join(session.setting_problems))
    started = time.perf_counter()
    loaded = session.scheduler.start(session.open_filler)
    if session.client.progress:
        await _show_progress(session, loaded, started)
    await asyncio.shield(loaded)
    failure = session.scheduler.failure
    if failure is not None:
        log.error("the model could not be opened after %.1f s", time.perf_counter() - started)
        remedy = "Check --model and the server's log, then restart the server."
        session.tell(types.MessageType.Error, f"dg-lsp: the model could not be opened: {failure}. {remedy}")
        return
    seconds = time.perf_counter() - started
    log.info("model ready name=%s s=%.1f", session.scheduler.model_name, seconds)


async def _show_progress(session: Session, loaded: asyncio.Future[None], started: float) -> None:
    token = f"dg-lsp-loading-{uuid.uuid4()}"
    if not await _accepted(session.server.create_progress(token)):
        return
    session.server.send_progress(token, types.WorkDoneProgressBegin(title="Loading model", cancellable=False))
    while True:
        seconds = time.perf_counter() - started
        session.server.send_progress(token, types.WorkDoneProgressReport(message=f"{seconds:.0f} s"))
        done, _ = await asyncio.wait({loaded}, timeout=_REPORT_EVERY_S)
        if done:
            break
    outcome = "failed" if session.scheduler.failure is not None else "ready"
    session.server.send_progress(token, types.WorkDoneProgressEnd(message=outcome))


async def _accepted(created: Awaitable[None]) -> bool:
    """Return True when the client made the progress token; a refusal only costs the progress."""
    try:
        await created
    except JsonRpcException:
        return False
    return True


def open_model(model: str | None) -> Filler:
    """Open the real pipeline; imports torch, so only the worker thread may call it."""
    from infill.filler import open_filler
    from infill.languages import by_id

    def our_id(lsp_id: str) -> str | None:
        language = by_id(lsp_id)
        return language.id if language else None

    return _ByLanguageId(open_filler(model), our_id)


class _ByLanguageId:
    """A filler that turns the editor's language id into ours before it asks."""

    def __init__(self, filler: Filler, our_id: Callable[[str], str | None]) -> None:
        self._filler = filler
        self._our_id = our_id

    @property
    def model_name(self) -> str:
        return self._filler.model_name

    @property
    def show_threshold(self) -> float:
        return self._filler.show_threshold

    def fill(self, request: FillRequest, cancel: CancelToken) -> Filled | NoFill:
        language = self._our_id(request.language)
        if language is None:
            return NoFill("unknown_language", request.language)
        return self._filler.fill(msgspec.structs.replace(request, language=language), cancel)
