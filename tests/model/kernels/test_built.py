"""Every kernel is built for GPUs that are not here: what the compilers say of registers and shared memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys

# Bytes of shared memory that a block can have at most, by capability.
SHARED = {(8, 0): 163 << 10, (8, 6): 99 << 10, (8, 9): 99 << 10, (9, 0): 227 << 10, (10, 0): 227 << 10,
          (12, 0): 99 << 10}  # fmt: skip


def test_the_largest_tiles_fit_and_nothing_spills() -> None:
    env = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    command = [sys.executable, "-m", "tests.model.kernels.built"]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    built = json.loads(done.stdout)
    assert {tuple(capability) for capability, *_ in built} == SHARED.keys()
    for capability, name, shared, spilled in built:
        assert shared <= SHARED[tuple(capability)], (capability, name)
        assert not spilled, (capability, name)
