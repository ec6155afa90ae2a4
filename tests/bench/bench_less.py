"""What each way of computing less gains in time and costs in exact match: `python tests/bench/bench_less.py`.

The same held-out line ends are filled by the shipped engine, and then with one saving at a time taken back.
Times are of the second of two askings, so the prompt is kept, save in the row that takes just that back.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from infill.bench.hole_sampling import BenchHole, held_out_files, line_holes
from infill.bench.tables import machine
from infill.pipeline.filler import ModelFiller
from infill.types import Filled, FillRequest
from model.diffusion import noise
from model.engine.engine import DiffusionEngine
from model.load import load_engine
from model.onnx import network as onnx_network
from model.types import CancelToken

Change = Callable[[DiffusionEngine], Iterator[None]]


def shipped(engine: DiffusionEngine) -> Iterator[None]:
    yield


def sizes(**changes: object) -> Change:
    """Other lengths, steps or suffixes than infill.json states."""

    def change(engine: DiffusionEngine) -> Iterator[None]:
        before = engine.info
        engine.info = msgspec.structs.replace(before, **changes)
        yield
        engine.info = before

    return change


def forgotten_prompt(engine: DiffusionEngine) -> Iterator[None]:
    """The whole prompt encoded for every request."""
    engine._network.forget()
    yield


def whole_soft_embeddings(engine: DiffusionEngine) -> Iterator[None]:
    """Soft embeddings from every probability, as one matrix product."""
    network = engine._network
    network.soft_embeddings = lambda probs: probs @ network.embedding
    yield
    del network.soft_embeddings


def settled_rows_stay(engine: DiffusionEngine) -> Iterator[None]:
    """Rows that have settled are decoded to the end."""
    before, noise.settled = noise.settled, lambda *_: False
    yield
    noise.settled = before


def every_position_projected(engine: DiffusionEngine) -> Iterator[None]:
    """Vocabulary scores of the clamped positions too."""
    network = engine._network
    before = network.trunk

    def trunk(*arguments):
        hidden = before(*arguments)
        network.logits(hidden)
        return hidden

    network.trunk = trunk
    yield
    del network.trunk


def continuations_apart(engine: DiffusionEngine) -> Iterator[None]:
    """Candidates are judged without sharing what they begin with."""
    before = onnx_network.TokenTree

    class Apart(before):
        def __init__(self, continuations):
            super().__init__([])
            for continuation in continuations:
                start = len(self.token_ids)
                path = list(range(start, start + len(continuation) - 1))
                self.token_ids += continuation[:-1]
                self.depths += range(len(path))
                self.parents += [-1, *path[:-1]] if path else []
                self.paths.append(path)

    onnx_network.TokenTree = Apart
    yield
    onnx_network.TokenTree = before


CHANGES: dict[str, Change] = {
    "as shipped": shipped,
    "prompt encoded anew": forgotten_prompt,
    "4 steps": sizes(line_steps=4),
    "2 steps": sizes(line_steps=2),
    "8 clamped tokens of suffix": sizes(near_suffix_tokens=8),
    "lengths 1 2 3 5 8 12": sizes(line_lengths=(1, 2, 3, 5, 8, 12)),
    "lengths 1 3 8": sizes(line_lengths=(1, 3, 8)),
    "soft embeddings from all ids": whole_soft_embeddings,
    "settled rows stay": settled_rows_stay,
    "vocabulary scores everywhere": every_position_projected,
    "candidates judged apart": continuations_apart,
}


def measured(filler: ModelFiller, engine: DiffusionEngine, hole: BenchHole, change: Change) -> tuple[bool, float]:
    """Whether the fill is exactly right, and milliseconds with the prompt as the change leaves it."""
    request = FillRequest(text=hole.holed, language="python", offset=hole.span.start)
    with contextmanager(change)(engine):
        filler.fill(request, CancelToken())
    with contextmanager(change)(engine):
        started = time.perf_counter()
        result = filler.fill(request, CancelToken())
        elapsed = (time.perf_counter() - started) * 1000
    right = isinstance(result, Filled) and result.completions[0].text.strip() == hole.answer.strip()
    return right, elapsed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, default=100, help="number of holes (default %(default)s)")
    parser.add_argument("--seed", type=int, default=5, help="draws the holes (default %(default)s)")
    args = parser.parse_args()
    holes = line_holes(held_out_files(), args.limit, args.seed)
    engine = load_engine()
    filler = ModelFiller(engine, "embedded")
    filler.fill(FillRequest(text="x = ", language="python", offset=4), CancelToken())
    results: dict[str, list[tuple[bool, float]]] = {name: [] for name in CHANGES}
    for hole in tqdm(holes, "filling", leave=False, disable=None):
        for name, change in CHANGES.items():  # side by side, so that a slow minute is slow for all
            results[name].append(measured(filler, engine, hole, change))
    base = float(np.median([ms for _, ms in results["as shipped"]]))
    print(f"{len(holes)} line ends, seed {args.seed}; {machine()}; {time.strftime('%Y-%m-%d')}\n")
    print("| | exact match | p50 ms | p95 ms | times the shipped p50 |\n|---|---|---|---|---|")
    for name, rows in results.items():
        times = np.array([ms for _, ms in rows])
        right = 100 * np.mean([ok for ok, _ in rows])
        p50, p95 = np.percentile(times, [50, 95])
        print(f"| {name} | {right:.1f} % | {p50:.0f} | {p95:.0f} | {p50 / base:.2f} |")


if __name__ == "__main__":
    main()
