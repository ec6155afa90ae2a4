"""Triton reads TRITON_INTERPRET when it is imported: test_interpreted.py runs these files in a process that has it."""

from __future__ import annotations

import os
import secrets

import pytest

pytest.importorskip("torch")
pytest.importorskip("triton")

if os.environ.get("TRITON_INTERPRET") != "1":
    collect_ignore = ["test_products.py", "test_step_output.py"]


@pytest.fixture
def seed() -> int:
    """Another one each time, printed where a test fails."""
    value = secrets.randbelow(1 << 31)
    print(f"seed {value}")
    return value
