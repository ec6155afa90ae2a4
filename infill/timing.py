"""Times of the stages of a fill, and the time that is left."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager


class Timings:
    """Milliseconds per stage, summed; the clock starts when this is made."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}
        self._started = time.perf_counter()

    def left_ms(self, deadline_ms: float | None) -> float | None:
        """Return the milliseconds until a deadline, which counts from when this was made; None without a deadline."""
        return None if deadline_ms is None else deadline_ms - (time.perf_counter() - self._started) * 1000

    @contextmanager
    def stage(self, name: str) -> Generator[None]:
        """Add the time of the `with` block to the stage `name`."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.ms[name] = round(self.ms.get(name, 0.0) + (time.perf_counter() - started) * 1000, 2)
