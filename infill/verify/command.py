"""Runs the command that verifies in the copy of the tree, through the supervisor, and reads what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec

from infill.types import InputError
from infill.verify import supervisor
from infill.verify.choose import Trial
from infill.verify.junit import passing_tests
from infill.verify.supervisor import Order, Report

_SHOWN = 160  # characters of the command's last line


def verdict(order: Order, junit: str | None) -> tuple[Trial, float]:
    """Return what a run of the command says, and how many seconds it took."""
    report_file = None if junit is None else Path(order.folder, junit)
    if report_file is not None:
        report_file.unlink(missing_ok=True)
    report = supervise(order)
    tests = None if report_file is None else passing_tests(report_file)
    return Trial(report.code == 0, "" if report.code == 0 else _why(report), tests), report.seconds


def supervise(order: Order) -> Report:
    """Return what came of a command; all that it started has ended then."""
    # As a file by itself: it needs none of our modules, and -P keeps its folder from standing for others.
    argv = [sys.executable, "-P", supervisor.__file__, msgspec.json.encode(order).decode()]
    # In a session of its own: Ctrl-C is ours to see, and closing its input then ends it.
    process = subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment(), start_new_session=True
    )
    try:
        assert process.stdout is not None  # its input stays open: closing it ends the command
        said = process.stdout.read()
        process.wait()
    finally:
        if process.stdin is not None:
            process.stdin.close()
        process.wait()
    try:
        return msgspec.json.decode(said, type=Report)
    except msgspec.DecodeError:
        raise InputError(f"verify: the command could not be run (status {process.returncode})") from None


def _environment() -> dict[str, str]:
    """Return ours, without what would point git at the real tree, and without bytecode, which is told by seconds."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1"}


def _why(report: Report) -> str:
    lines = [line.strip() for line in report.tail.splitlines() if line.strip()]
    said = lines[-1][:_SHOWN] if lines else ""
    what = report.why or f"exit status {report.code}"
    return f"{what}: {said}" if said else what
