"""From a cancel to an idle model, over stdio with the embedded model, beside how long one step takes."""

from __future__ import annotations

import random
import time

from infill.pipeline.filler import open_filler
from infill.types import Filled, FillRequest
from model.types import CancelToken
from tests.bench.server.wire import SERVER, URI, Wire

OTHER = "file:///other.txt"  # a language without a grammar: answered by the model's thread, without the model
TEXT = '"""Boxes."""\n\nimport os\n\n\ndef total(boxes, names):\n    """Add up the weights."""\n    \n'
PLACE = {"line": 7, "character": 4}


def step_ms(rounds: int = 5) -> float:
    """Milliseconds of one denoising step of the body that `idle_after_ms` asks for, the median."""
    filler = open_filler().limited_to(frozenset(("diffusion",)))
    times: list[float] = []
    for seed in range(rounds):
        request = FillRequest(TEXT, "python", offset=len(TEXT) - 1, candidates=8, seed=seed)
        filled = filler.fill(request, CancelToken())
        if isinstance(filled, Filled):
            steps = max(completion.steps for completion in filled.completions)
            times += [filled.timings_ms["denoise"] / steps] if steps else []
    return sorted(times)[len(times) // 2] if times else float("nan")


def idle_after_ms(rounds: int, seed: int = 0) -> tuple[list[float], list[float]]:
    """(from a cancel until the model's thread takes the next question, the same without a fill before)."""
    draw = random.Random(f"cancel {seed}")
    after: list[float] = []
    alone: list[float] = []
    with Wire(SERVER) as wire:
        wire.begin()
        wire.wait_ready()
        wire.open(OTHER, "x", "no-such-language")
        wire.items(OTHER)
        for number in range(rounds):
            uri = f"{URI}{number}.py"
            wire.open(uri, TEXT.replace("Boxes", f"Boxes {number}"))
            alone.append(_idle(wire, None))
            asked = wire.inline(uri, PLACE)
            time.sleep(draw.uniform(0.005, 0.08))  # into the fill
            if asked not in wire.answers:
                after.append(_idle(wire, asked))
            wire.answer(asked)
    return after, alone


def _idle(wire: Wire, cancelled: int | None) -> float:
    started = time.perf_counter()
    if cancelled is not None:
        wire.notify("$/cancelRequest", {"id": cancelled})
    wire.answer(wire.inline(OTHER, {"line": 0, "character": 1}))
    return (time.perf_counter() - started) * 1000
