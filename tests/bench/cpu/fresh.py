"""Runs a job in a fresh process, so that no runtime sees another's threads, memory or environment.

A job is the name of a function, `module.function` of this package, with arguments that JSON can hold; what it
returns comes back the same way. Whatever goes wrong over there is a value here: `Failed` with the reason.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).resolve().parents[3]
# What a shell may have set for some other program.
SETTINGS = ("OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "ONEDNN_", "DNNL_", "ATEN_", "NPY_", "ORT_", "OV_")
MAX_REASON = 200  # characters of a reason that a table has room for


class Failed(msgspec.Struct, frozen=True):
    """Why there is no number."""

    reason: str


def run_job(
    job: str, args: Mapping[str, Any], settings: Mapping[str, str] | None = None, timeout_s: float = 420
) -> dict[str, Any] | Failed:
    """What the job returned; `settings` are added to an environment without any of the kind."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "result.json"
        request = msgspec.json.encode({"job": job, "args": args, "out": str(out), "started": time.time()})
        command = [sys.executable, "-m", "tests.bench.cpu.worker", request.decode()]
        env = clean(os.environ) | dict(settings or {})
        try:
            done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=timeout_s)
        except subprocess.TimeoutExpired:
            return Failed(f"not done after {timeout_s:.0f} s")
        if done.returncode == 0 and out.is_file():
            return msgspec.json.decode(out.read_bytes())
        return Failed(reason(done.returncode, done.stderr))


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without settings of thread pools and instruction sets."""
    return {k: v for k, v in environment.items() if not k.startswith(SETTINGS)}


def reason(returncode: int, stderr: str) -> str:
    """One line that says why a process ended as it did."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    if returncode < 0:
        return f"ended by signal {-returncode}"
    return lines[-1].removeprefix("RuntimeError: ")[:MAX_REASON] if lines else f"exit status {returncode}"
