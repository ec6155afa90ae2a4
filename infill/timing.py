"""How long each stage of a fill took."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager


class Timings:
    """Milliseconds per stage, added up."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Generator[None]:
        """Time what is inside."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.ms[name] = round(self.ms.get(name, 0.0) + (time.perf_counter() - started) * 1000, 2)
