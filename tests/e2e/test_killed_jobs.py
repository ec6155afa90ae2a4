"""The real command with the embedded model, killed many times at random moments: the same bytes in the end."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")]

N_KILLS = int(os.environ.get("DG_LSP_KILLS", "5"))
SEED = int(os.environ.get("DG_LSP_KILLS_SEED", "0"))
LIMIT_S = 240
SOURCE = """\
class Account{n}:
    def __init__(self, owner, balance):
        self.owner = owner
        self.balance = balance

    def deposit(self, amount):
        # FILL
        pass

    def name(self):
        return ...


def total_{n}(accounts):
    return ...


def double_{n}(value):
    result =  # FILL: twice
    return result
"""
# Says no to some of the fills, by their text, and leaves a process behind that only a kill ends.
VERIFY = f"""\
'{sys.executable}' -c "
import pathlib, sys
texts = [path.read_text() for path in pathlib.Path('.').glob('*.py')]
sys.exit(any('self.owner' in text.split('def name')[1] for text in texts))
" & wait $!"""


def make_tree(folder: Path, n_files: int = 6) -> Path:
    folder.mkdir()
    for n in range(n_files):
        (folder / f"m{n}.py").write_text(SOURCE.replace("{n}", str(n)))
    return folder


def start(tree: Path, state: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "infill", "fill", "--marker", "FILL", "--min-confidence", "0", "--threads", "1"]
    command += ["--candidates", "2", "--verify", VERIFY, "--write", *options]
    env = os.environ | {"XDG_STATE_HOME": str(state), "NO_COLOR": "1"}
    return subprocess.Popen(command, cwd=tree, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def contents(tree: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(tree.iterdir())}


@pytest.mark.parametrize("options", [(), ("--transaction",)], ids=["each", "together"])
def test_killed_at_random_moments_it_ends_with_the_same_bytes(tmp_path: Path, options: tuple[str, ...]) -> None:
    before = contents(make_tree(tmp_path / "unbroken"))
    began = time.monotonic()
    unbroken = start(tmp_path / "unbroken", tmp_path / "state-unbroken", *options)
    _, said = unbroken.communicate(timeout=LIMIT_S)
    took = time.monotonic() - began
    after = contents(tmp_path / "unbroken")
    assert unbroken.returncode in (0, 1) and after.keys() == before.keys() and after != before, said.decode()

    draw, n_killed, n_rounds = random.Random(SEED), 0, 0
    while n_killed < N_KILLS:
        tree, state = make_tree(tmp_path / f"killed-{n_rounds}"), tmp_path / f"state-{n_rounds}"
        n_rounds += 1
        code = None
        while code is None:
            process = start(tree, state, *options)
            try:
                process.communicate(timeout=draw.uniform(0.2, took))
                code = process.returncode
            except subprocess.TimeoutExpired:
                _kill(process)
                n_killed += 1
                now = contents(tree)  # a file is as it was or as it will be, whatever else lies beside it
                assert all(now[name] in (before[name], after[name]) for name in before)
        assert (contents(tree), code) == (after, unbroken.returncode)
        _assert_nothing_is_left(tree, state)


@pytest.mark.parametrize("options", [(), ("--transaction",)], ids=["each", "together"])
def test_killed_while_it_writes_it_is_finished_by_the_next_run(tmp_path: Path, options: tuple[str, ...]) -> None:
    tree, state = make_tree(tmp_path / "tree", 24), tmp_path / "state"
    before, first = contents(tree), tree / "m0.py"
    process = start(tree, state, "--verify", "true", *options)
    while first.read_bytes() == before["m0.py"] and process.poll() is None:
        time.sleep(0.0002)
    _kill(process)
    n_written = sum(now != before.get(name) for name, now in contents(tree).items())
    assert 0 < n_written < 24
    last = start(tree, state, "--verify", "true", *options)
    _, said = last.communicate(timeout=LIMIT_S)
    assert "was ended while it wrote: finished, 24 of 24 files" in said.decode()
    unbroken = start(make_tree(tmp_path / "unbroken", 24), tmp_path / "other", "--verify", "true", *options)
    unbroken.communicate(timeout=LIMIT_S)
    assert contents(tree) == contents(tmp_path / "unbroken") and last.returncode == unbroken.returncode


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def _assert_nothing_is_left(folder: Path, state: Path) -> None:
    """No copy of the tree, and no process that works in it."""
    assert list(state.rglob("scratch")) == []
    deadline = time.monotonic() + 20
    while (busy := _processes_in(folder)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert busy == []


def _processes_in(folder: Path) -> list[int]:
    found: list[int] = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.cwd().startswith(str(folder)):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=["SIGTERM", "Ctrl-C"])
def test_a_signal_ends_it_in_order_and_the_tree_is_as_it_was(tmp_path: Path, sent: signal.Signals, code: int) -> None:
    tree, state = make_tree(tmp_path / "tree"), tmp_path / "state"
    before = contents(tree)
    process = start(tree, state, "--verify", f"touch '{tmp_path}/begun'; sleep 432109")
    deadline = time.monotonic() + 60
    while not (tmp_path / "begun").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(sent)
    _, said = process.communicate(timeout=60)
    assert process.returncode == code and contents(tree) == before, said.decode()
    assert b"Traceback" not in said
    _assert_nothing_is_left(tmp_path, state)
