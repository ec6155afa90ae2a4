"""Clock and bandwidth of one device. Times are wall-clock milliseconds: what a user waits."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch


def wait(device: str) -> None:
    if device != "cpu":
        torch.cuda.synchronize()


def median_ms(device: str, work: Callable[[], object], n: int, n_warm: int = 3) -> float:
    """Of `n` runs, each waited for, after `n_warm` that are not counted."""
    for _ in range(n_warm):
        work()
    wait(device)
    times: list[float] = []
    for _ in range(n):
        started = time.perf_counter()
        work()
        wait(device)
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def read_rate(device: str) -> float:
    """Bytes per second that the device reads, from a sum over numbers that no cache holds."""
    n = 1 << (24 if device == "cpu" else 30)
    numbers = torch.ones(n, dtype=torch.bfloat16, device=device)
    wide = numbers.view(torch.float32)
    return numbers.nbytes / (median_ms(device, lambda: wide.sum(), 20) / 1000)


def kernel_ms(work: Callable[[], object], n: int) -> float:
    """Milliseconds per run in which the GPU computed something."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA]) as profiled:
        for _ in range(n):
            work()
        torch.cuda.synchronize()
    return sum(event.self_device_time_total for event in profiled.key_averages()) / 1000 / n
