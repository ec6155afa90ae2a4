"""Fetches the default model when the user said so: `$/progress` with a way to cancel, one message when it is over.

`dg-lsp.fetch` is the command for it. The fetch runs in a process of its own; nothing here waits on the event loop.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from lsprotocol import types

from dg_lsp.features.loading import accepted, reopen_model
from dg_lsp.fetching.answers import Answer, keep
from dg_lsp.fetching.default_model import ENTRY
from dg_lsp.fetching.process import Failure, Progress
from dg_lsp.session.session import Session
from infill.cli.sizes import part_of_size, size

log = logging.getLogger(__name__)

FETCH_COMMAND = "dg-lsp.fetch"
TERMS = f"{size(ENTRY.n_bytes)}, {ENTRY.license}"
_DOWNLOADING_PERCENT = 90  # of the way; the rest is converting


def fetch_commands(session: Session) -> dict[str, Callable[..., Awaitable[Any]]]:
    """Return the coroutine function of the command by its name."""

    async def fetch(*_: Any) -> dict[str, Any]:
        started, detail = start_fetch(session)
        return {"started": started, "detail": detail}

    return {FETCH_COMMAND: fetch}


def start_fetch(session: Session) -> tuple[bool, str]:
    """Start to fetch the default model; return whether it was started, and a sentence for the user."""
    if not session.default_model.can_be_fetched:
        return False, "This server was started with a model of its own."
    if session.default_model.is_being_fetched:
        return False, f"{ENTRY.name} is being fetched already."
    if not session.default_model.is_missing:
        return False, f"{ENTRY.name} is here already."
    session.hold(asyncio.get_running_loop().create_task(_fetch(session)))
    return True, f"Fetching {ENTRY.name} ({TERMS})."


async def keep_answer(answer: Answer) -> None:
    """Keep what the user answered, for all windows; one that cannot be kept is asked for again."""
    with suppress(OSError):
        await asyncio.to_thread(keep, answer, time.time())


async def _fetch(session: Session) -> None:
    await keep_answer("fetch")
    token = await _begin(session)
    told: types.WorkDoneProgressReport | None = None

    def show(progress: Progress) -> None:
        nonlocal told
        report = _report(progress)
        if token is not None and report != told:
            session.server.send_progress(token, report)
            told = report

    log.info("fetching %s", ENTRY.name)
    failure = await session.default_model.fetch(show)
    log.info("fetched %s: %s", ENTRY.name, "done" if failure is None else failure.reason)
    session.fetch_token = None
    if token is not None:
        outcome = "done" if failure is None else "cancelled" if failure.cancelled else "failed"
        session.server.send_progress(token, types.WorkDoneProgressEnd(message=outcome))
    await _tell(session, failure)


async def _begin(session: Session) -> str | None:
    """Begin the progress; None for a client that shows none, whose user is told in a message."""
    token = f"dg-lsp-fetch-{uuid.uuid4()}"
    if session.client.progress and await accepted(session.server.create_progress(token)):
        session.fetch_token = token
        title = f"Fetching {ENTRY.name}"
        begin = types.WorkDoneProgressBegin(title=title, message=TERMS, cancellable=True, percentage=0)
        session.server.send_progress(token, begin)
        return token
    session.tell(types.MessageType.Info, f"dg-lsp: fetching {ENTRY.name} ({TERMS}); you will be told when it is here")
    return None


def _report(progress: Progress) -> types.WorkDoneProgressReport:
    """How far it is, for people."""
    share = min(progress.done / max(progress.total, 1), 1.0)
    if progress.stage == "downloading":
        message, percentage = part_of_size(progress.done, progress.total), share * _DOWNLOADING_PERCENT
    else:
        message, percentage = progress.stage, _DOWNLOADING_PERCENT + share * (100 - _DOWNLOADING_PERCENT)
    return types.WorkDoneProgressReport(message=message, percentage=int(percentage), cancellable=True)


async def _tell(session: Session, failure: Failure | None) -> None:
    """Say what became of it, keep that, and use the model where the settings name no other."""
    if failure is None:
        await keep_answer("fetched")
        used = "is used from now on" if session.engine.fetched else "is not used: your settings name another model"
        session.tell(types.MessageType.Info, f"dg-lsp: {ENTRY.name} is here and {used}")
        if session.opened_for is not None and session.opened_for != session.engine:
            reopen_model(session)
        return
    await keep_answer("not_now")
    if not failure.cancelled:
        again = f"what was fetched is kept; `infill model fetch {ENTRY.name}` in a terminal tries again"
        session.tell(types.MessageType.Warning, f"dg-lsp: {ENTRY.name} is not fetched: {failure.reason}; {again}")
