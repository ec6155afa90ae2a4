"""The model opens in the background: progress while it does, one message when it cannot.

Starts after `initialized`, so that `initialize` is answered without waiting for anything heavy.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable
from functools import partial
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from dg_lsp.backend.backend import Backend
from dg_lsp.backend.fallback import open_with_fallback
from dg_lsp.backend.scheduler import in_process
from dg_lsp.engine.runtime_dir import EngineUnavailable, supported
from dg_lsp.features.common.read_ahead import read_now
from dg_lsp.features.status import loads
from dg_lsp.session.session import Session
from dg_lsp.settings import EngineChoice
from infill.cli.sizes import part_of_size
from infill.types import Filler
from model.config import EMBEDDED, EMBEDDED_NAME, folder_of, read_infill_config
from model.types import CheckpointError, ModelSpec, OnBytes

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.25
_ENDED_EVERY_S = 0.02


async def load_model(session: Session) -> None:
    """Open the model, tell the user how that went."""
    session.opened_for = session.engine
    started = time.perf_counter()
    opened = session.dispatcher.start(session.open_backend)
    loaded = asyncio.get_running_loop().create_task(_loaded(session, opened))
    if session.client.progress:
        await _show_progress(session, loaded, started)
    await asyncio.shield(loaded)
    failure = _failure(session)
    if failure is not None:
        log.error("the model could not be opened after %.1f s", time.perf_counter() - started)
        instead = " The embedded model answers instead." if session.dispatcher.failure is None else ""
        remedy = "Check --model and the server's log, then restart the server."
        session.tell(types.MessageType.Error, f"dg-lsp: the model could not be opened: {failure}.{instead} {remedy}")
        return
    seconds = time.perf_counter() - started
    log.info("model ready name=%s s=%.1f", session.dispatcher.model_name, seconds)


def reopen_model(session: Session) -> None:
    """Leave the engine for that of the settings now, once the one before it has loaded."""
    session.loading = asyncio.get_running_loop().create_task(_reopened(session, session.loading))
    session.hold(session.loading)


async def _reopened(session: Session, loading: asyncio.Task[None] | None) -> None:
    """One after the other: two models may not fit in memory."""
    if loading is not None:
        await asyncio.wait({loading})
    if session.opened_for == session.engine:
        return
    left = session.leave_model()
    while not left.ended(0):
        await asyncio.sleep(_ENDED_EVERY_S)
    del left
    await load_model(session)


async def _loaded(session: Session, opened: asyncio.Future[None]) -> None:
    """Wait for the model that was asked for, whatever answers until then; from then on its news are the session's.

    One that was unloaded loads again with the next question, and is shown as it was the first time.
    """
    await asyncio.shield(opened)
    backend = session.dispatcher.backend
    if backend is None:
        return
    loop, settled = asyncio.get_running_loop(), asyncio.Event()

    def look() -> None:
        session.changed()
        if session.dispatcher.backend is not backend:
            settled.set()
        elif not loads(session):
            if not settled.is_set() and (uri := session.cursors.newest) is not None:
                loop.call_soon(read_now, session, uri)
            settled.set()
            session.bytes_loaded = None  # or it would begin with all of them, should it load again
        elif settled.is_set():
            settled.clear()
            if session.client.progress:
                again = loop.create_task(settled.wait())
                session.hold(loop.create_task(_show_progress(session, again, time.perf_counter())))

    backend.watch(look)
    look()
    await settled.wait()


def _failure(session: Session) -> str | None:
    """Why the model that was asked for is not open."""
    state = session.dispatcher.backend_state
    return state.failure if session.dispatcher.backend is None or state.substitute is not None else None


async def _show_progress(session: Session, loaded: asyncio.Future[Any], started: float) -> None:
    token = f"dg-lsp-loading-{uuid.uuid4()}"
    if not await accepted(session.server.create_progress(token)):
        return
    # Without a percentage at the beginning a client may leave out those that come later.
    begin = types.WorkDoneProgressBegin(title="Loading model", cancellable=False)
    if not _is_embedded(session.engine.spec):
        begin.percentage = 0
    session.server.send_progress(token, begin)
    told: types.WorkDoneProgressReport | None = None
    while True:
        report = _progress(session, started)
        if report != told:
            session.server.send_progress(token, report)
            told = report
        done, _ = await asyncio.wait({loaded}, timeout=_LOOK_EVERY_S)
        if done:
            break
    outcome = "ready" if session.dispatcher.backend_state.failure is None else "failed"
    session.server.send_progress(token, types.WorkDoneProgressEnd(message=outcome))


def _progress(session: Session, started: float) -> types.WorkDoneProgressReport:
    """How far it is: bytes where the model tells of any, else seconds."""
    if session.bytes_loaded is None:
        return types.WorkDoneProgressReport(message=f"{time.perf_counter() - started:.0f} s")
    done, total = session.bytes_loaded
    return types.WorkDoneProgressReport(message=part_of_size(done, total), percentage=100 * done // total)


async def accepted(created: Awaitable[None]) -> bool:
    """Return True when the client made the progress token; a refusal only costs the progress."""
    try:
        await created
    except JsonRpcException:
        return False
    return True


async def open_model(choice: EngineChoice, on_bytes: OnBytes) -> Backend:
    """Open the model where it is wanted: in the engine that all windows share if that can be, else in this process.

    For another model than the embedded one, that one answers where it cannot, as it is shipped.
    """
    spec = choice.spec
    open_one = partial(_open_shared, choice.unload_after_s) if choice.shared and supported() else _open_here
    if _is_embedded(spec):
        return await open_one(spec, on_bytes)
    # A model in a server is shared already: no engine of ours in between.
    open_chosen = partial(_open_here if spec.engine == "http" else open_one, spec, on_bytes)
    shipped = ModelSpec(EMBEDDED_NAME, threads=spec.threads, niceness=spec.niceness)
    languages = read_infill_config(EMBEDDED).languages or ()
    return await open_with_fallback(open_chosen, partial(open_one, shipped, None), languages=languages)


def _is_embedded(spec: ModelSpec) -> bool:
    """Whether the model is the one that ships in the package, which opens in a moment."""
    try:
        return spec.engine != "http" and folder_of(spec) == EMBEDDED
    except CheckpointError:
        return False


async def _open_here(spec: ModelSpec, on_bytes: OnBytes | None) -> Backend:
    """Open the model on a thread of this process, or in the server that the spec names."""
    return await in_process(_filler)(spec, on_bytes)


def _filler(spec: ModelSpec, on_bytes: OnBytes | None) -> Filler:
    from infill.pipeline.filler import open_filler

    return open_filler(spec, on_bytes)


async def _open_shared(unload_after_s: float | None, spec: ModelSpec, on_bytes: OnBytes | None) -> Backend:
    from dg_lsp.engine.client import EngineClient
    from dg_lsp.engine.identity import identity_of

    try:
        identity = await asyncio.to_thread(identity_of, spec)
        return await EngineClient(identity, unload_after_s, on_bytes=on_bytes).open()
    except EngineUnavailable as error:
        log.warning("no shared engine, the model opens in this process: %s", error)
        return await _open_here(spec, on_bytes)
