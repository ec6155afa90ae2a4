"""`infill` on a tree: holes a second, what the journal costs, and the same bytes after many kills.

    python tests/bench/bench_cli.py [--files 200] [--kills 50]

Each file has five holes. The embedded model answers, with one thread; every run is the real command.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
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


def largest_{n}(values):
    # FILL
    pass
"""
JOB = ("fill", "--marker", "FILL", "--min-confidence", "0", "--model", "embedded", "--threads", "1")


def make_tree(folder: Path, n_files: int) -> Path:
    folder.mkdir()
    for n in range(n_files):
        (folder / f"m{n}.py").write_text(SOURCE.replace("{n}", str(n)))
    return folder


def run(tree: Path, state: Path, *options: str) -> tuple[float, bytes, str]:
    """Run the job; return its seconds, its diff and what it says."""
    env = os.environ | {"XDG_STATE_HOME": str(state), "PYTHONPATH": str(ROOT), "CI": "1"}
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "infill", *JOB, *options], cwd=tree, env=env, capture_output=True)
    assert done.returncode in (0, 1), done.stderr.decode()[-2000:]
    return time.perf_counter() - began, done.stdout, done.stderr.decode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--kills", type=int, default=50)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        throughput(Path(folder), args.files)
    if args.kills:
        kills(args.kills)


def throughput(folder: Path, n_files: int) -> None:
    tree, state = make_tree(folder / "tree", n_files), folder / "state"
    n_holes = n_files * 5
    rows = [
        ("listed (--dry-run)", run(tree, state, "--dry-run")),
        ("asked, no journal", run(tree, state, "--no-journal")),
        ("asked, journal", run(tree, state)),
        ("again, from the journal", run(tree, state)),
        ("written (--write)", run(tree, state, "--write")),
    ]
    print(f"{n_holes} holes in {n_files} files\n\n| run | s | holes a second | sha256 of the diff |\n|---|---|---|---|")
    for name, (seconds, diff, _) in rows:
        said = hashlib.sha256(diff).hexdigest()[:12] if diff.startswith(b"---") else ""
        print(f"| {name} | {seconds:.1f} | {n_holes / seconds:.1f} | {said} |")
    print(f"\n{rows[1][1][2].splitlines()[-1]}")


def kills(n_kills: int) -> None:
    """Run the test of kills with so many of them, in both ways to write."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/e2e/test_killed_jobs.py"]
    env = os.environ | {"DG_LSP_KILLS": str(n_kills), "PYTHONPATH": str(ROOT)}
    began = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    said = re.sub(r"\s+", " ", done.stdout.strip().splitlines()[-1])
    print(f"\nkilled {n_kills} times for each way to write: {said} ({time.perf_counter() - began:.0f} s)")


if __name__ == "__main__":
    main()
