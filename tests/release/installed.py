"""The wheel in an empty environment, as a user has it: nothing of this checkout can be imported there.

For `make dist`, which checks it, and `make bench-install`, which measures it. Installing needs the package index.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
import venv
from asyncio.subprocess import PIPE
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from tests.e2e.client import URI, Client

ROOT = Path(__file__).resolve().parents[2]
SOURCE = "class Shelf:\n    def __init__(self, boxes):\n        self.boxes = \n"
HOLE = "3:22"
LIMIT_S = 60.0  # generous: a shared machine
NOT_OURS = {"pip", "setuptools", "wheel"}  # every environment has them
SIZES = """
import importlib.metadata as m, json
out = {}
for d in m.distributions():
    files = [d.locate_file(f) for f in d.files or []]
    out[d.metadata["Name"].lower()] = sum(f.stat().st_size for f in files if f.is_file())
print(json.dumps(out))
"""


def environment() -> dict[str, str]:
    """This process's environment without what could lead to a checkout."""
    return {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}


def run(*command: str | Path, cwd: Path, stdin: str = "") -> str:
    """Standard output of a command that must succeed."""
    words = list(map(str, command))
    done = subprocess.run(words, cwd=cwd, input=stdin, capture_output=True, text=True, env=environment())
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr or done.stdout}"
    return done.stdout


def install(wheel: Path, folder: Path) -> Path:
    """Install a wheel into a new environment below `folder`; that environment's folder of commands."""
    venv.create(folder / "env", with_pip=True)
    commands = folder / "env" / "bin"
    run(commands / "python", "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", wheel, cwd=folder)
    return commands


def sizes(commands: Path, folder: Path) -> list[tuple[str, int]]:
    """What was installed, with its bytes, largest first."""
    found: dict[str, int] = json.loads(run(commands / "python", "-c", SIZES, cwd=folder))
    return sorted(((n, size) for n, size in found.items() if n not in NOT_OURS), key=lambda pair: -pair[1])


def filled(commands: Path, folder: Path) -> str:
    """The diff of `infill fill` for the hole in SOURCE."""
    diff = run(commands / "infill", "fill", f"-:{HOLE}", cwd=folder, stdin=SOURCE)
    assert "+        self.boxes = " in diff, diff
    return diff


async def ghost_text(commands: Path, folder: Path) -> float:
    """Ask a new server for ghost text at the same hole until the model has some; the seconds from its start to then."""
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        commands / "dg-lsp", "--stdio", cwd=folder, env=environment(), stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    assert process.stdout is not None
    client = Client(process.stdout, process.stdin)
    client.process = process
    await client.initialize()
    client.open(URI, SOURCE)
    async with asyncio.timeout(LIMIT_S):
        while not await client.items(URI, len(SOURCE) - 1):
            await asyncio.sleep(0.01)
    seconds = time.perf_counter() - started
    await client.close()
    return seconds
