"""The engine's one thread with the model on it: opens it, takes jobs in turn, answers each.

What it says to the host is called on the event loop's thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import threading
import time
from collections.abc import Callable, Hashable
from functools import partial
from typing import NamedTuple, Protocol

from dg_lsp.engine.answering import answer
from dg_lsp.engine.fair_queue import Turns
from dg_lsp.engine.messages import Answer, Ask, request_of
from infill.types import Draft, Filler, NoFill
from model.types import CancelToken, OnBytes

log = logging.getLogger(__name__)

TELL_EVERY_S = 0.25  # at least so long between two tellings of the bytes that are loaded


class About(NamedTuple):
    """What servers want to know of the model."""

    model: str | None  # None while it loads, as is the device
    show_threshold: float
    takes_instructions: bool
    device: str | None
    languages: tuple[str, ...] | None


class Job:
    """One question of one client, from its arrival to its answer."""

    def __init__(self, owner: Hashable, question: Ask) -> None:
        self.owner = owner
        self.question = question
        self.makes_way = question.request.speculative  # nobody waits for it
        self.token = CancelToken()
        self.asked_at = time.monotonic()
        self.expiry: asyncio.TimerHandle | None = None

    def left_ms(self) -> float | None:
        """Milliseconds that the wait has left of the deadline."""
        deadline_ms = self.question.request.deadline_ms
        return None if deadline_ms is None else deadline_ms - (time.monotonic() - self.asked_at) * 1000


class Listener(Protocol):
    """Who hears of the worker, on the event loop's thread."""

    def loaded(self, done: int, total: int) -> None: ...

    def opened(self, about: About) -> None: ...

    def failed(self, failure: str) -> None: ...

    def begun(self, job: Job) -> None: ...

    def drafted(self, job: Job, draft: Draft) -> None: ...

    def answered(self, job: Job, answer: Answer) -> None: ...


class Worker:
    """Owns the thread and the jobs that wait for it. `submit`, `withdraw` and `close` are for the loop's thread."""

    def __init__(self, listener: Listener, loop: asyncio.AbstractEventLoop) -> None:
        self.waiting: Turns[Job] = Turns()
        self._listener = listener
        self._loop = loop
        self._running: Job | None = None
        self._told_at = -math.inf  # of bytes

    def start(self, open_filler: Callable[[OnBytes], Filler]) -> None:
        """Open the model on a new thread and serve from there."""
        threading.Thread(target=self._work, args=(open_filler,), name="dg-lsp-model", daemon=True).start()

    def submit(self, job: Job) -> None:
        """Take a job; it is answered unless it is withdrawn. What runs and makes way does so for every window's."""
        self.waiting.put(job.owner, job, last=job.makes_way)
        running = self._running
        if running is not None and running.makes_way and not job.makes_way:
            running.token.cancel()

    def withdraw(self, job: Job) -> bool:
        """Take a job back; False when it has begun, and is answered from here."""
        return self.waiting.remove(job.owner, job)

    def _post(self, call: Callable[..., None], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed: the process is ending
            self._loop.call_soon_threadsafe(call, *arguments)

    def _on_bytes(self, done: int, total: int) -> None:
        """Tell how far loading is, not of every tensor."""
        now = time.monotonic()
        if now - self._told_at >= TELL_EVERY_S or done == total:
            self._told_at = now
            self._post(self._listener.loaded, done, total)

    def _work(self, open_filler: Callable[[OnBytes], Filler]) -> None:
        try:
            filler = open_filler(self._on_bytes)
            about = About(
                filler.model_name,
                filler.show_threshold,
                filler.takes_instructions,
                filler.device,
                filler.languages,
            )
        except (Exception, SystemExit) as error:
            log.debug("opening the model failed", exc_info=True)
            self._post(self._listener.failed, f"{error}" or type(error).__name__)
            return
        self._post(self._listener.opened, about)
        while (job := self.waiting.get()) is not None:
            self._running = job  # from here on `submit` cancels it
            if job.makes_way and self.waiting.pressing:
                job.token.cancel()
            if job.token.cancelled:
                self._post(self._listener.answered, job, NoFill("cancelled"))
                continue
            self._post(self._listener.begun, job)
            asked = job.question
            show = partial(self._post, self._listener.drafted, job) if asked.drafts else None
            said = answer(filler, request_of(asked), job.asked_at, job.token, show)
            self._post(self._listener.answered, job, said)
