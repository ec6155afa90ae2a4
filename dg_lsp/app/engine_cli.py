"""`dg-lsp engine status|stop`: what people may want to know of the engines, and the way to end them."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from dg_lsp.engine.messages import Facts, FromEngine, FromServer, MessageError, News, Peek, Reader, Stop, pack
from dg_lsp.engine.runtime_dir import EngineUnavailable, socket_paths, supported
from dg_lsp.engine.start import connect

_ANSWER_LIMIT_S = 5.0  # then it is stuck, or a process that somebody has suspended
_PAUSE_S = 0.02
_CHUNK_BYTES = 1 << 16


def engine(arguments: Sequence[str]) -> int:
    """Run one of the two commands; the exit code."""
    parser = argparse.ArgumentParser(
        prog="dg-lsp engine", description="The engine processes, each with a model that editor windows share."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("status", help="list the engines that run")
    commands.add_parser("stop", help="end them; the next request starts a new one")
    options = parser.parse_args(arguments)
    if not supported():
        sys.stderr.write("dg-lsp: this system has no shared engine; each window has its own model\n")
        return 2
    try:
        paths = socket_paths()
        return _status(paths) if options.command == "status" else _stop(paths)
    except EngineUnavailable as error:
        sys.stderr.write(f"dg-lsp: {error}\n")
        return 2


def _status(paths: list[Path]) -> int:
    lines: list[str] = []
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            found = peek(path)
            if found is not None:
                lines.append(_line(found))
            elif process_id := holder(path):
                lines.append(f"pid {process_id}  does not answer; `dg-lsp engine stop` ends it\n")
    sys.stdout.write("".join(lines) or "no engine runs\n")
    return 0


def _line(facts: Facts) -> str:
    parts = (
        f"pid {facts.process_id}",
        facts.state if facts.failure is None else f"failed: {facts.failure}",
        f"model {facts.model or '-'}",
        f"windows {facts.clients}",
        f"waiting {facts.queued}",
        f"{facts.resident_mib:.0f} MiB",
        f"up {facts.uptime_s / 60:.0f} min",
    )
    return "  ".join(parts) + "\n"


def _stop(paths: list[Path]) -> int:
    stopped = [process_id for path in paths if (process_id := stop(path)) is not None]
    lines = [f"stopped pid {process_id}\n" for process_id in stopped]
    sys.stdout.write("".join(lines) or "no engine runs\n")
    return 0


def peek(path: Path) -> Facts | None:
    """Return the facts of the engine at a socket; None when there is none or it does not answer."""
    data = _talk(path, Peek(), lambda message: isinstance(message, News))
    return data.facts if isinstance(data, News) else None


def stop(path: Path) -> int | None:
    """End the engine at a socket, by force when it does not listen; the id of its process, None without one."""
    process_id = holder(path)
    if process_id is None:
        return None
    with contextlib.suppress(EngineUnavailable):
        _talk(path, Stop(), lambda _message: False)
    if not _ends(path) and (process_id := holder(path)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process_id, signal.SIGKILL)
        _ends(path)
    return process_id


def holder(path: Path) -> int | None:
    """Return the id of the engine that holds the lock beside a socket; 0 while it is being started, None without."""
    import fcntl

    try:
        with path.with_suffix(".lock").open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(lock.read() or 0)
    except (FileNotFoundError, ValueError):
        pass
    return None


def _ends(path: Path) -> bool:
    until = time.monotonic() + _ANSWER_LIMIT_S
    while holder(path) is not None:
        if time.monotonic() > until:
            return False
        time.sleep(_PAUSE_S)
    return True


def _talk(path: Path, message: FromServer, enough: Callable[[FromEngine], bool]) -> FromEngine | None:
    """Say one thing and return the answer that is enough; None when the connection ends or stays silent."""
    connection = connect(path)
    if connection is None:
        return None
    answers: Reader[FromEngine] = Reader(FromEngine)
    with connection, contextlib.suppress(OSError, MessageError):
        connection.settimeout(_ANSWER_LIMIT_S)
        connection.sendall(pack(message))
        connection.shutdown(socket.SHUT_WR)
        while chunk := connection.recv(_CHUNK_BYTES):
            for answer in answers.feed(chunk):
                if enough(answer):
                    return answer
    return None
