"""A key and its answer without a model: didChange and inlineCompletion in a 2,000-line file, ours and stock pygls."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.server.wire import SCRIPTED, URI, Wire

N_LINES = 2000
_LINE = "    value = compute(first, second, other=2)  # a line\n"
_STOCK = (sys.executable, str(Path(__file__).parent / "stock.py"))
_BLOCK = 100  # rounds in a row with one server, so that a slow moment hits all


def roundtrip_ms(rounds: int, folder: Path) -> dict[str, list[float]]:
    """Milliseconds from the change to the answer, for each server; `rounds` of them. A tenth warms up."""
    commands = {
        "a filler that says nothing": (*SCRIPTED, str(_script(folder / "nothing.jsonl", []))),
        "a filler with a fixed text": (
            *SCRIPTED,
            str(_script(folder / "fixed.jsonl", [{"after": "", "text": "fixed"}])),
        ),
        "stock pygls, answers nothing": _STOCK,
    }
    wires = {name: _opened(command) for name, command in commands.items()}
    times: dict[str, list[float]] = {name: [] for name in commands}
    try:
        for wire in wires.values():
            _rounds(wire, max(20, rounds // 10))
        while len(times["stock pygls, answers nothing"]) < rounds:
            for name, wire in wires.items():
                times[name] += _rounds(wire, min(_BLOCK, rounds))
    finally:
        for wire in wires.values():
            wire.__exit__(None, None, None)
    return times


def _script(path: Path, rules: Sequence[dict[str, str]]) -> Path:
    path.write_text("".join(json.dumps(rule) + "\n" for rule in rules))
    return path


def _opened(command: Sequence[str]) -> Wire:
    wire = Wire(command)
    wire.begin()
    if command is not _STOCK:
        wire.wait_ready()
    wire.open(URI, "def f(first, second):\n" + _LINE * N_LINES)
    return wire


def _rounds(wire: Wire, n: int) -> list[float]:
    times: list[float] = []
    for number in range(n):
        line = 1 + number * 37 % N_LINES
        here = {"line": line, "character": 4}
        started = time.perf_counter()
        wire.change(URI, {"range": {"start": here, "end": here}, "text": "a"})
        asked = wire.inline(URI, {"line": line, "character": 5})
        wire.answer(asked)
        times.append((time.perf_counter() - started) * 1000)
    return times
