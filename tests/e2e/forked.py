"""Server processes that `fork_server.py` starts, with the face of asyncio's `Process`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STREAM_BYTES = 2**26
CAN_FORK = sys.platform == "linux"  # its sockets keep messages and file descriptors together


class ForkedProcess:
    """A server process; a grandchild of the process that forks."""

    def __init__(
        self,
        process_id: int,
        stdin: asyncio.StreamWriter,
        stdout: asyncio.StreamReader,
        stderr: asyncio.StreamReader,
        told: asyncio.StreamReader,
    ) -> None:
        self.pid, self.stdin, self.stdout, self.stderr = process_id, stdin, stdout, stderr
        self.returncode: int | None = None
        self._told = told

    async def wait(self) -> int:
        if self.returncode is None:
            self.returncode = int(await self._told.readline())
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


async def fork(arguments: Sequence[str]) -> ForkedProcess:
    """Start a scripted server in this process's environment."""
    stdin, stdout, stderr, told = (os.pipe() for _ in range(4))
    request = json.dumps({"arguments": arguments, "environment": dict(os.environ)}).encode()
    theirs = [stdin[0], stdout[1], stderr[1], told[1]]
    socket.send_fds(_requests(), [request], theirs)
    for fd in theirs:
        os.close(fd)
    out, errors, news = [await _reader(end[0]) for end in (stdout, stderr, told)]
    return ForkedProcess(int(await news.readline()), await _writer(stdin[1]), out, errors, news)


@cache
def _requests() -> socket.socket:
    """The socket to the process that forks, which ends when this process does."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-m", "tests.e2e.fork_server", str(its.fileno())]
    subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, pass_fds=(its.fileno(),))
    its.close()
    return ours


async def _reader(fd: int) -> asyncio.StreamReader:
    stream = asyncio.StreamReader(limit=STREAM_BYTES)
    protocol = asyncio.StreamReaderProtocol(stream)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(fd, "rb", 0))
    return stream


async def _writer(fd: int) -> asyncio.StreamWriter:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, os.fdopen(fd, "wb", 0))
    return asyncio.StreamWriter(transport, protocol, None, loop)
