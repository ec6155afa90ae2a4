"""Runs a server over stdio or one loopback connection, and ends the process cleanly.

Messages are handled one after the other on the event loop; standard input is read on a daemon thread
of its own, which nothing ever waits for. The ends are: end of input, `exit`, SIGTERM, SIGINT, and the
death of the editor.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import BinaryIO

from dg_lsp.app.server import Server
from dg_lsp.rpc.framing import FrameParser, frame
from dg_lsp.rpc.processes import runs

log = logging.getLogger(__name__)

CLIENT_CHECK_S = 3.0  # how long a dead editor can go unnoticed when its pipe stays open
STOP_LIMIT_S = 3.0  # after a signal, leave by force when the orderly way takes longer
FETCH_GRACE_S = 1.0  # for a fetch to tidy up
_CHUNK_BYTES = 65536

Read = Callable[[], Awaitable[bytes]]


async def serve_stdio(server: Server) -> int:
    """Serve the client on standard input and output; the exit code."""
    stdin_fd, stdout = _take_stdio()
    chunks: asyncio.Queue[bytes] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read_stdin() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed
            chunk = b"-"
            while chunk:
                try:
                    chunk = os.read(stdin_fd, _CHUNK_BYTES)
                except OSError:
                    chunk = b""
                loop.call_soon_threadsafe(chunks.put_nowait, chunk)

    threading.Thread(target=read_stdin, name="dg-lsp-stdin", daemon=True).start()
    end = _Ending(loop)
    server.rpc.set_writer(_StdoutWriter(stdout, end), include_headers=False)
    return await _serve(server, chunks.get, end, watch_client=True)


async def serve_tcp(server: Server, port: int) -> int:
    """Serve the first client that connects to the loopback port, then end; the exit code."""
    loop = asyncio.get_running_loop()
    connected: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = loop.create_future()

    def on_connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if connected.done():
            writer.close()
        else:
            connected.set_result((reader, writer))

    listener = await asyncio.start_server(on_connect, "127.0.0.1", port)
    sys.stderr.write(f"dg-lsp: listening on 127.0.0.1:{listener.sockets[0].getsockname()[1]}\n")
    sys.stderr.flush()
    end = _Ending(loop)
    await asyncio.wait({connected, end.code}, return_when=asyncio.FIRST_COMPLETED)
    listener.close()
    if not connected.done():
        return end.code.result()
    reader, writer = connected.result()
    server.rpc.set_writer(_SocketWriter(writer), include_headers=False)

    async def read_socket() -> bytes:
        try:
            return await reader.read(_CHUNK_BYTES)
        except OSError:
            return b""

    try:
        return await _serve(server, read_socket, end, watch_client=False)
    finally:
        writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            await asyncio.wait_for(writer.wait_closed(), 1.0)


class _Ending:
    """The exit code once something asked for the end; signals ask here, and force it when that hangs."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.code: asyncio.Future[int] = loop.create_future()
        self._loop = loop
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def ask(self, code: int) -> None:
        """End with this code; the first one to ask wins."""
        if not self.code.done():
            self.code.set_result(code)

    def _on_signal(self, _number: int, _frame: object) -> None:
        force = threading.Timer(STOP_LIMIT_S, os._exit, (1,))
        force.daemon = True
        force.start()
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.ask, 0)


async def _serve(server: Server, read: Read, end: _Ending, *, watch_client: bool) -> int:
    server.rpc.on_exit = end.ask
    tasks = [asyncio.ensure_future(_pump(server, read, end))]
    if watch_client:
        tasks.append(asyncio.ensure_future(_watch_client(server, end)))
    code = await end.code
    server.session.end()
    await asyncio.sleep(0)  # let the answers of the closed questions go out
    await server.session.default_model.ended(FETCH_GRACE_S)
    for task in tasks:
        task.cancel()
    return code


async def _pump(server: Server, read: Read, end: _Ending) -> None:
    frames = FrameParser()
    while chunk := await read():
        for body in frames.feed(chunk):
            try:
                server.rpc.receive(body)
            except Exception as error:  # our bug; the next message may still be served
                log.error("a message could not be handled: %s", type(error).__name__)
                log.debug("a message could not be handled", exc_info=True)
            await asyncio.sleep(0)  # a handler takes its snapshot before the next message is handled
            if end.code.done():
                return
    end.ask(0)


async def _watch_client(server: Server, end: _Ending) -> None:
    """Ask for the end when the editor's process is gone."""
    while True:
        await asyncio.sleep(CLIENT_CHECK_S)
        process_id = server.session.client_process_id
        if process_id is not None and not runs(process_id):
            log.warning("the editor's process is gone")
            end.ask(0)


def _take_stdio() -> tuple[int, BinaryIO]:
    """Take standard input and output for the protocol alone; what a library prints goes to standard error."""
    stdin_fd, stdout_fd = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return stdin_fd, os.fdopen(stdout_fd, "wb")


class _StdoutWriter:
    """Frames each body onto standard output; a broken pipe is the end of the session."""

    def __init__(self, stdout: BinaryIO, end: _Ending) -> None:
        self._stdout = stdout
        self._end = end

    def write(self, data: bytes) -> None:
        try:
            self._stdout.write(frame(data))
            self._stdout.flush()
        except (OSError, ValueError):
            self._end.ask(0)

    def close(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stdout.close()


class _SocketWriter:
    """Frames each body onto a socket."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    def write(self, data: bytes) -> None:
        self._writer.write(frame(data))

    def close(self) -> None:
        self._writer.close()
