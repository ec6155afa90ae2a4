"""Politeness: a core for the user, and a priority that only the model's thread has."""

from __future__ import annotations

import os
import sys
import threading

import psutil
import pytest

from model.hardware.threads import default_threads, lower_priority


@pytest.mark.parametrize(
    ("physical", "allowed", "expected"), [(8, 16, 7), (8, 4, 3), (2, 2, 1), (1, 1, 1), (None, 1, 1)]
)
def test_a_core_is_left_to_the_user(monkeypatch: pytest.MonkeyPatch, physical, allowed, expected: int) -> None:
    monkeypatch.setattr(psutil, "cpu_count", lambda logical: physical)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(allowed)), raising=False)
    assert default_threads() == expected


@pytest.mark.skipif(sys.platform != "linux", reason="threads have priorities of their own on Linux only")
def test_only_the_calling_thread_yields() -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    seen: list[int] = []

    def work() -> None:
        lower_priority(7)
        seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        child = threading.Thread(target=lambda: seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id())))
        child.start()
        child.join()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [max(before, 7)] * 2
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before
