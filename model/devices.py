"""What torch says of the devices that are here: their memory, and how fast it is."""

from __future__ import annotations

import time

import psutil
import torch

from model.types import CheckpointError
from model.weights.fitting import CPU, Device

COPY_BYTES, COPIES = 1 << 28, 8  # of a look at the memory's speed: each copy is a read and a write


def usual_device() -> str:
    """Where a checkpoint runs when nobody says."""
    return "cuda" if torch.cuda.is_available() else CPU


def device_of(name: str) -> Device:
    """What there is of a torch device; raises `CheckpointError` for one that is not there."""
    memory = psutil.virtual_memory()
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
    source = torch.zeros(COPY_BYTES, dtype=torch.uint8, device=name)
    target = torch.empty_like(source)
    target.copy_(source)
    started = _now(name)
    for _ in range(COPIES):
        target.copy_(source)
    return 2 * COPY_BYTES * COPIES / (_now(name) - started)


def _now(name: str) -> float:
    if torch.device(name).type == "cuda":
        torch.cuda.synchronize(name)
    return time.perf_counter()
