"""How long each stage of a fill took, and may take."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager


class Timings:
    """Milliseconds per stage, added up; counts from when it was made."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}
        self._started = time.perf_counter()

    def left_ms(self, deadline_ms: float | None) -> float | None:
        """Milliseconds until a deadline that counts from when this was made; None for none."""
        return None if deadline_ms is None else deadline_ms - (time.perf_counter() - self._started) * 1000

    @contextmanager
    def stage(self, name: str) -> Generator[None]:
        """Time what is inside."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.ms[name] = round(self.ms.get(name, 0.0) + (time.perf_counter() - started) * 1000, 2)
