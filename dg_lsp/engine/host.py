"""The engine's event loop: takes connections, hands questions to the worker, sends answers, knows when to end.

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

import psutil

from dg_lsp.engine.connection import Guest
from dg_lsp.engine.identity import Identity
from dg_lsp.engine.idle_timer import LINGER_S, Ending, Rest
from dg_lsp.engine.messages import (
    Answer,
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
)
from dg_lsp.engine.runtime_dir import is_ours
from dg_lsp.engine.worker import About, Job, Worker
from infill.types import Draft, Filler, NoFill
from model.types import OnBytes

log = logging.getLogger(__name__)

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
        self._worker = Worker(self, self._loop)
        self._guests: set[Guest] = set()
        self._callers: set[asyncio.StreamWriter] = set()
        self._about = About(None, 0.0, False, None, None)
        self._bytes_loaded: tuple[int, int] | None = None
        self._told_at = -math.inf
        self._failure: str | None = None
        self._started_at = time.monotonic()
        self._rest = Rest(linger_s, self._busy, self.end)
        self._worker.start(open_filler)

    async def serve(self, listener: socket.socket, path: str) -> None:
        """Serve until there is a reason to end; the socket's name goes first."""
        server = await asyncio.start_unix_server(self._attend, sock=listener)
        self._watch()
        why = await self.ending
        with contextlib.suppress(OSError):
            os.unlink(path)  # the lock is ours, so it is our socket
        server.close()
        for guest in self._guests:
            guest.send(Goodbye(why))

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
        elif self._about.model is None:
            state = "loading"
        elif self._busy():
            state = "busy"
        return Facts(
            process_id=os.getpid(),
            state=state,
            **self._about._asdict(),
            clients=len(self._guests),
            queued=len(self._worker.waiting),
            resident_mib=round(psutil.Process().memory_info().rss / 2**20, 1),
            uptime_s=round(time.monotonic() - self._started_at, 1),
            failure=self._failure,
            bytes_loaded=self._bytes_loaded if state == "loading" else None,
        )

    def _busy(self) -> bool:
        return self._about.model is None or any(guest.jobs for guest in self._guests)

    def _watch(self) -> None:
        self._rest.watch([guest.unload_after_s for guest in self._guests])

    # Connections.

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._callers.add(writer)
        guest = Guest(writer)
        try:
            if not is_ours(writer.get_extra_info("socket")):
                log.warning("refused a connection of another user")
                return
            messages: Reader[FromServer] = Reader(FromServer)
            while chunk := await reader.read(_CHUNK_BYTES):
                for message in messages.feed(chunk):
                    self._take(guest, message)
        except MessageError as error:
            log.warning("refused a connection: %s", error)
            guest.send(Refused(f"{error}; `dg-lsp engine stop`, then restart the editor"))
        except OSError:
            pass
        finally:
            self._leave(guest)
            if not self.ending.done():  # else the connection ends with the process, which is what they wait for
                self._callers.discard(writer)
                writer.close()

    def _take(self, guest: Guest, message: FromServer) -> None:
        match message:
            case Hello():
                self._join(guest, message)
            case Peek():
                guest.send(News(self.facts()))
            case Stop():
                self.end("stopped")
            case Ask():
                self._ask(guest, message)
            case Cancel():
                job = guest.jobs.get(message.id)
                if job is not None:
                    job.token.cancel()
                    self._end_waiting(job, NoFill("cancelled"))

    def _join(self, guest: Guest, hello: Hello) -> None:
        if hello.identity != self._identity:
            raise MessageError("this engine has another model, version or number of threads")
        guest.unload_after_s = hello.unload_after_s
        self._guests.add(guest)
        self._rest.used()
        guest.send(Welcome(self.facts()))
        self._tell(but=guest)
        self._watch()
        log.info("a client came, clients=%d", len(self._guests))

    def _leave(self, guest: Guest) -> None:
        for job in list(guest.jobs.values()):
            job.token.cancel()
            self._worker.withdraw(job)
            self._forget(job)
        if guest in self._guests:
            self._guests.discard(guest)
            self._tell()
            self._watch()
            log.info("a client left, clients=%d", len(self._guests))

    def _tell(self, but: Guest | None = None) -> None:
        """Tell the clients what changed."""
        self._told_at = time.monotonic()
        news = News(self.facts())
        for guest in self._guests:
            if guest is not but:
                guest.send(news)

    # Questions.

    def _ask(self, guest: Guest, question: Ask) -> None:
        if guest not in self._guests or question.id in guest.jobs:
            raise MessageError("a question before the greeting, or with a number in use")
        self._rest.used()
        job = Job(guest, question)
        guest.jobs[question.id] = job
        if self._failure is not None:
            self.answered(job, NoFill("model_failed", self._failure))
        elif self._about.model is None and not question.patient:
            self.answered(job, NoFill("model_loading"))
        else:
            left_ms = job.left_ms()
            if left_ms is not None:
                job.expiry = self._loop.call_later(left_ms / 1000, self._expire, job)
            self._worker.submit(job)

    def _expire(self, job: Job) -> None:
        """Answer a job whose deadline has passed before its turn came."""
        loading = self._about.model is None
        self._end_waiting(
            job, NoFill("model_loading" if loading else "deadline", "the time ran out while waiting for the engine")
        )

    def _end_waiting(self, job: Job, answer: NoFill) -> None:
        """Answer a job whose turn has not come; one that has begun is answered by the worker."""
        if self._worker.withdraw(job):
            self.answered(job, answer)

    def _forget(self, job: Job) -> bool:
        """Drop a job; False when it was dropped before."""
        if job.expiry is not None:
            job.expiry.cancel()
        guest = job.owner
        return isinstance(guest, Guest) and guest.jobs.pop(job.question.id, None) is not None

    # What the worker says.

    def loaded(self, done: int, total: int) -> None:
        """The model is on its way."""
        self._bytes_loaded = done, total
        self._tell()

    def opened(self, about: About) -> None:
        """The model is ready."""
        self._about = about
        log.info("model ready name=%s s=%.1f", about.model, time.monotonic() - self._started_at)
        self._tell()

    def failed(self, failure: str) -> None:
        """The model cannot be opened: say so and end, so that the next engine finds it mended."""
        self._failure = failure
        log.error("the model could not be opened")
        self._tell()
        for guest in list(self._guests):
            for job in list(guest.jobs.values()):
                self._end_waiting(job, NoFill("model_failed", failure))
        self._loop.call_later(FAILED_S, self.end, "failed")

    def begun(self, job: Job) -> None:
        """The model works on it: from here on the filler keeps the deadline."""
        if job.expiry is not None:
            job.expiry.cancel()

    def drafted(self, job: Job, draft: Draft) -> None:
        """Pass a draft on."""
        if isinstance(job.owner, Guest):
            job.owner.show(job.question.id, draft)

    def answered(self, job: Job, answer: Answer) -> None:
        """Send the one answer of a job."""
        self._rest.used()
        if self._forget(job) and isinstance(job.owner, Guest):
            job.owner.answer(job.question.id, answer)
            if time.monotonic() - self._told_at > TELL_EVERY_S:  # the memory is another
                self._tell()
