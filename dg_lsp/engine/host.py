"""The engine's event loop: takes connections, hands questions to the scheduler, sends answers, knows when to end.

Every question is answered once, or its connection has ended. No timer runs while there is nothing to time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import socket
import time
from collections.abc import Callable
from functools import partial

import psutil

from dg_lsp.backend.backend import ModelFacts
from dg_lsp.backend.question import Question
from dg_lsp.backend.scheduler import Scheduler
from dg_lsp.engine.client_connection import ClientConnection
from dg_lsp.engine.identity import Identity
from dg_lsp.engine.idle_timer import LINGER_S, Ending, IdleTimer
from dg_lsp.engine.messages import (
    Ask,
    Cancel,
    EngineState,
    Facts,
    FromServer,
    Goodbye,
    Hello,
    MessageError,
    News,
    Peek,
    Reader,
    Refused,
    Stop,
    Welcome,
    request_of,
)
from dg_lsp.engine.runtime_dir import is_ours
from infill.types import Filler, NoFill
from model.types import OnBytes

log = logging.getLogger(__name__)

TELL_BYTES_EVERY_S = 0.25  # at least so long between two news of the bytes that are loaded
TELL_EVERY_S = 1.0  # at least so long between two news that only answers give rise to
FAILED_S = 2.0  # to tell the servers that are just coming
_CHUNK_BYTES = 1 << 16


class Host:
    """Serves one model to every server that means this identity; make it on the event loop's thread."""

    def __init__(
        self, identity: Identity, open_filler: Callable[[OnBytes], Filler], linger_s: float = LINGER_S
    ) -> None:
        self.ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._loop = asyncio.get_running_loop()
        self._identity = identity
        self._clients: set[ClientConnection] = set()
        self._callers: set[asyncio.StreamWriter] = set()
        self._model: ModelFacts | None = None
        self._bytes_loaded: tuple[int, int] | None = None
        self._bytes_told_at = self._told_at = -math.inf
        self._failure: str | None = None
        self._started_at = time.monotonic()
        self._idle = IdleTimer(linger_s, self._busy, self.end)
        self._scheduler = Scheduler(partial(open_filler, self._on_bytes))
        self._scheduler.opened.add_done_callback(self._settled)

    async def serve(self, listener: socket.socket, path: str) -> None:
        """Serve until there is a reason to end; the socket's name goes first."""
        server = await asyncio.start_unix_server(self._attend, sock=listener)
        self._watch()
        why = await self.ending
        with contextlib.suppress(OSError):
            os.unlink(path)  # the lock is ours, so it is our socket
        server.close()
        for client in self._clients:
            client.send(Goodbye(why))

    def end(self, why: Ending) -> None:
        """End the engine; the first reason wins."""
        if not self.ending.done():
            log.info("ending: %s", why)
            self.ending.set_result(why)

    def facts(self) -> Facts:
        """Return what the engine says of itself now."""
        state: EngineState = "ready"
        if self._failure is not None:
            state = "failed"
        elif self._model is None:
            state = "loading"
        elif self._busy():
            state = "busy"
        model = self._model
        return Facts(
            process_id=os.getpid(),
            state=state,
            model=model and model.name,
            show_threshold=model.show_threshold if model else 0.0,
            takes_instructions=bool(model and model.takes_instructions),
            device=model and model.device,
            languages=model and model.languages,
            clients=len(self._clients),
            queued=self._scheduler.n_waiting,
            resident_mib=round(psutil.Process().memory_info().rss / 2**20, 1),
            uptime_s=round(time.monotonic() - self._started_at, 1),
            failure=self._failure,
            bytes_loaded=self._bytes_loaded if state == "loading" else None,
            reads_ahead=bool(model and model.reads_ahead),
        )

    def _busy(self) -> bool:
        return self._model is None or any(client.questions for client in self._clients)

    def _watch(self) -> None:
        self._idle.watch([client.unload_after_s for client in self._clients])

    # Connections.

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._callers.add(writer)
        client = ClientConnection(writer)
        try:
            if not is_ours(writer.get_extra_info("socket")):
                log.warning("refused a connection of another user")
                return
            messages: Reader[FromServer] = Reader(FromServer)
            while chunk := await reader.read(_CHUNK_BYTES):
                for message in messages.feed(chunk):
                    self._take(client, message)
        except MessageError as error:
            log.warning("refused a connection: %s", error)
            client.send(Refused(f"{error}; `dg-lsp engine stop`, then restart the editor"))
        except OSError:
            pass
        finally:
            self._leave(client)
            if not self.ending.done():  # else the connection ends with the process, which is what they wait for
                self._callers.discard(writer)
                writer.close()

    def _take(self, client: ClientConnection, message: FromServer) -> None:
        match message:
            case Hello():
                self._join(client, message)
            case Peek():
                client.send(News(self.facts()))
            case Stop():
                self.end("stopped")
            case Ask():
                self._ask(client, message)
            case Cancel():
                if (question := client.questions.get(message.id)) is not None:
                    question.withdraw()

    def _join(self, client: ClientConnection, hello: Hello) -> None:
        if hello.identity != self._identity:
            raise MessageError("this engine has another model, version or number of threads")
        client.unload_after_s = hello.unload_after_s
        self._clients.add(client)
        self._idle.used()
        client.send(Welcome(self.facts()))
        self._tell(but=client)
        self._watch()
        log.info("a client came, clients=%d", len(self._clients))

    def _leave(self, client: ClientConnection) -> None:
        gone, client.questions = client.questions, {}
        for question in gone.values():
            question.withdraw()
        if client in self._clients:
            self._clients.discard(client)
            self._tell()
            self._watch()
            log.info("a client left, clients=%d", len(self._clients))

    def _tell(self, but: ClientConnection | None = None) -> None:
        """Tell the clients what changed."""
        self._told_at = time.monotonic()
        news = News(self.facts())
        for client in self._clients:
            if client is not but:
                client.send(news)

    # Questions.

    def _ask(self, client: ClientConnection, asked: Ask) -> None:
        if client not in self._clients or asked.id in client.questions:
            raise MessageError("a question before the greeting, or with a number in use")
        self._idle.used()
        show = partial(client.show, asked.id) if asked.drafts else None
        question = client.questions[asked.id] = Question(request_of(asked), show, owner=client)
        question.answer.add_done_callback(lambda _: self._answered(client, asked.id, question))
        if self._model is None and self._failure is None and not asked.patient:
            question.resolve(NoFill("model_loading"))
        else:
            self._scheduler.submit(question)

    def _answered(self, client: ClientConnection, number: int, question: Question) -> None:
        """Send the one answer of a question."""
        self._idle.used()
        if client.questions.pop(number, None) is not None:
            client.answer(number, question.answer.result())
            if time.monotonic() - self._told_at > TELL_EVERY_S:  # the memory is another
                self._tell()

    # The model.

    def _on_bytes(self, done: int, total: int) -> None:
        """Tell how far loading is, not of every tensor. On the scheduler's thread."""
        now = time.monotonic()
        if now - self._bytes_told_at >= TELL_BYTES_EVERY_S or done == total:
            self._bytes_told_at = now
            with contextlib.suppress(RuntimeError):  # the loop has closed: the process is ending
                self._loop.call_soon_threadsafe(self._loaded, done, total)

    def _loaded(self, done: int, total: int) -> None:
        """The model is on its way."""
        self._bytes_loaded = done, total
        self._tell()

    def _settled(self, opened: asyncio.Future[ModelFacts]) -> None:
        """The model is ready; or it cannot be opened: say so and end, so that the next engine finds it mended."""
        error = opened.exception()
        if error is None:
            self._model = opened.result()
            log.info("model ready name=%s s=%.1f", self._model.name, time.monotonic() - self._started_at)
        else:
            self._failure = f"{error}" or type(error).__name__
            log.error("the model could not be opened")
            self._loop.call_later(FAILED_S, self.end, "failed")
        self._tell()
