"""A small program that runs one command with limits, and ends all that the command started, also what left its session.

Started as a file by itself, with the order as its argument. It ends everything when its standard input closes, which
happens when whoever started it is killed. It prints one JSON object.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

import msgspec
import psutil

_EVERY_S = 0.05  # between two looks at what the command has started
_KEPT = 16_384  # bytes of the end of its output
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of Linux: orphans of the command become ours
_MB = 1 << 20


class Order(msgspec.Struct, frozen=True):
    """What to run, where, and how long, how large and how many its processes may be, all together."""

    command: str
    folder: str
    seconds: float
    memory_mb: int
    processes: int


class Report(msgspec.Struct, frozen=True):
    """What came of it: `why` is empty where the command ended by itself, with `code`."""

    code: int | None
    why: str
    tail: str
    seconds: float


def main() -> int:
    """Run the order in the first argument."""
    order = msgspec.json.decode(sys.argv[1].encode(), type=Order)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_SUBREAPER, 1, 0, 0, 0)
    sys.stdout.write(msgspec.json.encode(supervised(order)).decode() + "\n")
    return 0


def supervised(order: Order) -> Report:
    """Run the command to its end or to a limit; nothing that it started is left."""
    began = time.monotonic()
    tail = _Tail()
    gone = threading.Event()
    process = subprocess.Popen(
        order.command,
        shell=True,
        cwd=order.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    threading.Thread(target=tail.read, args=(process,), daemon=True).start()
    threading.Thread(target=_wait_for_end_of_input, args=(gone,), daemon=True).start()
    why = ""
    try:
        while process.poll() is None and not why:
            why = "its starter is gone" if gone.is_set() else _over(order, time.monotonic() - began)
            if not why:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_EVERY_S)
    finally:
        _end_all(process)
    tail.done.wait(1.0)
    return Report(None if why else process.returncode, why, tail.text(), round(time.monotonic() - began, 3))


class _Tail:
    """The end of a process's output."""

    def __init__(self) -> None:
        self._kept = b""
        self.done = threading.Event()

    def read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        while chunk := os.read(process.stdout.fileno(), 65_536):
            self._kept = (self._kept + chunk)[-_KEPT:]
        self.done.set()

    def text(self) -> str:
        return self._kept.decode("utf-8", "replace")


def _wait_for_end_of_input(gone: threading.Event) -> None:
    while os.read(0, 1024):
        pass
    gone.set()


def _over(order: Order, seconds: float) -> str:
    """Return which limit is passed; empty where none is."""
    if seconds > order.seconds:
        return f"it took more than {order.seconds:g} s"
    children = _children()
    if len(children) > order.processes:
        return f"it has more than {order.processes} processes"
    used = 0
    for child in children:
        with contextlib.suppress(psutil.Error):
            used += child.memory_info().rss
    return f"it takes more than {order.memory_mb} MB" if used > order.memory_mb * _MB else ""


def _children() -> list[psutil.Process]:
    try:
        return psutil.Process().children(recursive=True)
    except psutil.Error:
        return []


def _end_all(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the command: its session at once, then what has left that, until nothing is there."""
    while True:
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        left = [child for child in _children() if _is_alive(child)]
        for child in left:
            with contextlib.suppress(psutil.Error):
                child.kill()
        process.poll()
        if not left:
            break
        psutil.wait_procs(left, timeout=_EVERY_S)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1.0)


def _is_alive(child: psutil.Process) -> bool:
    try:
        return child.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


if __name__ == "__main__":
    sys.exit(main())
