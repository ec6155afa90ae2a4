"""The one worker thread with a model on it: in the server's process, and in the engine's.

Owners are served in turn, what nobody waits for comes last and gives way, every question is answered once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, ParamSpec

import msgspec

from dg_lsp.backend.backend import Backend, BackendState, ModelFacts, facts_of
from dg_lsp.backend.fair_queue import FairQueue
from dg_lsp.backend.question import Answer, Question
from infill.types import Filler, NoFill

P = ParamSpec("P")

log = logging.getLogger(__name__)


class Scheduler:
    """A `Backend` for a filler that is opened on the worker. All methods are for the event loop's thread."""

    def __init__(self, open_filler: Callable[[], Filler]) -> None:
        """Begin to open the model; questions may come before it is open, and wait for it."""
        self._loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[ModelFacts] = self._loop.create_future()  # fails with what opening raised
        self.opened.add_done_callback(_seen)
        self._failure: str | None = None
        self._closed = False
        self._waiting: FairQueue[Question] = FairQueue()
        self._running: Question | None = None
        self._thread = threading.Thread(target=self._work, args=(open_filler,), name="dg-lsp-model", daemon=True)
        self._thread.start()

    @property
    def answering(self) -> ModelFacts:
        """Of the model; only once it is open."""
        return self.opened.result()

    rewriting = answering

    @property
    def state(self) -> BackendState:
        """Whether the model is open."""
        return BackendState(loading=not self.opened.done(), failure=self._failure)

    @property
    def n_waiting(self) -> int:
        """Questions whose turn has not come."""
        return len(self._waiting)

    def submit(self, question: Question) -> None:
        """Put a question in the line. One that runs and is speculative gives way to one that is not."""
        if self._failure is not None:
            question.resolve(NoFill("model_failed", self._failure))
            return
        if self._closed:
            question.resolve(NoFill("cancelled"))
            return
        speculative = question.request.speculative
        question.token.on_cancel(lambda: self._drop(question))
        self._waiting.put(question.owner, question, last=speculative)
        if (left_ms := question.left_ms()) is not None:
            timer = self._loop.call_later(max(left_ms, 0) / 1000, self._expire, question)
            question.answer.add_done_callback(lambda _: timer.cancel())
        running = self._running
        if running is not None and running.request.speculative and not speculative:
            running.token.cancel()

    def watch(self, on_change: Callable[[], None]) -> None:
        """Once it is open, nothing changes."""

    def prefer_smaller(self, smaller: bool) -> None:
        """There is only this one."""

    def close(self) -> None:
        """End the worker once what it has taken is answered; who asked may withdraw that."""
        self._closed = True
        self._waiting.close()

    def ended(self, grace_s: float) -> bool:
        """Return True when the worker has ended, after waiting for it at most `grace_s`. Blocks."""
        self._thread.join(grace_s)
        return not self._thread.is_alive()

    # On the event loop.

    def _expire(self, question: Question) -> None:
        """The deadline has passed; the filler keeps it where the turn has come."""
        if self._waiting.remove(question.owner, question):
            reason = "deadline" if self.opened.done() else "model_loading"
            question.resolve(NoFill(reason, "the time ran out while waiting for the model"))

    def _drop(self, question: Question) -> None:
        """Nobody waits for it any more. On whatever thread cancels."""
        self._waiting.remove(question.owner, question)

    def _finish(self, question: Question, answer: Answer) -> None:
        question.on_result(answer)
        question.resolve(answer)

    def _open(self, facts: ModelFacts) -> None:
        if not self.opened.done():
            self.opened.set_result(facts)

    def _fail(self, error: BaseException) -> None:
        self._failure = f"{error}" or type(error).__name__
        if not self.opened.done():
            self.opened.set_exception(error if isinstance(error, Exception) else RuntimeError(self._failure))
        for question in self._waiting.drain():
            question.resolve(NoFill("model_failed", self._failure))

    # On the worker thread.

    def _post(self, call: Callable[..., None], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody is left to tell
            self._loop.call_soon_threadsafe(call, *arguments)

    def _work(self, open_filler: Callable[[], Filler]) -> None:
        try:
            filler = open_filler()
            self._post(self._open, facts_of(filler))
        except (Exception, SystemExit) as error:
            log.debug("opening the model failed", exc_info=True)
            self._post(self._fail, error)
            return
        while (question := self._waiting.get()) is not None:
            self._running = question  # from here on `submit` cancels it
            if question.request.speculative and self._waiting.pressing:
                question.token.cancel()
            if question.token.cancelled:
                self._post(question.resolve, NoFill("cancelled"))
                continue
            self._post(self._finish, question, self._answer(filler, question))

    def _answer(self, filler: Filler, question: Question) -> Answer:
        """The filler's answer within what the wait has left of the deadline; its errors become a value."""
        request, left_ms = question.request, question.left_ms()
        if left_ms is not None:
            if left_ms <= 0:
                return NoFill("deadline", "the time ran out while waiting for the model")
            request = msgspec.structs.replace(request, deadline_ms=left_ms)
        show = None if question.on_draft is None else partial(self._post, question.show)
        try:
            return filler.fill(request, question.token, show)
        except Exception as error:
            log.error("the fill failed with %s; --log-level debug shows where", type(error).__name__)
            log.debug("the fill failed", exc_info=True)  # may quote the user's text
            return NoFill("model_failed", type(error).__name__)


def _seen(opened: asyncio.Future[ModelFacts]) -> None:
    """A failure that nobody awaits is no news of the event loop's."""
    if not opened.cancelled():
        opened.exception()


def in_process(open_filler: Callable[P, Filler]) -> Callable[P, Coroutine[Any, Any, Backend]]:
    """Return a function that opens the filler, given the same arguments, on a thread of this process."""

    async def opened(*arguments: P.args, **named: P.kwargs) -> Backend:
        scheduler = Scheduler(partial(open_filler, *arguments, **named))
        await asyncio.shield(scheduler.opened)
        return scheduler

    return opened
