"""A long day: many edits and completions. Does the server's memory stay flat?"""

from __future__ import annotations

import json
import random
from pathlib import Path

import psutil

from tests.bench.server.wire import SCRIPTED, URI, Wire

N_LINES = 2000
EDITS_PER_COMPLETION = 10
_SAMPLES = 20


def memory_mib(n_edits: int, folder: Path, seed: int = 0) -> list[float]:
    """Resident memory after each twentieth of the edits, with a completion after every ten."""
    script = folder / "fixed.jsonl"
    script.write_text(json.dumps({"after": "", "text": "fixed(text)"}) + "\n")
    draw = random.Random(f"endurance {seed}")
    samples: list[float] = []
    with Wire((*SCRIPTED, str(script))) as wire:
        wire.begin()
        wire.wait_ready()
        wire.open(URI, "    value = compute(1)\n" * N_LINES)
        server = psutil.Process(wire.process.pid)
        last, n_added = 0, 0
        for number in range(1, n_edits + 1):
            line = draw.randrange(N_LINES)
            if n_added:  # take out what the last edit put in, so that the text stays as long
                wire.change(URI, {"range": _columns(last, 4, 4 + n_added), "text": ""})
                n_added = 0
            else:
                last, n_added = line, draw.randint(1, 9)
                wire.change(URI, {"range": _columns(line, 4, 4), "text": "x" * n_added})
            if number % EDITS_PER_COMPLETION == 0:
                asked = wire.inline(URI, {"line": line, "character": 4}, manual=number % 20 == 0)
                wire.answer(asked)
                del wire.answers[asked]
            if number % (n_edits // _SAMPLES) == 0:
                samples.append(server.memory_info().rss / 2**20)
    return samples


def growth(samples: list[float]) -> float:
    """How much more memory there was at most in the last fifth than in the second: 0.05 is five per cent."""
    fifth = len(samples) // 5
    return max(samples[-fifth:]) / max(samples[fifth : 2 * fifth]) - 1


def _columns(line: int, start: int, end: int) -> dict[str, dict[str, int]]:
    return {"start": {"line": line, "character": start}, "end": {"line": line, "character": end}}
