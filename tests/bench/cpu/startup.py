"""How long a fresh process takes to its first step, and how much memory it has held by then."""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path
from typing import Any

from tests.bench.cpu.runtimes import open_network
from tests.bench.cpu.steps import RandomText

N_PROMPT, N_CANVAS = 128, 48


def first_step(runtime: str, scratch: str, n_threads: int | None, started: str | float = "") -> dict[str, Any]:
    """Job: seconds from the request for the process to the end of its first step; MiB of memory at the most."""
    network, text = open_network(runtime, scratch, n_threads), RandomText()
    network.prefill(text.ids(N_PROMPT))
    text.step(network, N_CANVAS)()
    return {"seconds": time.time() - float(started), "peak_mib": peak_mib()}


def peak_mib() -> float:
    """Most memory that this process has held at once; what it inherited when it was made does not count."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        if lines:
            return int(lines[0].split()[1]) / 1024
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
