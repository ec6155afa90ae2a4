"""How many threads a fill may take, and how politely.

With both of two cores busy, one thread at normal priority takes 1.1 to 2 times its idle time
(tests/bench/bench_cpu.py), because it sleeps between requests and is woken first; at a niceness of 5 it took
four times as long, at 10 ten times. So politeness is few threads, short bursts and no spinning; a lower
priority is the user's choice.
"""

from __future__ import annotations

import os
import sys
import threading

import psutil


def default_threads() -> int:
    """Physical cores that this process may use, less one for the user's own work; at least one."""
    physical = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else physical
    return max(1, min(physical, allowed) - 1)


def lower_priority(niceness: int) -> None:
    """Make the calling thread, and those it starts, yield to others; 0 leaves it as it is, 19 yields most.

    On Linux only the thread: the protocol goes on at full speed. Elsewhere the system knows no such
    thing, and the whole process yields.
    """
    if niceness <= 0:
        return
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
    else:
        psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else niceness)
