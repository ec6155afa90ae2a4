"""How far a long command is: a bar on stderr for whoever waits at a terminal, or lines for a program."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import msgspec

from infill.cli import console
from model.types import OnBytes

_SHORT_S = 1.0  # what takes less needs no bar
_EVERY_S = 0.25  # between two lines


class ProgressLines:
    """Writes `{stage, done, total}` to standard output, a line of JSON each: not too many, and each stage's last.

    Any thread may write.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last_at = 0.0

    def write(self, stage: str, done: int, total: int) -> None:
        """Write how much is done, unless that was written just now; a `BrokenPipeError` says that nobody reads."""
        with self._lock:
            now = time.monotonic()
            if done < total and now - self._last_at < _EVERY_S:
                return
            self._last_at = now
            console.write_stdout(msgspec.json.encode({"stage": stage, "done": done, "total": total}) + b"\n")


def wants_bar(as_json: bool) -> bool:
    """Return whether a person looks at stderr: no program, no log of a CI."""
    return not as_json and not os.environ.get("CI") and sys.stderr.isatty()


@contextmanager
def byte_bar(label: str, wanted: bool) -> Generator[OnBytes | None]:
    """Give a function that takes the bytes done and all bytes, and shows them; None where nobody looks."""
    if not wanted:
        yield None
        return
    bar: Any = None

    def on_bytes(done: int, total: int) -> None:
        nonlocal bar
        if bar is None:
            from tqdm import tqdm  # most models are open before there is anything to show

            bar = tqdm(desc=label, total=total, unit="B", unit_scale=True, delay=_SHORT_S, leave=False)
        bar.update(done - bar.n)

    try:
        yield on_bytes
    finally:
        if bar is not None:
            bar.close()
