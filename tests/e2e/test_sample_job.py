"""`infill run examples/fill-todos.toml` in a copy of the sample: its tests fail before and pass after, by the fills."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.real_model import real_folder

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.e2e, pytest.mark.skipif(os.name == "nt", reason="the sample's command needs a shell")]


def sample_passes(tree: Path) -> bool:
    return subprocess.run([sys.executable, tree / "examples/todos/run_tests.py"], capture_output=True).returncode == 0


def test_the_sample_s_tests_fail_before_and_pass_after(tmp_path: Path) -> None:
    folder = real_folder()
    tree = tmp_path / "tree"
    shutil.copytree(ROOT / "examples", tree / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    assert not sample_passes(tree)
    command = [sys.executable, "-m", "infill", "run", "examples/fill-todos.toml", "--write", "--threads", "1"]
    env = os.environ | {"XDG_STATE_HOME": str(tmp_path / "state")}
    done = subprocess.run([*command, "--model", str(folder)], cwd=tree, env=env, capture_output=True, timeout=900)
    assert done.returncode == 0, done.stderr.decode()
    assert sample_passes(tree)
    changed = (tree / "examples/todos/todos.py").read_text()
    assert "FILL" in (ROOT / "examples/todos/todos.py").read_text() and "# FILL" not in changed
    for name in ("test_todos.py", "run_tests.py"):
        assert (tree / "examples/todos" / name).read_bytes() == (ROOT / "examples/todos" / name).read_bytes()
