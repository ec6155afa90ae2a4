"""The devices that are here, their memory, and how fast it is. Torch, seconds of import, is asked only of a GPU."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil

from model.hardware.threads import default_threads
from model.types import CheckpointError
from model.weights.fitting import CPU, Device

COPY_BYTES, COPIES = 1 << 28, 8  # of a look at the memory's speed: each copy is a read and a write
DRIVER = "nvcuda.dll" if os.name == "nt" else "libcuda.so.1"  # without it torch has no CUDA, whatever its build
OTHER_SIGNS = ("/dev/kfd", "/dev/dxg")  # AMD's driver, which torch calls CUDA too; that of Windows, within it


def may_have_gpu() -> bool:
    """False where torch can have none; where there is a driver, it must be asked."""
    try:
        ctypes.CDLL(DRIVER)
    except OSError:
        return any(Path(sign).exists() for sign in OTHER_SIGNS)
    return True


def usual_device() -> str:
    """Where a checkpoint runs when nobody says."""
    if not may_have_gpu():
        return CPU
    import torch

    return "cuda" if torch.cuda.is_available() else CPU


def device_of(name: str) -> Device:
    """What there is of a torch device; raises `CheckpointError` for one that is not there."""
    memory = psutil.virtual_memory()
    if name == CPU:
        return Device(name, "this processor", memory.available, memory.total)
    import torch

    try:
        kind = torch.device(name).type
        if kind == "cuda":
            free, every = torch.cuda.mem_get_info(name)
            title = torch.cuda.get_device_name(name)
            return Device(name, title, free, every, torch.cuda.get_device_capability(name))
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError, NotImplementedError, ValueError) as error:
        reason = str(error).strip().split("\n")[0]
        raise CheckpointError(f"--device {name}: cannot be used here ({reason}); cpu always can") from None
    return Device(name, "this processor" if kind == CPU else name, memory.available, memory.total)


def bandwidth(name: str) -> float:
    """Bytes a second that a device's memory moves, measured for a moment."""
    return _cpu_bandwidth() if name == CPU else _gpu_bandwidth(name)


def _cpu_bandwidth() -> float:
    """By as many threads as a fill has."""
    source, n = np.ones(COPY_BYTES, np.uint8), default_threads()
    target = np.empty_like(source)
    parts = list(zip(np.array_split(target, n), np.array_split(source, n), strict=True))
    with ThreadPoolExecutor(n) as threads:

        def copy() -> None:
            list(threads.map(lambda part: np.copyto(*part), parts))

        return _bytes_per_s(copy, lambda: None)


def _gpu_bandwidth(name: str) -> float:
    import torch

    source = torch.zeros(COPY_BYTES, dtype=torch.uint8, device=name)
    target = torch.empty_like(source)
    is_cuda = torch.device(name).type == "cuda"
    return _bytes_per_s(lambda: target.copy_(source), lambda: torch.cuda.synchronize(name) if is_cuda else None)


def _bytes_per_s(copy: Callable[[], object], wait: Callable[[], None]) -> float:
    copy()
    wait()
    started = time.perf_counter()
    for _ in range(COPIES):
        copy()
    wait()
    return 2 * COPY_BYTES * COPIES / (time.perf_counter() - started)
