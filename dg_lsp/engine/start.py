"""Reaches the engine of an identity, and starts it when there is none: exactly one, however many ask.

Whoever gets the lock binds the socket and hands both to a new process. So connecting works before the
engine runs, and a second starter cannot be: the lock ends with the process, even when that is killed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from dg_lsp.child_process import python_environment
from dg_lsp.engine.identity import Identity, identity_of
from dg_lsp.engine.runtime_dir import EngineUnavailable, is_ours, socket_path, socket_paths, supported
from model.types import CheckpointError, ModelSpec

log = logging.getLogger(__name__)

START_LIMIT_S = 5.0  # between two engines there are milliseconds
CONNECT_LIMIT_S = 5.0  # an engine that takes no connection for so long is stopped or stuck
_BACKLOG = 128
_PAUSES_S = (0.005, 0.1)  # first, longest

ENGINE_COMMAND = (sys.executable, "-P", "-m", "dg_lsp.engine")


def start_early(spec: ModelSpec) -> None:
    """Start the engine that default settings will need for this model, if none runs; a failure is told later.

    Takes milliseconds. Settings that want another engine leave this one alone, which soon ends.
    """
    try:
        if supported() and not socket_paths():
            identity = identity_of(spec)
            start(identity, socket_path(identity.digest), ENGINE_COMMAND)
    except (EngineUnavailable, CheckpointError, OSError) as error:
        log.debug("no engine before there are settings: %s", error)


async def reach(
    identity: Identity, command: Sequence[str] = ENGINE_COMMAND, until: float | None = None
) -> socket.socket:
    """Return a connection to the engine, new or not; raises `EngineUnavailable`.

    `until` is a time of `time.monotonic`. Waits only while an engine that ends still holds the lock.
    """
    limit = time.monotonic() + START_LIMIT_S
    until = limit if until is None else min(until, limit)
    pause, longest = _PAUSES_S
    path = socket_path(identity.digest)
    while True:
        connection, started = await asyncio.to_thread(_connect_or_start, identity, path, command)
        if connection is not None:
            return connection
        if not started:
            if time.monotonic() >= until:
                raise EngineUnavailable("an engine holds its lock but does not listen; `dg-lsp engine stop` ends it")
            await asyncio.sleep(pause)
            pause = min(pause * 2, longest)


def _connect_or_start(identity: Identity, path: Path, command: Sequence[str]) -> tuple[socket.socket | None, bool]:
    """Return a connection, or None and whether an engine was started for one. Blocks for milliseconds."""
    connection = connect(path)
    if connection is not None:
        return connection, False
    try:
        return None, start(identity, path, command)
    except (OSError, ValueError) as error:
        raise EngineUnavailable(f"the engine cannot be started: {error}") from error


def connect(path: Path) -> socket.socket | None:
    """Return a connection to an engine of this user's, or None when nothing listens there."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(CONNECT_LIMIT_S)
        connection.connect(os.fspath(path))
        connection.settimeout(None)
        if not is_ours(connection):
            raise EngineUnavailable(f"the engine at {path} belongs to another user")
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    except OSError as error:
        connection.close()
        raise EngineUnavailable(f"cannot reach the engine: {error.strerror}") from error
    except EngineUnavailable:
        connection.close()
        raise
    return connection


def start(identity: Identity, path: Path, command: Sequence[str]) -> bool:
    """Start an engine, and listen for it; False when there is one, which may just be ending."""
    import fcntl

    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    lock = os.open(path.with_suffix(".lock"), flags, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        os.ftruncate(lock, 0)
        path.unlink(missing_ok=True)  # of an engine that was killed: the lock is ours
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(os.fspath(path))
            path.chmod(0o600)
            listener.listen(_BACKLOG)
            try:
                _spawn(identity, path, command, lock, listener.fileno())
            except BaseException:
                path.unlink(missing_ok=True)
                raise
            return True
    finally:
        os.close(lock)  # the engine has its own copy, and the lock goes with the last one


def _spawn(identity: Identity, path: Path, command: Sequence[str], lock: int, listener: int) -> None:
    """A process of its own session and without our standard streams: it outlives the window that started it."""
    options = ("--socket", os.fspath(path), "--listener", str(listener), "--lock", str(lock))
    process = subprocess.Popen(
        [*command, *options, "--identity", msgspec.json.encode(identity).decode()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(lock, listener),
        start_new_session=True,
        cwd="/",
        env=python_environment(),
    )
    os.pwrite(lock, str(process.pid).encode(), 0)  # for people who must end it by force
    threading.Thread(target=process.wait, name="dg-lsp-engine-end", daemon=True).start()  # else it leaves a zombie
