"""How many threads a fill may take, and how politely."""

from __future__ import annotations

import os

import psutil


def default_threads() -> int:
    """Physical cores that this process may use, less one for the user's own work; at least one."""
    physical = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else physical
    return max(1, min(physical, allowed) - 1)
