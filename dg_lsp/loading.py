"""The model opens in the background: progress while it does, one message when it cannot.

Starts after `initialized`, so that `initialize` is answered without waiting for anything heavy.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from dg_lsp.session import Session
from dg_lsp.settings import Settings
from dg_lsp.shared.place import EngineUnavailable, supported
from infill.types import Filler

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
    if not await accepted(session.server.create_progress(token)):
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


async def accepted(created: Awaitable[None]) -> bool:
    """Return True when the client made the progress token; a refusal only costs the progress."""
    try:
        await created
    except JsonRpcException:
        return False
    return True


def open_model(model: str | None, settings: Settings) -> Filler:
    """Open the real pipeline in this process; slow, so only the worker thread may call it."""
    from infill.filler import open_filler

    return open_filler(model, settings.threads, settings.niceness)


def open_shared_model(model: str | None, settings: Settings) -> Filler:
    """Open the model in the engine that all windows share; in this process where there can be none."""
    if not settings.shared_engine or not supported():
        return open_model(model, settings)
    from dg_lsp.shared.client import SharedFiller
    from dg_lsp.shared.identity import identity_of

    identity = identity_of(model, settings.threads, settings.niceness)
    try:
        return SharedFiller(identity, settings.unload_after_minutes * 60 or None)
    except EngineUnavailable as error:
        log.warning("no shared engine, the model opens in this process: %s", error)
        return open_model(model, settings)
