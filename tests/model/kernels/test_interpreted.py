"""Runs the kernels' tests in Triton's interpreter, which is for a whole process: all that is decided at its import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def test_in_the_interpreter() -> None:
    files = [HERE / "test_products.py", HERE / "test_step_output.py"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files],
        env=os.environ | {"TRITON_INTERPRET": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
