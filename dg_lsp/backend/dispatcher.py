"""The questions of one window: the newest of each lane wins, what nobody waits for gives way, each is answered once.

A lane is what may supersede itself (the ghost text of a document, the rewrite of a document). There is no queue and
no thread here: a question goes on to the backend at once. Knows nothing of the protocol.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable
from typing import Literal, NamedTuple

from dg_lsp.backend.backend import Backend, BackendState, ModelFacts, OpenBackend
from dg_lsp.backend.question import Answer, Question
from infill.types import REFUSALS, NoFill, OnDraft, Reason, Request

State = Literal["starting", "loading", "ready", "busy", "failed"]

log = logging.getLogger(__name__)


class LastSteps(NamedTuple):
    """The denoising steps of a fill."""

    steps: int
    ms_per_step: float


class Dispatcher:
    """Owns the backend once it is open. All methods are for the event loop's thread."""

    def __init__(self) -> None:
        self.failure: str | None = None  # why no model is open
        self.last_steps: LastSteps | None = None
        self.on_change: Callable[[], None] = lambda: None  # the state may be another
        self.backend: Backend | None = None
        self.n_asked = self.n_speculative = 0  # questions that the model was at work on
        self._opened_or_failed: asyncio.Future[None] | None = None
        self._opening: asyncio.Task[None] | None = None
        self._questions: dict[Hashable, Question] = {}
        self._closed = False

    @property
    def answering(self) -> ModelFacts | None:
        """Of the model that answers now; None until one is open."""
        return None if self.backend is None else self.backend.answering

    @property
    def model_name(self) -> str | None:
        """The name of the model that answers now; None until one is open."""
        return None if self.backend is None else self.backend.answering.name

    @property
    def takes_instructions(self) -> bool:
        """Whether an instruction means anything to the model that rewrites."""
        return self.backend is not None and self.backend.rewriting.takes_instructions

    @property
    def languages(self) -> tuple[str, ...] | None:
        """Of the model that rewrites; None: any."""
        return None if self.backend is None else self.backend.rewriting.languages

    @property
    def n_open(self) -> int:
        """Questions without an answer."""
        return len(self._questions)

    @property
    def state(self) -> State:
        """What the status request tells."""
        if self._opening is None:
            return "starting"
        if self.failure is not None:
            return "failed"
        if self.backend is None:
            return "loading"
        return "busy" if any(not question.request.only_reads for question in self._questions.values()) else "ready"

    @property
    def backend_state(self) -> BackendState:
        """What the backend is doing; while none is open, only why."""
        return BackendState(failure=self.failure) if self.backend is None else self.backend.state

    def start(self, open_backend: OpenBackend) -> asyncio.Future[None]:
        """Open the backend; see `opened` for the future."""
        if self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(self._open(open_backend))
            self.on_change()
        return self.opened()

    def opened(self) -> asyncio.Future[None]:
        """Return a future that ends when the model is open or has failed, without error; for all, so not to cancel."""
        if self._opened_or_failed is None:
            self._opened_or_failed = asyncio.get_running_loop().create_future()
        return self._opened_or_failed

    async def _open(self, open_backend: OpenBackend) -> None:
        try:
            backend = await open_backend()
        except Exception as error:
            log.debug("opening the model failed", exc_info=True)
            self.failure = f"{error}" or type(error).__name__
        else:
            self.backend = backend
            if self._closed:
                backend.close()
        if not self.opened().done():
            self.opened().set_result(None)
        self.on_change()

    async def fill(self, lane: Hashable, request: Request, on_draft: OnDraft | None = None) -> Answer:
        """Return the answer to a question; cancelling the caller stops the model within one step.

        `on_draft` is called on the event loop, before the answer.
        """
        if self.failure is not None:
            return NoFill("model_failed", self.failure)
        if self.backend is None:
            return NoFill("model_loading")
        if self._closed:
            return NoFill("cancelled")
        self.supersede(lane)
        for other in [key for key, question in self._questions.items() if question.request.speculative]:
            self.supersede(other, "superseded" if request.speculative else "cancelled")
        question = self._questions[lane] = Question(request, on_draft)
        question.on_result = lambda answer: self._note(request, answer)
        self.backend.submit(question)
        self.on_change()
        try:
            return await question.answer
        finally:
            question.withdraw()
            if self._questions.get(lane) is question:
                del self._questions[lane]
            self.on_change()

    def supersede(self, lane: Hashable, reason: Reason = "superseded") -> None:
        """Answer the lane's open question with the reason, at once; nothing to do when it has none."""
        question = self._questions.pop(lane, None)
        if question is not None:
            question.withdraw(reason)

    def close(self) -> None:
        """Take no more questions and cancel the open ones."""
        self._closed = True
        for lane in list(self._questions):
            self.supersede(lane, "cancelled")
        if self.backend is not None:
            self.backend.close()

    def ended(self, grace_s: float) -> bool:
        """Return True when the model's thread has ended, after waiting for it at most `grace_s`. Blocks."""
        return self.backend is None or self.backend.ended(grace_s)

    def _note(self, request: Request, answer: Answer) -> None:
        """Count what the model was at work on."""
        if request.only_reads and not answer.unread:
            return
        if not (isinstance(answer, NoFill) and answer.reason in REFUSALS):
            self.n_speculative += request.speculative
            self.n_asked += not request.speculative
        if answer.steps:
            self.last_steps = LastSteps(answer.steps, round(answer.timings_ms.get("denoise", 0.0) / answer.steps, 2))
