"""What a request to end does to a command: an orderly end, and none in the middle of a write."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def orderly_end() -> Generator[None]:
    """Have SIGTERM and SIGHUP unwind the block, so that temporary files and folders go; the exit code is a shell's.

    A signal that whoever started the command had it ignore stays ignored.
    """

    def end(number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    usual = [number for number in _ENDING if signal.getsignal(number) == signal.SIG_DFL]
    with _handled(usual, end):
        yield


@contextmanager
def no_end() -> Generator[None]:
    """Put off Ctrl-C, SIGTERM and SIGHUP until the block is done, which must take a moment only."""
    late: list[int] = []

    def wait(number: int, _frame: FrameType | None) -> None:
        late.append(number)

    numbers = [number for number in (signal.SIGINT, *_ENDING) if signal.getsignal(number) != signal.SIG_IGN]
    try:
        with _handled(numbers, wait):
            yield
    finally:
        for number in late[:1]:
            signal.raise_signal(number)


@contextmanager
def _handled(numbers: Sequence[int], handler: object) -> Generator[None]:
    """Have signals handled within the block; only the main thread can, in others nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in numbers}  # pyright: ignore[reportArgumentType]
    try:
        yield
    finally:
        for number, usual in before.items():
            signal.signal(number, usual)
