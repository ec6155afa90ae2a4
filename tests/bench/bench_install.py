"""What a user gets: the wheel in an empty environment, its size by package, and the time to a first completion.

`python tests/bench/bench_install.py` builds the wheel, installs it as pip would (needs the package index), and
runs both commands from a folder that has nothing to do with this checkout.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from asyncio.subprocess import PIPE
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from infill.bench import machine
from tests.bench.server.apart import engines_apart

ROOT = Path(__file__).resolve().parents[2]

NOT_OURS = {"pip", "setuptools", "wheel"}  # every environment has them
SIZES = """
import importlib.metadata as m, json
out = {}
for d in m.distributions():
    files = [d.locate_file(f) for f in d.files or []]
    out[d.metadata["Name"].lower()] = sum(f.stat().st_size for f in files if f.is_file())
print(json.dumps(out))
"""
SOURCE = "class Shelf:\n    def __init__(self, boxes):\n        self.boxes = \n"


def run(*command: str | Path, cwd: Path, stdin: str = "") -> str:
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(list(map(str, command)), cwd=cwd, input=stdin, capture_output=True, text=True, env=env)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr or done.stdout}")
    return done.stdout


def install(folder: Path) -> Path:
    """Build the wheel, install it into a new environment, return that environment's folder of commands."""
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, ROOT, cwd=folder)
    venv.create(folder / "env", with_pip=True)
    commands = folder / "env" / "bin"
    wheel = next(folder.glob("dg_lsp-*.whl"))
    print(f"wheel {wheel.stat().st_size / 1e6:.1f} MB", file=sys.stderr)
    run(commands / "python", "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", wheel, cwd=folder)
    return commands


def fill_seconds(commands: Path, folder: Path) -> float:
    """A whole `infill fill`, from nothing to the diff."""
    started = time.perf_counter()
    out = run(commands / "infill", "fill", "-:3:22", cwd=folder, stdin=SOURCE)
    assert "+        self.boxes = " in out, out
    return time.perf_counter() - started


async def server_seconds(commands: Path, folder: Path) -> float:
    """From the start of the server to the first ghost text, asked for again until the model is there."""
    from client import URI, Client

    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        commands / "dg-lsp", "--stdio", cwd=folder, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    assert process.stdout is not None
    client = Client(process.stdout, process.stdin)
    client.process = process
    await client.initialize()
    client.open(URI, SOURCE)
    at = len(SOURCE) - 1
    while not await client.items(URI, at, manual=True):
        await asyncio.sleep(0.01)
    seconds = time.perf_counter() - started
    await client.close()
    return seconds


def without_engine(commands: Path, folder: Path) -> float:
    """The server's seconds when no other window has an engine running."""
    with engines_apart():
        return asyncio.run(server_seconds(commands, folder))


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        commands = install(folder)
        sizes: dict[str, int] = json.loads(run(commands / "python", "-c", SIZES, cwd=folder))
        ours = sorted(((n, size) for n, size in sizes.items() if n not in NOT_OURS), key=lambda pair: -pair[1])
        fills = sorted(fill_seconds(commands, folder) for _ in range(5))
        servers = sorted(without_engine(commands, folder) for _ in range(5))
    print(f"{machine()}; {time.strftime('%Y-%m-%d')}\n\n| figure | value |\n|---|---|")
    print(f"| installed size of {len(ours)} packages | {sum(size for _, size in ours) / 1e6:.0f} MB |")
    print(f"| the largest | {', '.join(f'{n} {size / 1e6:.0f}' for n, size in ours[:8])} MB |")
    print(f"| `infill fill`, whole command, median of 5 | {fills[2]:.2f} s |")
    print(f"| server start to first ghost text, median of 5 | {servers[2]:.2f} s |")


if __name__ == "__main__":
    main()
