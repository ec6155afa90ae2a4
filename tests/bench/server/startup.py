"""How long the server takes to answer `initialize`, to be ready, to give ghost text with the embedded model."""

from __future__ import annotations

import statistics
import time

import psutil

from dg_lsp.app.engine_cli import peek
from dg_lsp.engine.runtime_dir import socket_paths
from tests.bench.replay.counts import percentile
from tests.bench.server.wire import SERVER, URI, Wire

HEAD = (
    '"""Boxes on a shelf."""\n\nimport os\n\n\n'
    "class Shelf:\n    def __init__(self, boxes):\n        self.boxes = boxes\n"
)
LINES = ("\n    def total(self, names):", "        count = 0", "        for name in names:", "            count += ")
TAIL = "\n        return count\n\n    def path(self, root):\n        return os.path.join(root, 'shelf')\n"


def initialize_ms() -> float:
    """From the start of the process to the answer."""
    started = time.perf_counter()
    with Wire(SERVER) as wire:
        wire.begin()
        return (time.perf_counter() - started) * 1000


def startup_rows(rounds: int, starts: int) -> list[tuple[str, str, str, bool | None]]:
    """Rows of the table, for so many documents typed into and starts of the process."""
    first = [initialize_ms() for _ in range(starts)]
    times: dict[bool, list[float]] = {False: [], True: []}
    started = time.perf_counter()
    with Wire(SERVER) as wire:
        wire.begin()
        wire.wait_ready()
        ready_s = time.perf_counter() - started
        for number in range(2 * rounds):  # an own document for either: what was just suggested is not asked for anew
            times[number % 2 == 1] += _type_and_ask(wire, f"{URI}{number}.py", manual=number % 2 == 1)
        memory = [psutil.Process(wire.process.pid).memory_info().rss / 2**20]
        memory += [facts.resident_mib for path in socket_paths() if (facts := peek(path)) is not None]
    rows: list[tuple[str, str, str, bool | None]] = [
        (
            f"`initialize` answered after process start, median of {starts} (min)",
            f"{statistics.median(first):.0f} ms ({min(first):.0f})",
            "",
            None,
        ),
        ("model ready after process start", f"{ready_s:.1f} s", "under 2 s", ready_s < 2),
    ]
    for manual, name in ((False, "right after a key, the wait for the next one included"), (True, "asked for")):
        figure = f"{percentile(times[manual], 0.5):.0f} / {percentile(times[manual], 0.95):.0f} ms"
        rows.append((f"inline completion, {name}, p50 / p95 of {len(times[manual])}", figure, "", None))
    said = " + ".join(f"{mib:.0f}" for mib in memory)
    return [*rows, ("resident memory, server + engine", f"{said} MiB", "", None)]


def _type_and_ask(wire: Wire, uri: str, manual: bool) -> list[float]:
    """Write a function line by line, asking at each line's end; the milliseconds until each answer."""
    times: list[float] = []
    wire.open(uri, HEAD + TAIL)
    at = len(HEAD)
    for line in LINES:
        wire.edit(uri, at, at, line + "\n")
        at += len(line)
        here = wire.places(uri).position(at)
        started = time.perf_counter()
        wire.answer(wire.inline(uri, here, manual))
        times.append((time.perf_counter() - started) * 1000)
        at += 1
    return times
