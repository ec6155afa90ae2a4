"""What a user gets: the wheel in an empty environment, its size by package, and the time to a first completion.

`python tests/bench/bench_install.py` builds the wheel, installs it as pip would (needs the package index), and
runs both commands from a folder that has nothing to do with this checkout.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from infill.bench.tables import machine
from tests.bench.server.apart import engines_apart
from tests.release.installed import ROOT, filled, ghost_text, install, run, sizes


def fill_seconds(commands: Path, folder: Path) -> float:
    """A whole `infill fill`, from nothing to the diff."""
    started = time.perf_counter()
    filled(commands, folder)
    return time.perf_counter() - started


def server_seconds(commands: Path, folder: Path) -> float:
    """From the start of the server to the first ghost text when no other window has an engine running."""
    with engines_apart():
        return asyncio.run(ghost_text(commands, folder))


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, ROOT, cwd=folder)
        wheel = next(folder.glob("dg_lsp-*.whl"))
        print(f"wheel {wheel.stat().st_size / 1e6:.1f} MB", file=sys.stderr)
        commands = install(wheel, folder)
        ours = sizes(commands, folder)
        fills = sorted(fill_seconds(commands, folder) for _ in range(5))
        servers = sorted(server_seconds(commands, folder) for _ in range(5))
    print(f"{machine()}; {time.strftime('%Y-%m-%d')}\n\n| figure | value |\n|---|---|")
    print(f"| installed size of {len(ours)} packages | {sum(size for _, size in ours) / 1e6:.0f} MB |")
    print(f"| the largest | {', '.join(f'{n} {size / 1e6:.0f}' for n, size in ours[:8])} MB |")
    print(f"| `infill fill`, whole command, median of 5 | {fills[2]:.2f} s |")
    print(f"| server start to first ghost text, median of 5 | {servers[2]:.2f} s |")


if __name__ == "__main__":
    main()
