"""How long the server takes: to answer `initialize`, to be ready, to give ghost text. And its memory.

`python tests/bench/bench_server.py [--rounds N]` drives `dg-lsp --stdio` as an editor would, with the
embedded model: a function is typed character by character and ghost text asked for at every line's end.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from infill.bench import machine
from tests.e2e.client import URI, Client

HEAD = (
    '"""Boxes on a shelf."""\n\nimport os\n\n\n'
    "class Shelf:\n    def __init__(self, boxes):\n        self.boxes = boxes\n"
)
LINES = ("\n    def total(self, names):", "        count = 0", "        for name in names:", "            count += ")
TAIL = "\n        return count\n\n    def path(self, root):\n        return os.path.join(root, 'shelf')\n"


async def initialize_ms() -> float:
    client = await Client.start("--stdio")
    await client.initialize()
    elapsed = (time.perf_counter() - client.started) * 1000
    await client.ask("shutdown")
    client.notify("exit")
    await client.exit_code()
    return elapsed


async def session(rounds: int) -> dict[str, object]:
    client = await Client.start("--stdio")
    client.limit_s = 120
    await client.initialize()
    await client.ready()
    ready_s = time.perf_counter() - client.started
    times: dict[bool, list[float]] = {True: [], False: []}
    n_items = 0
    for i in range(rounds):
        uri = URI.replace("demo", f"demo{i}")
        client.open(uri, HEAD + TAIL)
        at = len(HEAD)
        for line in LINES:
            client.edit(uri, at, at, line + "\n")
            at += len(line)
            for manual in (False, True):
                started = time.perf_counter()
                n_items += len(await client.items(uri, at, manual=manual))
                times[manual].append((time.perf_counter() - started) * 1000)
            at += 1
    assert client.process is not None
    status = Path(f"/proc/{client.process.pid}/status")
    memory = (
        [line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmRSS")]
        if status.exists()
        else []
    )
    await client.ask("shutdown")
    client.notify("exit")
    await client.exit_code()
    return {"ready_s": ready_s, "times": times, "rss_mib": int(memory[0]) / 1024 if memory else None, "items": n_items}


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=12, help="documents typed into (default %(default)s)")
    args = parser.parse_args()
    starts = [await initialize_ms() for _ in range(7)]
    result = await session(args.rounds)
    times = result["times"]

    def p(values: list[float], share: float) -> float:
        return sorted(values)[min(len(values) - 1, int(len(values) * share))]

    print(f"{machine()}, {time.strftime('%Y-%m-%d')}\n\n| figure | value |\n|---|---|")
    print(
        "| `initialize` answered after process start, median of 7 (min) | "
        f"{statistics.median(starts):.0f} ms ({min(starts):.0f}) |"
    )
    print(f"| model ready after process start | {result['ready_s']:.1f} s |")
    for manual, name in ((False, "automatic, deadline 400 ms"), (True, "asked for")):
        print(
            f"| inline completion, {name}, p50 / p95 of {len(times[manual])} | "
            f"{p(times[manual], 0.5):.0f} / {p(times[manual], 0.95):.0f} ms |"
        )
    print(f"| resident memory | {result['rss_mib']:.0f} MiB |")


if __name__ == "__main__":
    asyncio.run(main())
