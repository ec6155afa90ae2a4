"""One connection to an engine. A thread of its own reads it, so that its end is known even while nobody asks.

Questions and cancels are sent by the thread that fills; answers land in the inbox that came with the question.
"""

from __future__ import annotations

import contextlib
import enum
import queue
import socket
import threading
from collections.abc import Callable

from dg_lsp.engine.messages import (
    Answered,
    Cancel,
    Drafted,
    Facts,
    FromEngine,
    FromServer,
    Goodbye,
    Hello,
    MessageError,
    News,
    Reader,
    Refused,
    Welcome,
    ask,
    pack,
)
from dg_lsp.engine.runtime_dir import EngineUnavailable
from infill.types import FillRequest

WELCOME_LIMIT_S = 20.0  # a new process on a busy machine; not the model, which may take minutes
_CHUNK_BYTES = 1 << 16


class EngineLost(Exception):
    """The connection to the engine has ended."""


class Signal(enum.Enum):
    """What can land in an inbox besides messages."""

    LOST = enum.auto()
    CANCELLED = enum.auto()


Inbox = queue.SimpleQueue[Drafted | Answered | Signal]


class Link:
    """Greets an engine and carries questions to it once `listen` was called; `facts` is the last it said of itself.

    `on_lost` is called with it on the reading thread, which has then nothing else to do.
    """

    def __init__(
        self, connection: socket.socket, hello: Hello, on_lost: Callable[[Link], None] = lambda _link: None
    ) -> None:
        self.facts: Facts | None = None  # None until the engine has greeted
        self.goodbye: Goodbye | None = None  # it ended on purpose
        self.refusal: str | None = None
        self.lost = False
        self._on_lost = on_lost
        self.on_news: Callable[[], None] = lambda: None  # on the reading thread
        self._connection = connection
        self._changed = threading.Condition()
        self._inboxes: dict[int, Inbox] = {}
        self._number = 0
        with contextlib.suppress(EngineLost):  # the reader finds out too
            self._send(hello)

    def listen(self) -> None:
        """Begin to hear the engine, when whoever is told of it is ready for that."""
        threading.Thread(target=self._read, name="dg-lsp-engine-link", daemon=True).start()

    @property
    def died(self) -> bool:
        """Whether an engine that had greeted ended without a word."""
        return self.lost and self.facts is not None and self.goodbye is None and self.refusal is None

    def greeted(self) -> bool:
        """Wait for the greeting; False when none comes."""
        with self._changed:
            self._changed.wait_for(lambda: self.facts is not None or self.lost, WELCOME_LIMIT_S)
            return self.facts is not None

    def opened(self) -> Facts:
        """Wait until the model is open or has failed; raises `EngineLost`, `EngineUnavailable` without a greeting."""
        if not self.greeted() and not self.lost:
            raise EngineUnavailable("the engine does not answer; `dg-lsp engine stop` ends it")
        with self._changed:
            self._changed.wait_for(lambda: self.lost or (self.facts is not None and self.facts.state != "loading"))
            if self.refusal is not None:
                raise EngineUnavailable(self.refusal)
            if self.facts is None or self.facts.state == "loading":
                raise EngineLost
            return self.facts

    def ask(self, request: FillRequest, patient: bool, drafts: bool, inbox: Inbox) -> int:
        """Send a question and return its number; raises `EngineLost`, or `MessageError` if it cannot be sent."""
        with self._changed:
            if self.lost:
                raise EngineLost
            self._number += 1
            number = self._number
            self._inboxes[number] = inbox
        try:
            self._send(ask(number, request, patient, drafts))
        except BaseException:
            self.forget(number)
            raise
        return number

    def forget(self, number: int) -> None:
        """Let what comes for this question fall on the floor."""
        with self._changed:
            self._inboxes.pop(number, None)

    def cancel(self, number: int) -> None:
        """Tell the engine that nobody waits for this answer."""
        self.forget(number)
        with contextlib.suppress(EngineLost):
            self._send(Cancel(number))

    def close(self) -> None:
        """End the connection, and with it the reading thread."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def _send(self, message: FromServer) -> None:
        data = pack(message)
        try:
            self._connection.sendall(data)
        except OSError as error:  # also when half of it went: the rest would be garbage
            with self._changed:
                self.lost = True  # the reader may not know yet
            self.close()
            raise EngineLost from error

    # On the reading thread.

    def _read(self) -> None:
        messages: Reader[FromEngine] = Reader(FromEngine)
        try:
            while chunk := self._connection.recv(_CHUNK_BYTES):
                for message in messages.feed(chunk):
                    self._take(message)
        except (OSError, MessageError):
            pass
        with self._changed:
            self.lost = True
            for inbox in self._inboxes.values():
                inbox.put(Signal.LOST)
            self._inboxes.clear()
            self._changed.notify_all()
        self._connection.close()
        self.on_news()
        self._on_lost(self)

    def _take(self, message: FromEngine) -> None:
        with self._changed:
            match message:
                case Welcome() | News():
                    self.facts = message.facts
                case Refused():
                    self.refusal = message.message
                case Goodbye():
                    self.goodbye = message
                case Drafted():
                    if (inbox := self._inboxes.get(message.id)) is not None:
                        inbox.put(message)
                case Answered():
                    if (inbox := self._inboxes.pop(message.id, None)) is not None:
                        inbox.put(message)
            self._changed.notify_all()
        if isinstance(message, Welcome | News):
            self.on_news()
