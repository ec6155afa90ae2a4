"""One worker thread for the model; the newest question of each lane wins; every question is answered.

The protocol thread only puts and awaits, it never waits for the model. A lane is what may supersede
itself (the ghost text of a document, the rewrite of a document). Knows nothing of the protocol.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Hashable
from typing import Literal

import msgspec

from infill.types import Filled, Filler, FillRequest, NoFill, Reason
from model.types import CancelToken

State = Literal["starting", "loading", "ready", "busy", "failed"]
Answer = Filled | NoFill

log = logging.getLogger(__name__)


class _Job:
    """One question on its way to the worker and back; `answer` belongs to the event loop."""

    def __init__(self, request: FillRequest, answer: asyncio.Future[Answer]) -> None:
        self.request = request
        self.answer = answer
        self.token = CancelToken()
        self.asked_at = time.monotonic()

    def deliver(self, answer: Answer) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)

    def give_up(self, reason: Reason) -> None:
        """Answer now, stop the model as soon as it looks at the token."""
        self.token.cancel()
        self.deliver(NoFill(reason))


class Scheduler:
    """Owns the worker thread and the filler on it. All methods are for the event loop's thread."""

    def __init__(self) -> None:
        self.model_name: str | None = None
        self.failure: str | None = None
        self._loading: asyncio.Future[None] | None = None
        self._jobs: dict[Hashable, _Job] = {}
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def state(self) -> State:
        """What the status request tells."""
        if self._loading is None:
            return "starting"
        if self.failure is not None:
            return "failed"
        if self.model_name is None:
            return "loading"
        return "busy" if self._jobs else "ready"

    def start(self, open_filler: Callable[[], Filler]) -> asyncio.Future[None]:
        """Open the model on the worker; the future ends when it is ready or has failed, without error."""
        loop = asyncio.get_running_loop()
        if self._loading is None:
            self._loading = loop.create_future()
            self._thread = threading.Thread(
                target=self._work, args=(open_filler, loop), name="dg-lsp-model", daemon=True
            )
            self._thread.start()
        return self._loading

    async def fill(self, lane: Hashable, request: FillRequest) -> Answer:
        """Return the answer to a question; cancelling the caller stops the model within one step."""
        if self.failure is not None:
            return NoFill("model_failed", self.failure)
        if self.model_name is None:
            return NoFill("model_loading")
        if self._closed:
            return NoFill("cancelled")
        self.supersede(lane)
        job = _Job(request, asyncio.get_running_loop().create_future())
        self._jobs[lane] = job
        self._queue.put(job)
        try:
            return await job.answer
        finally:
            job.token.cancel()
            if self._jobs.get(lane) is job:
                del self._jobs[lane]

    def supersede(self, lane: Hashable) -> None:
        """Answer the lane's open question with `superseded`, at once; nothing to do when it has none."""
        job = self._jobs.pop(lane, None)
        if job is not None:
            job.give_up("superseded")

    def close(self) -> None:
        """Take no more questions and cancel the open ones."""
        self._closed = True
        for job in self._jobs.values():
            job.give_up("cancelled")
        self._jobs.clear()
        self._queue.put(None)

    def ended(self, grace_s: float) -> bool:
        """Return True when the worker has ended, after waiting for it at most `grace_s`. Blocks."""
        if self._thread is not None:
            self._thread.join(grace_s)
        return self._thread is None or not self._thread.is_alive()

    # On the event loop, called by the worker.

    def _opened(self, model_name: str) -> None:
        self.model_name = model_name
        self._finish_loading()

    def _failed(self, failure: str) -> None:
        self.failure = failure
        self._finish_loading()

    def _finish_loading(self) -> None:
        if self._loading is not None and not self._loading.done():
            self._loading.set_result(None)

    # On the worker thread.

    def _work(self, open_filler: Callable[[], Filler], loop: asyncio.AbstractEventLoop) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody is left to tell
            try:
                filler = open_filler()
                model_name = filler.model_name
            except (Exception, SystemExit) as error:
                log.debug("opening the model failed", exc_info=True)
                loop.call_soon_threadsafe(self._failed, f"{error}" or type(error).__name__)
                return
            loop.call_soon_threadsafe(self._opened, model_name)
            while (job := self._queue.get()) is not None:
                if not job.token.cancelled:
                    loop.call_soon_threadsafe(job.deliver, _answer(filler, job))


def _answer(filler: Filler, job: _Job) -> Answer:
    """Return the filler's answer within what the wait left of the deadline; its errors become a value."""
    request = job.request
    if request.deadline_ms is not None:
        left_ms = request.deadline_ms - (time.monotonic() - job.asked_at) * 1000
        if left_ms <= 0:
            return NoFill("deadline", "spent waiting for the worker")
        request = msgspec.structs.replace(request, deadline_ms=left_ms)
    try:
        return filler.fill(request, job.token)
    except Exception as error:
        log.error("the fill failed with %s; --log-level debug shows where", type(error).__name__)
        log.debug("the fill failed", exc_info=True)  # may quote the user's text
        return NoFill("model_failed", type(error).__name__)
