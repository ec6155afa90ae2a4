"""Real commands that hang, fork, leave their session, take memory, or outlive who started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import psutil
import pytest

from infill.verify import supervisor
from infill.verify.command import supervise, verdict
from infill.verify.supervisor import Order

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a POSIX system")
PYTHON = f"'{sys.executable}' -c "


def order(folder: Path, command: str, seconds: float = 20, memory_mb: int = 4000, processes: int = 60) -> Order:
    return Order(command, str(folder), seconds, memory_mb, processes)


def left(mark: str) -> list[int]:
    """The processes that have the mark in their command line."""
    found: list[int] = []
    for process in psutil.process_iter(["pid", "cmdline", "status"]):
        line = process.info["cmdline"] or []
        if process.pid != os.getpid() and any(mark in word for word in line) and process.info["status"] != "zombie":
            found.append(process.pid)
    return found


def test_the_exit_status_and_the_end_of_the_output(tmp_path: Path) -> None:
    assert supervise(order(tmp_path, "echo yes; pwd")).tail == f"yes\n{tmp_path}\n"
    trial, _ = verdict(order(tmp_path, "seq 100000; echo 'it is wrong' >&2; exit 3"), None)
    assert (trial.passed, trial.why) == (False, "exit status 3: it is wrong")


def test_what_hangs_is_ended(tmp_path: Path) -> None:
    began = time.monotonic()
    report = supervise(order(tmp_path, "sleep 987654", seconds=0.5))
    assert report.why == "it took more than 0.5 s" and time.monotonic() - began < 10
    assert left("987654") == []


def test_what_left_its_session_is_ended_with_it(tmp_path: Path) -> None:
    daemon = "import os,time; os.fork() and os._exit(0); os.setsid(); os.fork() and os._exit(0); time.sleep(876543)"
    report = supervise(order(tmp_path, f'{PYTHON}"{daemon}"; sleep 0.5; exit 0'))
    assert report.code == 0 and left("876543") == []


def test_what_forks_without_end_is_ended(tmp_path: Path) -> None:
    bomb = "import os,time\nfor i in range(400):\n    if not os.fork():\n        time.sleep(765432)\ntime.sleep(99)"
    report = supervise(order(tmp_path, f'{PYTHON}"{bomb}"', processes=20))
    assert report.why == "it has more than 20 processes" and left("765432") == []


def test_what_takes_too_much_memory_is_ended(tmp_path: Path) -> None:
    report = supervise(
        order(tmp_path, PYTHON + "'import time; x = bytes(1) * 300_000_000; time.sleep(60)'", memory_mb=100)
    )
    assert report.why == "it takes more than 100 MB"


def test_it_ends_with_who_started_it(tmp_path: Path) -> None:
    told = msgspec.json.encode(order(tmp_path, "sleep 654321", seconds=600)).decode()
    code = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-P", {supervisor.__file__!r}, {told!r}], stdin=subprocess.PIPE)
time.sleep(600)
"""
    starter = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 20
    while len(left("sleep 654321") + left("654321")) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    deadline = time.monotonic() + 20
    while left("654321") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left("654321") == []


def test_git_is_not_pointed_at_the_real_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/somewhere")
    monkeypatch.setenv("KEPT", "1")
    assert supervise(order(tmp_path, 'echo "<$GIT_DIR$KEPT>"')).tail == "<1>\n"


def test_a_report_names_the_tests_that_pass(tmp_path: Path) -> None:
    xml = """<testsuites><testsuite><testcase classname='t' name='a'/><testcase classname='t' name='b'>
    <failure/></testcase><testcase name='c'><skipped/></testcase><testcase name='d'/></testsuite></testsuites>"""
    (tmp_path / "given.xml").write_text(xml)
    trial, _ = verdict(order(tmp_path, "cp given.xml r.xml; exit 1"), "r.xml")
    assert trial.tests == ("d", "t::a")
    trial, _ = verdict(order(tmp_path, "exit 1"), "r.xml")  # an old report says nothing of this run
    assert trial.tests == ()
