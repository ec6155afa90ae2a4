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
from functools import partial
from typing import Literal, NamedTuple

from dg_lsp.engine.answering import Answer, answer
from infill.types import REFUSALS, Draft, Filled, Filler, FillRequest, NoFill, OnDraft, Reason
from model.types import CancelToken

State = Literal["starting", "loading", "ready", "busy", "failed"]

log = logging.getLogger(__name__)


class LastSteps(NamedTuple):
    """The denoising steps of a fill."""

    steps: int
    ms_per_step: float


class _Job:
    """One question on its way to the worker and back; `answer` belongs to the event loop."""

    def __init__(
        self,
        request: FillRequest,
        answer: asyncio.Future[Answer],
        on_draft: OnDraft | None,
    ) -> None:
        self.makes_way = request.speculative  # nobody waits for it
        self.request = request
        self.answer = answer
        self.on_draft = on_draft
        self.token = CancelToken()
        self.asked_at = time.monotonic()

    def deliver(self, answer: Answer) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)

    def show(self, draft: Draft) -> None:
        """Pass a draft on; none comes after the answer."""
        if self.on_draft is not None and not self.answer.done():
            self.on_draft(draft)

    def give_up(self, reason: Reason) -> None:
        """Answer now, stop the model as soon as it looks at the token."""
        self.token.cancel()
        self.deliver(NoFill(reason))


class Scheduler:
    """Owns the worker thread and the filler on it. All methods are for the event loop's thread."""

    def __init__(self) -> None:
        self.failure: str | None = None
        self.last_steps: LastSteps | None = None
        self.on_change: Callable[[], None] = lambda: None  # the state may be another
        self._filler: Filler | None = None
        self.n_asked = self.n_speculative = 0  # questions that the model was at work on
        self._opened_or_failed: asyncio.Future[None] | None = None
        self._jobs: dict[Hashable, _Job] = {}
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def model_name(self) -> str | None:
        """The model that answers now; None until one is open."""
        return None if self._filler is None else self._filler.model_name

    @property
    def takes_instructions(self) -> bool:
        """Whether an instruction means anything to it."""
        return self._filler is not None and self._filler.takes_instructions

    @property
    def n_open(self) -> int:
        """Questions without an answer."""
        return len(self._jobs)

    @property
    def state(self) -> State:
        """What the status request tells."""
        if self._thread is None:
            return "starting"
        if self.failure is not None:
            return "failed"
        if self.model_name is None:
            return "loading"
        return "busy" if self._jobs else "ready"

    def start(self, open_filler: Callable[[], Filler]) -> asyncio.Future[None]:
        """Open the model on the worker; see `opened` for the future."""
        if self._thread is None:
            args = (open_filler, asyncio.get_running_loop())
            self._thread = threading.Thread(target=self._work, args=args, name="dg-lsp-model", daemon=True)
            self._thread.start()
            self.on_change()
        return self.opened()

    def opened(self) -> asyncio.Future[None]:
        """Return a future that ends when the model is open or has failed, without error; for all, so not to cancel."""
        if self._opened_or_failed is None:
            self._opened_or_failed = asyncio.get_running_loop().create_future()
        return self._opened_or_failed

    async def fill(self, lane: Hashable, request: FillRequest, on_draft: OnDraft | None = None) -> Filled | NoFill:
        """Return the answer to a question; cancelling the caller stops the model within one step.

        `on_draft` is called on the event loop, before the answer.
        """
        if self.failure is not None:
            return NoFill("model_failed", self.failure)
        if self.model_name is None:
            return NoFill("model_loading")
        if self._closed:
            return NoFill("cancelled")
        self.supersede(lane)
        for other in [key for key, job in self._jobs.items() if job.makes_way]:
            self.supersede(other)
        job = _Job(request, asyncio.get_running_loop().create_future(), on_draft)
        self._jobs[lane] = job
        self._queue.put(job)
        self.on_change()
        try:
            return await job.answer
        finally:
            job.token.cancel()
            if self._jobs.get(lane) is job:
                del self._jobs[lane]
            self.on_change()

    def supersede(self, lane: Hashable, reason: Reason = "superseded") -> None:
        """Answer the lane's open question with the reason, at once; nothing to do when it has none."""
        job = self._jobs.pop(lane, None)
        if job is not None:
            job.give_up(reason)

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

    def _answered(self, job: _Job, answer: Answer) -> None:
        if not (isinstance(answer, NoFill) and answer.reason in REFUSALS):
            self.n_speculative += job.request.speculative
            self.n_asked += not job.request.speculative
        if answer.steps:
            self.last_steps = LastSteps(answer.steps, round(answer.timings_ms.get("denoise", 0.0) / answer.steps, 2))
        job.deliver(answer)

    def _opened(self, filler: Filler) -> None:
        self._filler = filler
        self._finish_loading()

    def _failed(self, failure: str) -> None:
        self.failure = failure
        self._finish_loading()

    def _finish_loading(self) -> None:
        if not self.opened().done():
            self.opened().set_result(None)
        self.on_change()

    # On the worker thread.

    def _work(self, open_filler: Callable[[], Filler], loop: asyncio.AbstractEventLoop) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody is left to tell
            try:
                filler = open_filler()
            except (Exception, SystemExit) as error:
                log.debug("opening the model failed", exc_info=True)
                loop.call_soon_threadsafe(self._failed, f"{error}" or type(error).__name__)
                return
            loop.call_soon_threadsafe(self._opened, filler)
            while (job := self._queue.get()) is not None:
                if job.token.cancelled:
                    continue
                show = None if job.on_draft is None else partial(_show, loop, job)
                said = answer(filler, job.request, job.asked_at, job.token, show)
                loop.call_soon_threadsafe(self._answered, job, said)


def _show(loop: asyncio.AbstractEventLoop, job: _Job, draft: Draft) -> None:
    loop.call_soon_threadsafe(job.show, draft)
