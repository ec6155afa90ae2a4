"""How far a runtime's answers are from the float32 reference of the class.

The reference denoises the canvases of real holes in held-out code for a few steps. Every other runtime is given
the same noise, draws and free ids in every step, so a difference in one step is not carried into the ids of the
next; what a runtime believed itself conditions its next pass, as in a fill.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from infill.bench.hole_sampling import BenchHole, held_out_files, line_holes
from infill.holes.find_hole import find_hole
from infill.prompt.canvas import hole_canvases
from infill.prompt.context import prompt_context
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Hole
from model.config import FILL_SAMPLER
from model.diffusion.denoise import Decoder, starting_rows
from model.diffusion.noise import UniformNoise
from model.diffusion.sampler import SeededDraws, StepOutput, temperature
from model.engine.engine import SEED_STRIDE, DiffusionEngine
from model.types import Canvas
from tests.bench.cpu.runtimes import FIRST, open_engine

N_STEPS = 5


class Pass(msgspec.Struct, frozen=True):
    """What one pass was given and, by the reference, what it answered, free positions of all rows in turn."""

    free_ids: list[int]
    uniforms: list[float]
    temperature: float
    draft: list[int]
    entropies: list[float]


class Case(msgspec.Struct, frozen=True):
    """The canvases of one hole over its prompt."""

    prompt_ids: tuple[int, ...]
    canvases: list[Canvas]
    passes: list[Pass]


def write_reference(scratch: str, n_threads: int, n_holes: int, path: str) -> dict[str, Any]:
    """Job: the reference's own denoising of so many holes, written to `path`."""
    engine = open_engine(FIRST, scratch, n_threads)
    holes = line_holes(held_out_files(), n_holes, seed=1)
    cases = [reference_case(engine, hole, seed) for seed, hole in enumerate(holes)]
    Path(path).write_bytes(msgspec.json.encode(cases))
    return {"cases": len(cases), "canvases": sum(len(c.canvases) for c in cases)}


def reference_case(engine: DiffusionEngine, line: BenchHole, seed: int) -> Case:
    """One hole, denoised by the reference."""
    python = by_id("python")
    assert python is not None
    hole = find_hole(parse(python, line.holed), line.span.start, "manual")
    assert isinstance(hole, Hole)  # a manual trigger always gets one
    around = prompt_context(line.holed, hole, engine.info, engine.tokenizer)
    canvases = hole_canvases(around, hole, (), engine.info)
    sizes = [sum(c.hole_mask) for c in canvases]
    draws = [SeededDraws(seed + SEED_STRIDE * i) for i in range(len(canvases))]
    nothing = [np.zeros(n, np.int64) for n in sizes]
    noises = [UniformNoise(engine.info.vocab_size)] * len(canvases)
    rows = starting_rows(nothing, [False] * len(canvases), draws, noises)
    decode = open_decoder(engine, around.prompt_ids, canvases)
    passes: list[Pass] = []
    for step in range(N_STEPS):
        free_ids = np.concatenate([row.ids for row in rows])
        uniforms = np.concatenate([d.uniforms(n) for d, n in zip(draws, sizes, strict=True)])
        t = temperature(FILL_SAMPLER, N_STEPS - step, N_STEPS)
        output = decode(rows_of(canvases), free_ids, t, uniforms)
        given = free_ids.tolist(), uniforms.tolist(), t
        passes.append(Pass(*given, output.draft.tolist(), output.entropies.tolist()))
        cuts = np.cumsum(sizes)[:-1]
        for row, *parts in zip(rows, *(np.split(part, cuts) for part in output), strict=True):
            row.advance(StepOutput(*parts), FILL_SAMPLER, N_STEPS - step)
    return Case(around.prompt_ids, canvases, passes)


def rows_of(canvases: Sequence[Canvas]) -> list[int]:
    """Every row, settled or not: all are compared in every step."""
    return list(range(len(canvases)))


def open_decoder(engine: DiffusionEngine, prompt_ids: Sequence[int], canvases: Sequence[Canvas]) -> Decoder:
    """A decoder of the engine's network, special ids barred as in a fill."""
    network = engine._network
    network.prefill(prompt_ids)
    barred = np.zeros((len(canvases), network.vocab_size), np.bool_)
    barred[:, list(engine.tokenizer.special_ids)] = True
    return network.decoder(canvases, barred)


def compare(runtime: str, scratch: str, n_threads: int, path: str) -> dict[str, Any]:
    """Job: share of draft tokens equal to the reference's, mean and largest difference of entropies (nats)."""
    engine = open_engine(runtime, scratch, n_threads)
    cases = msgspec.json.decode(Path(path).read_bytes(), type=list[Case])
    same: list[bool] = []
    errors: list[float] = []
    for case in cases:
        decode = open_decoder(engine, case.prompt_ids, case.canvases)
        for given in case.passes:
            uniforms = np.array(given.uniforms, np.float32)
            output = decode(rows_of(case.canvases), np.array(given.free_ids), given.temperature, uniforms)
            same += (output.draft == np.array(given.draft)).tolist()
            errors += np.abs(output.entropies - np.array(given.entropies)).tolist()
    return {"tokens": len(same), "same": float(np.mean(same)), "mean": float(np.mean(errors)), "max": max(errors)}
