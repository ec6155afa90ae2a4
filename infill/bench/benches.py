"""The benchmarks of holes in code: ends of lines, bodies, several holes of a function, silence, HumanEval.

Each draws its holes when it is made, so that bad input fails before a model is loaded, and runs with a filler later.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec
from tqdm import tqdm

from infill.bench import humaneval
from infill.bench import values as bench_values
from infill.bench.code.code_set import CodeSet
from infill.bench.context import PackageContext
from infill.bench.fills import answer, report, thresholds
from infill.bench.hints import unhinted
from infill.bench.hole_sampling import BenchHole, begun_holes, block_holes, line_holes, typed_holes
from infill.bench.quiet import quiet_answers, quiet_figures
from infill.bench.quiet_places import quiet_places
from infill.bench.tables import heading, table
from infill.types import Context, InputError, Source

if TYPE_CHECKING:
    from infill.pipeline.filler import ModelFiller

DRAW = {"line": line_holes, "begun": begun_holes, "typed": typed_holes, "block": block_holes}
DRAW_FUNCTIONS: dict[str, Callable[[CodeSet, int, int], Sequence[bench_values.FunctionHoles]]] = {
    "holes": bench_values.unwritten,
    "hints": unhinted,
}
# Which sources each column of --compare may use; True: the denoiser gets the hole's true length.
ALL: frozenset[Source] = frozenset(("diffusion", "left_to_right", "nearby"))
VARIANTS: dict[str, tuple[frozenset[Source], bool]] = {
    "all": (ALL, False),
    "diffusion": (frozenset(("diffusion",)), False),
    "diffusion, length known": (frozenset(("diffusion",)), True),
    "left to right": (frozenset(("left_to_right",)), False),
    "both": (frozenset(("diffusion", "left_to_right")), False),
}
WITH_CONTEXT = "with context"


Answered = tuple[str, list[msgspec.Struct]]  # a table and every sample behind it
Bench = Callable[["ModelFiller"], Answered]


def limited(filler: ModelFiller, variant: str, answer: str | None = None) -> ModelFiller:
    """Return the filler limited to the sources of a column of --compare."""
    sources, length_known = VARIANTS[variant] if variant != WITH_CONTEXT else (ALL, False)
    return filler.limited_to(sources, answer if length_known else None)


def held_out_bench(what: str, args: argparse.Namespace, variants: list[str], code: CodeSet) -> Bench:
    """Return a benchmark of line ends or blocks. Raises `InputError` where there are no holes."""
    holes = DRAW[what](code, args.limit or sys.maxsize, args.seed)
    if not holes:
        raise InputError(f"no holes for {what} in {code.what}")
    package = PackageContext(code.roots)

    def context(variant: str, hole: BenchHole) -> Context:
        return package.of(hole) if variant == WITH_CONTEXT else Context()

    def run(filler: ModelFiller) -> Answered:
        by_variant = {
            variant: [
                answer(limited(filler, variant, hole.answer), what, variant, hole, args.seed, context(variant, hole))
                for hole in tqdm(holes, f"{what}, {variant}", leave=False, disable=None)
            ]
            for variant in variants
        }
        samples: list[msgspec.Struct] = [s for of_variant in by_variant.values() for s in of_variant]
        head = f"{what}, {code.language}"
        text = report(head, by_variant, code.what, filler.model_name, filler.threshold(code.language))
        return f"{text}\n\n{thresholds(head, by_variant)}" if args.thresholds else text, samples

    return run


def functions_bench(what: str, args: argparse.Namespace, code: CodeSet) -> Bench:
    """Return a benchmark of several holes of a function at once: every fill counted, and confident ones only.

    Raises `InputError` where there are no functions.
    """
    drawn = DRAW_FUNCTIONS[what](code, args.limit or sys.maxsize, args.seed)
    if not drawn:
        raise InputError(f"no functions for {what} in {code.what}")
    package = PackageContext(code.roots)

    def context(one: bench_values.FunctionHoles) -> Context:
        return package.of(one) if args.context else Context()

    def run(filler: ModelFiller) -> Answered:
        asked = {"whatever it is": 0.0, f"{filler.show_threshold} sure": filler.show_threshold}
        by_variant = {
            variant: bench_values.answers(filler, f"{what}, {variant}", least, drawn, args.seed, context)
            for variant, least in asked.items()
        }
        columns = {variant: bench_values.figures(samples) for variant, samples in by_variant.items()}
        every: list[msgspec.Struct] = [s for samples in by_variant.values() for s in samples]
        return table(heading(what, f"{len(drawn)} functions of {code.what}", filler.model_name), columns), every

    return run


def quiet_bench(args: argparse.Namespace, code: CodeSet) -> Bench:
    """Return the benchmark of silence, with as many line ends from the same files. Raises `InputError` without any."""
    limit = args.limit or sys.maxsize
    places, holes = quiet_places(code, limit, args.seed), line_holes(code, limit, args.seed)
    if not places or not holes:
        raise InputError(f"no holes for quiet in {code.what}")
    package = PackageContext(code.roots)

    def context(hole: BenchHole) -> Context:
        return package.of(hole) if args.context else Context()

    def run(filler: ModelFiller) -> Answered:
        samples = quiet_answers(filler, places, holes, args.seed, context)
        of = f"{len(places)} places and {len(holes)} line ends of {code.what}"
        head = heading(f"quiet, {code.language}", of, filler.model_name)
        return table(head, {"value": quiet_figures(samples)}), [*samples]

    return run


def humaneval_bench(args: argparse.Namespace, variants: list[str]) -> Bench:
    """Return the benchmark of functions with tests; a known length is no variant, as any passing code is right."""
    tasks = humaneval.read_tasks(args.data, args.split, args.seed)[: args.limit or sys.maxsize]
    possible = [v for v in variants if v != WITH_CONTEXT and not VARIANTS[v][1]]

    def run(filler: ModelFiller) -> Answered:
        by_variant = {v: humaneval.answers(limited(filler, v), v, tasks, args.seed) for v in possible}
        columns = {v: humaneval.figures(samples, filler.show_threshold) for v, samples in by_variant.items()}
        head = heading(f"humaneval {args.split}", f"{len(tasks)} holes", filler.model_name)
        return table(head, columns), [s for samples in by_variant.values() for s in samples]

    return run
