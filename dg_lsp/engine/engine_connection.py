"""One connection to an engine, on the event loop: it greets, carries questions, and knows when the engine has ended."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable

from dg_lsp.backend.question import Answer, Question
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

WELCOME_LIMIT_S = 20.0  # a new process on a busy machine; not the model, which may take minutes
_CHUNK_BYTES = 1 << 16


class EngineLost(Exception):
    """The connection to the engine has ended."""


class EngineConnection:
    """Greets an engine and carries questions to it; `facts` is the last it said of itself.

    `on_news` is called when it says something of itself, and when it has ended.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        hello: Hello,
        on_news: Callable[[EngineConnection], None] = lambda _: None,
    ) -> None:
        self.facts: Facts | None = None  # None until the engine has greeted
        self.goodbye: Goodbye | None = None  # it ended on purpose
        self.refusal: str | None = None
        self.lost = False
        self._on_news = on_news
        self._changed = asyncio.Event()  # another one after each change
        self._pending: dict[int, tuple[asyncio.Future[Answer], Question]] = {}
        self._number = 0
        self._writer = writer
        self.send(hello)
        self._reading = asyncio.ensure_future(self._read(reader))
        self._reading.add_done_callback(lambda _: self._end())

    @property
    def died(self) -> bool:
        """Whether an engine that had greeted ended without a word, and not because we left it."""
        greeted = self.facts is not None and self.goodbye is None and self.refusal is None
        return self.lost and greeted and not self._reading.cancelled()

    async def greeted(self) -> bool:
        """Wait for the greeting; False when none comes."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WELCOME_LIMIT_S):
                await self._until(lambda: self.facts is not None or self.lost)
        return self.facts is not None

    async def opened(self) -> Facts:
        """Wait until the model is open or has failed; raises `EngineLost`, `EngineUnavailable` without a greeting."""
        if not await self.greeted() and not self.lost:
            raise EngineUnavailable("the engine does not answer; `dg-lsp engine stop` ends it")
        await self._until(lambda: self.lost or (self.facts is not None and self.facts.state != "loading"))
        if self.refusal is not None:
            raise EngineUnavailable(self.refusal)
        if self.facts is None or self.facts.state == "loading":
            raise EngineLost
        return self.facts

    def ask(self, question: Question, patient: bool) -> tuple[int, asyncio.Future[Answer]]:
        """Send a question; return its number and what will be its answer, or fail with `EngineLost`.

        Raises `EngineLost`, or `MessageError` if it cannot be sent.
        """
        if self.lost:
            raise EngineLost
        self._number += 1
        drafts = question.on_draft is not None
        self.send(ask(self._number, question.request, question.left_ms(), patient, drafts))
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._pending[self._number] = answer, question
        return self._number, answer

    def cancel(self, number: int) -> None:
        """Tell the engine that nobody waits for this answer."""
        if self._pending.pop(number, None) is not None and not self.lost:
            self.send(Cancel(number))

    def send(self, message: FromServer) -> None:
        """Send a message; whether the engine is still there is found out by reading."""
        self._writer.write(pack(message))

    def close(self) -> None:
        """End the connection."""
        self._reading.cancel()

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            await self._changed.wait()

    def _change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        messages: Reader[FromEngine] = Reader(FromEngine)
        with contextlib.suppress(OSError, MessageError):
            while chunk := await reader.read(_CHUNK_BYTES):
                for message in messages.feed(chunk):
                    self._take(message)

    def _take(self, message: FromEngine) -> None:
        match message:
            case Welcome() | News():
                self.facts = message.facts
                self._on_news(self)
            case Refused():
                self.refusal = message.message
            case Goodbye():
                self.goodbye = message
            case Drafted():
                if (pending := self._pending.get(message.id)) is not None:
                    pending[1].show(message.draft)
            case Answered():
                if (pending := self._pending.pop(message.id, None)) is not None and not pending[0].done():
                    pending[0].set_result(message.answer)
        self._change()

    def _end(self) -> None:
        """Whoever waits for something of the engine waits in vain."""
        self.lost = True
        self._writer.transport.abort()
        for answer, _ in self._pending.values():
            if not answer.done():
                answer.set_exception(EngineLost())
        self._pending.clear()
        self._change()
        self._on_news(self)


async def connect_to(
    connection: socket.socket, hello: Hello, on_news: Callable[[EngineConnection], None] = lambda _: None
) -> EngineConnection:
    """Greet the engine at the other end of a socket."""
    reader, writer = await asyncio.open_unix_connection(sock=connection)
    return EngineConnection(reader, writer, hello, on_news)
