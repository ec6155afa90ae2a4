"""The model opens in the background: progress while it does, one message when it cannot.

Starts after `initialized`, so that `initialize` is answered without waiting for anything heavy.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Awaitable

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from dg_lsp.session import OpenFiller, Session
from dg_lsp.settings import Settings
from dg_lsp.shared.client import SharedFiller
from dg_lsp.shared.place import EngineUnavailable, supported
from dg_lsp.stand_in import StandIn
from infill.types import Filler
from model.types import CheckpointError

log = logging.getLogger(__name__)

_REPORT_EVERY_S = 1.0


async def load_model(session: Session) -> None:
    """Open the model on the worker thread, tell the user how that went."""
    session.opened_for = session.engine
    started = time.perf_counter()
    opened = session.scheduler.start(session.open_filler)
    loaded = asyncio.get_running_loop().create_task(_loaded(session, opened))
    if session.client.progress:
        await _show_progress(session, loaded, started)
    await asyncio.shield(loaded)
    failure = _failure(session)
    if failure is not None:
        log.error("the model could not be opened after %.1f s", time.perf_counter() - started)
        instead = " The embedded model answers in its place." if session.scheduler.failure is None else ""
        remedy = "Check --model and the server's log, then restart the server."
        session.tell(types.MessageType.Error, f"dg-lsp: the model could not be opened: {failure}.{instead} {remedy}")
        return
    seconds = time.perf_counter() - started
    log.info("model ready name=%s s=%.1f", session.scheduler.model_name, seconds)


async def _loaded(session: Session, opened: asyncio.Future[None]) -> None:
    """Wait for the model that was asked for, whatever answers until then; from then on its news are the session's."""
    await asyncio.shield(opened)
    filler = session.filler
    if not isinstance(filler, StandIn | SharedFiller):
        return
    loop, settled = asyncio.get_running_loop(), asyncio.Event()

    def look() -> None:
        session.changed()
        if not (isinstance(filler, StandIn) and filler.loading):
            settled.set()

    def on_news() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed
            loop.call_soon_threadsafe(look)

    filler.watch(on_news)
    look()
    await settled.wait()


def _failure(session: Session) -> str | None:
    """Why the model that was asked for is not open."""
    return session.filler.failure if isinstance(session.filler, StandIn) else session.scheduler.failure


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
    outcome = "failed" if _failure(session) is not None else "ready"
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
    return _with_stand_in(_open_here, model, settings)


def open_shared_model(model: str | None, settings: Settings) -> Filler:
    """Open the model in the engine that all windows share; in this process where there can be none."""
    shared = settings.shared_engine and supported()
    return _with_stand_in(_open_shared if shared else _open_here, model, settings)


def _with_stand_in(open_one: OpenFiller, model: str | None, settings: Settings) -> Filler:
    """The filler; for another model than the embedded one, that one answers where it cannot."""
    if settings.engine == "http":  # shared already, by the server: no engine of ours in between
        return StandIn(lambda: _open_server(model, settings.url), lambda: open_one(None, settings))
    if model is None:
        return open_one(None, settings)
    return StandIn(lambda: open_one(model, settings), lambda: open_one(None, settings))


def _open_here(model: str | None, settings: Settings) -> Filler:
    from infill.filler import open_filler

    return open_filler(model, settings.threads, settings.niceness)


def _open_server(model: str | None, url: str | None) -> Filler:
    from infill.filler import open_http_filler

    if not url:
        raise CheckpointError("the engine http needs --url or the setting url, as http://127.0.0.1:8000/v1")
    return open_http_filler(url, model)


def _open_shared(model: str | None, settings: Settings) -> Filler:
    from dg_lsp.shared.identity import identity_of

    identity = identity_of(model, settings.threads, settings.niceness)
    try:
        return SharedFiller(identity, settings.unload_after_minutes * 60 or None)
    except EngineUnavailable as error:
        log.warning("no shared engine, the model opens in this process: %s", error)
        return _open_here(model, settings)
