"""A `Backend` whose model is in the engine process: on the event loop, and never without an answer.

When the engine dies, the next one is found or started at once, before anybody asks. A question that falls in
between is asked once more, and given the time that an engine needs to start. When that fails too, the answer is
a reason with a remedy, and the next question tries again, not at once each time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from dg_lsp.backend.backend import BackendState, ModelFacts
from dg_lsp.backend.question import Answer, Question
from dg_lsp.engine.engine_connection import EngineConnection, EngineLost
from dg_lsp.engine.finder import EngineFinder
from dg_lsp.engine.identity import Identity
from dg_lsp.engine.messages import Facts, Hello, MessageError
from dg_lsp.engine.runtime_dir import EngineUnavailable, where_log_is
from dg_lsp.engine.start import ENGINE_COMMAND
from infill.types import NoFill
from model.types import CheckpointError, OnBytes

log = logging.getLogger(__name__)

OVERTIME_S = 5.0  # past a deadline, which is the engine's to keep: after that it hangs
RESTART_S = 2.0  # for an engine in place of one that died; it usually takes most of a second, the model included
RETRY_S = (1.0, 30.0)  # pause after the first failure in a row, longest pause
_TRIES = 2
# A killed engine's listener may outlive its connections by a moment: who reaches it then is never greeted.
_UNGREETED_TRIES = 3
_UNGREETED_PAUSE_S = 0.02


class EngineClient:
    """Asks the engine of an identity; open it before anything else."""

    def __init__(
        self,
        identity: Identity,
        unload_after_s: float | None,
        command: Sequence[str] = ENGINE_COMMAND,
        on_bytes: OnBytes | None = None,
    ) -> None:
        """`on_bytes` hears how far loading is, whenever the engine loads."""
        self._engine = EngineFinder(Hello(identity, unload_after_s), command, self._heard)
        self._closed = False
        self._failures = 0
        self._retry_at = 0.0
        self._on_bytes = on_bytes
        self._on_change: Callable[[], None] = lambda: None
        self._model: ModelFacts | None = None
        self._tasks: set[asyncio.Task[None]] = set()  # the loop itself holds tasks only weakly

    @property
    def answering(self) -> ModelFacts:
        """As the engine's own filler has it; only once it was open."""
        assert self._model is not None
        return self._model

    rewriting = answering

    @property
    def facts(self) -> Facts | None:
        """What the engine last said of itself; None when it is gone, until somebody asks again."""
        connection = self._engine.connection
        return None if connection is None or connection.lost else connection.facts

    @property
    def state(self) -> BackendState:
        """What the engine is doing."""
        facts, connection = self.facts, self._engine.connection
        goodbye = connection.goodbye if connection is not None and connection.lost else None
        return BackendState(
            loading=facts is not None and facts.state == "loading",
            failure="the engine is gone" if facts is None else facts.failure,
            unloaded=goodbye is not None and goodbye.why == "unloaded",
            shared=True,
            clients=None if facts is None else facts.clients,
            memory_bytes=None if facts is None else round(facts.resident_mib * 2**20),
        )

    def submit(self, question: Question) -> None:
        """Ask the engine, now."""
        task = self._hold(self._answer(question))
        question.token.on_cancel(lambda: _cancel(task))

    def watch(self, on_change: Callable[[], None]) -> None:
        """Have it called when the engine said something of itself or has ended."""
        self._on_change = on_change

    def prefer_smaller(self, smaller: bool) -> None:
        """The engine has one model."""

    def close(self) -> None:
        """Leave the engine, once what was asked is answered."""
        self._closed = True
        self._leave()

    def ended(self, grace_s: float) -> bool:
        """True: no thread of this process has the model."""
        return True

    async def open(self) -> EngineClient:
        """Find or start the engine and wait for its model; a second engine is given a chance when the first one dies.

        Raises `EngineUnavailable` where no engine can be had, `CheckpointError` where the model cannot.
        """
        for _ in range(_TRIES):
            connection = await self._engine.connected(None)
            try:
                facts = await connection.opened()
            except EngineLost:
                continue
            except EngineUnavailable:
                self.close()
                raise
            if facts.failure is not None:
                raise CheckpointError(facts.failure)
            self._model = _model_of(facts)
            return self
        if self._engine.connection is not None and self._engine.connection.facts is not None:
            raise CheckpointError(f"the engine ended while the model was loading; {where_log_is()}")
        raise EngineUnavailable(f"the engine ends at once; {where_log_is()}")

    def _hold(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._closed:
            self._leave()

    def _leave(self) -> None:
        if not self._tasks and self._engine.connection is not None:
            self._engine.connection.close()

    def _heard(self, connection: EngineConnection) -> None:
        """Pass on what the engine said of itself, or that it has ended."""
        facts = self.facts
        if facts is not None and facts.bytes_loaded is not None and self._on_bytes is not None:
            self._on_bytes(*facts.bytes_loaded)
        self._on_change()
        # Have another engine open the model before the next question; not one whose model did not even open.
        had_opened = connection.facts is not None and connection.facts.model is not None
        if connection.died and had_opened and not self._closed:
            self._hold(self._replace())

    async def _replace(self) -> None:
        with contextlib.suppress(EngineUnavailable):  # the next question says so
            for _ in range(_UNGREETED_TRIES):
                if self._closed or await (await self._engine.connected(None)).greeted():
                    return
                await asyncio.sleep(_UNGREETED_PAUSE_S)

    async def _answer(self, question: Question) -> None:
        """Answer a question, whatever happens to engines meanwhile."""
        try:
            answer = await self._asked(question)
        except asyncio.CancelledError:
            answer = NoFill("cancelled")
        question.on_result(answer)
        question.resolve(answer)

    async def _asked(self, question: Question) -> Answer:
        if time.monotonic() < self._retry_at:
            return NoFill("model_failed", f"the engine failed and is tried again soon; {where_log_is()}")
        died = self._engine.died()
        why = f"the engine ended twice; {where_log_is()}"
        tries = ungreeted = 0
        while tries < _TRIES and ungreeted < _UNGREETED_TRIES:
            connection: EngineConnection | None = None
            if died and question.deadline is not None:
                question.deadline = max(question.deadline, time.monotonic() + RESTART_S)
            # One that died is replaced unnoticed; one that unloaded its model on purpose is said to load.
            patient = died or question.request.trigger == "manual"
            try:
                connection = await self._engine.connected(question.deadline)
                answer = await self._try(connection, question, patient)
            except EngineLost:
                died = True
                if connection is not None and connection.facts is None:
                    ungreeted += 1
                    await asyncio.sleep(_UNGREETED_PAUSE_S)
                else:
                    tries += 1
                continue
            except EngineUnavailable as error:
                why = str(error)
                break
            except MessageError as error:
                return NoFill("model_failed", str(error))
            failure = None if self.facts is None else self.facts.failure
            if failure is not None:  # of a model that opened before
                why = failure
                break
            self._failures = 0
            return answer
        return self._failed(why)

    def _failed(self, why: str) -> NoFill:
        """Note that no engine can be had, and for how long not to try again."""
        log.error("the engine failed: %s", why)
        first, longest = RETRY_S
        self._retry_at = time.monotonic() + min(first * 2**self._failures, longest)
        self._failures += 1
        return NoFill("model_failed", why)

    async def _try(self, connection: EngineConnection, question: Question, patient: bool) -> Answer:
        """Ask the engine once; raises `EngineLost`, `EngineUnavailable` or `MessageError`."""
        left_ms = question.left_ms()
        if left_ms is not None and left_ms <= 0:
            return NoFill("deadline", "the time ran out while waiting for the engine")
        try:
            async with asyncio.timeout(None if left_ms is None else left_ms / 1000 + OVERTIME_S):
                number, answer = connection.ask(question, patient)
                try:
                    return await answer
                except asyncio.CancelledError:
                    connection.cancel(number)
                    raise
        except TimeoutError:
            return NoFill("deadline", "the engine does not answer; `dg-lsp engine stop` ends it")
        except EngineLost:
            if connection.refusal is not None:
                raise EngineUnavailable(connection.refusal) from None
            raise


def _cancel(task: asyncio.Task[None]) -> None:
    """End a task; of use where a callback returns nothing."""
    task.cancel()


def _model_of(facts: Facts) -> ModelFacts:
    return ModelFacts(
        facts.model or "embedded",
        facts.device or "unknown",
        facts.show_threshold,
        facts.takes_instructions,
        facts.languages,
        facts.reads_ahead,
    )
