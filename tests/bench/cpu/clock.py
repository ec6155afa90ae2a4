"""Times calls and summarises the times. Everything is in milliseconds."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence


def timed(call: Callable[[], object], seconds: float, least: int = 5, most: int = 40) -> list[float]:
    """Milliseconds of each call, made for `seconds`, but `least` to `most` times."""
    times: list[float] = []
    until = time.perf_counter() + seconds
    while len(times) < least or (len(times) < most and time.perf_counter() < until):
        times.append(once(call))
    return times


def once(call: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def median(times: Sequence[float]) -> float:
    """The median; what tables call p50."""
    return statistics.median(times)


def p95(times: Sequence[float]) -> float:
    """The time that one in twenty exceeds."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
