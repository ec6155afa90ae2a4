"""A `Filler` whose model is in the engine process: blocking, for one thread, and never without an answer.

When the engine dies, the next one is found or started at once, before anybody asks. A question that falls in
between is asked once more, and given the time that an engine needs to start. When that fails too, the answer is
a reason with a remedy, and the next question tries again, not at once each time.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence

import msgspec

from dg_lsp.engine.identity import Identity
from dg_lsp.engine.link import EngineLost, Inbox, Link, Signal
from dg_lsp.engine.messages import Answer, Drafted, Facts, Hello, MessageError
from dg_lsp.engine.runtime_dir import EngineUnavailable, log_path
from dg_lsp.engine.start import ENGINE_COMMAND, reach
from infill.types import Filled, FillRequest, NoFill, OnDraft
from model.types import CancelToken, CheckpointError, OnBytes

log = logging.getLogger(__name__)

OVERTIME_S = 5.0  # past a deadline, which is the engine's to keep: after that it hangs
RESTART_S = 2.0  # for an engine in place of one that died; it usually takes most of a second, the model included
RETRY_S = (1.0, 30.0)  # pause after the first failure in a row, longest pause
_TRIES = 2
# A killed engine's listener may outlive its connections by a moment: who reaches it then is never greeted.
_UNGREETED_TRIES = 3
_UNGREETED_PAUSE_S = 0.02


class SharedFiller:
    """Asks the engine of an identity; what it says of itself may be read from any thread."""

    def __init__(
        self,
        identity: Identity,
        unload_after_s: float | None,
        command: Sequence[str] = ENGINE_COMMAND,
        on_bytes: OnBytes | None = None,
    ) -> None:
        """Find or start the engine and wait for its model; `on_bytes` hears, on a thread of ours, how far that is.

        Raises `EngineUnavailable` where no engine can be had, `CheckpointError` where the model cannot.
        """
        self._hello = Hello(identity, unload_after_s)
        self._command = command
        self._link: Link | None = None
        self._swap = threading.Lock()  # of the link, by this thread and by that of a link that ends
        self._in_place_of_dead = False
        self._closed = False
        self._failures = 0
        self._retry_at = 0.0
        self._on_bytes = on_bytes
        self._on_news: Callable[[], None] = lambda: None
        self._about = self._open()

    @property
    def model_name(self) -> str:
        """As the engine's own filler has it."""
        return self._about.model or "embedded"

    @property
    def show_threshold(self) -> float:
        """As the engine's own filler has it."""
        return self._about.show_threshold

    @property
    def takes_instructions(self) -> bool:
        """As the engine's own filler has it."""
        return self._about.takes_instructions

    @property
    def languages(self) -> tuple[str, ...] | None:
        """As the engine's own filler has it."""
        return self._about.languages

    @property
    def device(self) -> str:
        """As the engine's own filler has it."""
        return self._about.device or "unknown"

    @property
    def unloaded(self) -> bool:
        """Whether the engine has ended to give the model's memory back."""
        link = self._link
        return link is not None and link.lost and link.goodbye is not None and link.goodbye.why == "unloaded"

    @property
    def loading(self) -> bool:
        """Whether the engine is there and its model is not yet."""
        return self.facts is not None and self.facts.state == "loading"

    @property
    def failed(self) -> bool:
        """Whether the engine is gone or cannot open its model."""
        return self.facts is None or self.facts.failure is not None

    @property
    def facts(self) -> Facts | None:
        """What the engine last said of itself; None when it is gone, until somebody asks again."""
        link = self._link
        return None if link is None or link.lost else link.facts

    def fill(self, request: FillRequest, cancel: CancelToken, on_draft: OnDraft | None = None) -> Filled | NoFill:
        """Answer one request as the engine's filler does."""
        return self._ask(request, cancel, on_draft)

    def watch(self, on_news: Callable[[], None]) -> None:
        """Have it called, on a thread of ours, when the engine said something of itself or has ended."""
        self._on_news = on_news

    def _heard(self) -> None:
        """Pass on what the engine said of itself, or that it has ended."""
        facts = self.facts
        if facts is not None and facts.bytes_loaded is not None and self._on_bytes is not None:
            self._on_bytes(*facts.bytes_loaded)
        self._on_news()

    def close(self) -> None:
        """Leave the engine."""
        self._closed = True
        if self._link is not None:
            self._link.close()

    def _open(self) -> Facts:
        """Wait for the model of an engine; a second engine is given a chance when the first one dies."""
        for _ in range(_TRIES):
            link = self._connected(None, lambda: False)
            try:
                facts = link.opened()
            except EngineLost:
                continue
            except EngineUnavailable:
                self.close()
                raise
            if facts.failure is not None:
                raise CheckpointError(facts.failure)
            return facts
        if self._link is not None and self._link.facts is not None:
            raise CheckpointError(f"the engine ended while the model was loading; its log is {log_path()}")
        raise EngineUnavailable(f"the engine ends at once; its log is {log_path()}")

    def _connected(self, until: float | None, given_up: Callable[[], bool]) -> Link:
        """The link, a new one when the last is lost; raises `EngineUnavailable`."""
        last = self._link
        if last is not None and not last.lost:
            return last
        connection = reach(self._hello.identity, self._command, until, given_up)
        with self._swap:
            if self._link is last:
                ungreeted = last is not None and last.facts is None
                self._in_place_of_dead = (last is not None and last.died) or (ungreeted and self._in_place_of_dead)
                self._link = link = Link(connection, self._hello, self._replace)
                link.on_news = self._heard
                link.listen()
            else:  # the other thread was first
                connection.close()
            assert self._link is not None
            return self._link

    def _replace(self, lost: Link) -> None:
        """Have another engine open the model before the next question; not one whose model did not even open."""
        if not lost.died or lost.facts is None or lost.facts.model is None:
            return
        with contextlib.suppress(EngineUnavailable):  # the next question says so
            for _ in range(_UNGREETED_TRIES):
                if self._closed or self._connected(None, lambda: self._closed).greeted():
                    return
                time.sleep(_UNGREETED_PAUSE_S)

    def _ask(self, request: FillRequest, cancel: CancelToken, on_draft: OnDraft | None) -> Answer:
        if time.monotonic() < self._retry_at:
            return NoFill("model_failed", f"the engine failed and is tried again soon; its log is {log_path()}")
        until = None if request.deadline_ms is None else time.monotonic() + request.deadline_ms / 1000
        died = self._died()
        why = f"the engine ended twice; its log is {log_path()}"
        tries = ungreeted = 0
        while tries < _TRIES and ungreeted < _UNGREETED_TRIES:
            link: Link | None = None
            if died and until is not None:
                until = max(until, time.monotonic() + RESTART_S)
            # One that died is replaced unnoticed; one that unloaded its model on purpose is said to load.
            patient = died or request.trigger == "manual"
            try:
                link = self._connected(until, lambda: cancel.cancelled)
                answer = self._try(link, request, until, patient, cancel, on_draft)
            except EngineLost:
                died = True
                if link is not None and link.facts is None:
                    ungreeted += 1
                    time.sleep(_UNGREETED_PAUSE_S)
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
        if cancel.cancelled:
            return NoFill("cancelled")
        log.error("the engine failed: %s", why)
        first, longest = RETRY_S
        self._retry_at = time.monotonic() + min(first * 2**self._failures, longest)
        self._failures += 1
        return NoFill("model_failed", why)

    def _died(self) -> bool:
        """Whether the last engine died, and the one in its place, if there is one, has not opened the model yet."""
        link = self._link
        if link is None or link.lost:
            return link is not None and link.goodbye is None
        return self._in_place_of_dead and (link.facts is None or link.facts.state == "loading")

    def _try(
        self,
        link: Link,
        request: FillRequest,
        until: float | None,
        patient: bool,
        cancel: CancelToken,
        on_draft: OnDraft | None,
    ) -> Answer:
        """Ask the engine once; raises `EngineLost`, `EngineUnavailable` or `MessageError`."""
        if until is not None:
            left_ms = (until - time.monotonic()) * 1000
            if left_ms <= 0:
                return NoFill("deadline", "the time ran out while waiting for the engine")
            request = msgspec.structs.replace(request, deadline_ms=left_ms)
        if cancel.cancelled:
            return NoFill("cancelled")
        inbox: Inbox = Inbox()  # of this try: what a lost link leaves behind is not for the next one
        cancel.on_cancel(lambda: inbox.put(Signal.CANCELLED))
        number = link.ask(request, patient, on_draft is not None, inbox)
        while True:
            limit_s = None if until is None else max(until + OVERTIME_S - time.monotonic(), 0)
            try:
                event = inbox.get(timeout=limit_s)
            except queue.Empty:
                link.cancel(number)
                return NoFill("deadline", "the engine does not answer; `dg-lsp engine stop` ends it")
            if event is Signal.LOST:
                if link.refusal is not None:
                    raise EngineUnavailable(link.refusal)
                raise EngineLost
            if isinstance(event, Signal):
                link.cancel(number)
                return NoFill("cancelled")
            if not isinstance(event, Drafted):
                return event.answer
            if on_draft is not None:
                on_draft(event.draft)
