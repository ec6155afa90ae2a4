"""`infill bench`: how often a fill is exactly the text that was there, on code never trained on.

`line`: from a word's edge to the end of its line; `begun`: the same in the first lines of a file, with nothing below;
`typed`: as `line`, after the first two letters of a word; `block`: whole bodies of functions; `holes`: two or three
values of a function at once; `hints`: its types; `refine`: lines with one wrong token; `quiet`: places where nothing
should be said unasked, beside line ends. All are drawn by a fixed seed from the held-out packages that are installed
here (or from --source). `fix`: one fault planted in such code, with the diagnostic of another server; `docstring`:
those of 40 functions, all listed for a reader. `instruct`: changes asked for in words, of code that is part of this
project. `humaneval`: functions whose tests must pass, from --data. A frequency baseline answers lines and blocks too:
the continuation that most often follows the longest matching left context elsewhere in the same file. With --compare
every decoder alone answers them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec
from tqdm import tqdm

from infill.bench import humaneval
from infill.bench import values as bench_values
from infill.bench.actions import ACTIONS
from infill.bench.context import PackageContext
from infill.bench.fills import answer, packages, report
from infill.bench.hints import unhinted
from infill.bench.hole_sampling import (
    BenchHole,
    begun_holes,
    block_holes,
    held_out_files,
    line_holes,
    source_files,
    typed_holes,
)
from infill.bench.quiet import quiet_answers, quiet_figures
from infill.bench.quiet_places import quiet_places
from infill.bench.tables import heading, table
from infill.cli.command_input import ModelArguments, add_model_options, opened
from infill.types import Context, InputError, Source
from model.types import CheckpointError

if TYPE_CHECKING:
    from infill.pipeline.filler import ModelFiller

NO_HOLES = "no holes: none of the held-out packages is installed here; name files with --source"
DRAW = {"line": line_holes, "begun": begun_holes, "typed": typed_holes, "block": block_holes}
DRAW_FUNCTIONS: dict[str, Callable[[list[Path], int, int], Sequence[bench_values.FunctionHoles]]] = {
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


def held_out_bench(what: str, args: argparse.Namespace, variants: list[str]) -> Bench:
    """Return a benchmark of line ends or blocks. Its holes are drawn now, so bad input fails before the model loads.

    Raises `InputError` where there are no holes.
    """
    files = source_files(args.source) if args.source else held_out_files()
    holes = DRAW[what](files, args.limit or sys.maxsize, args.seed)
    if not holes:
        raise InputError(NO_HOLES)

    package = PackageContext()

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
        return report(what, by_variant, filler.model_name, filler.show_threshold), samples

    return run


def quiet_bench(args: argparse.Namespace) -> Bench:
    """Return the benchmark of silence, with as many line ends from the same files. Raises `InputError` without any."""
    files = source_files(args.source) if args.source else held_out_files()
    limit = args.limit or sys.maxsize
    places, holes = quiet_places(files, limit, args.seed), line_holes(files, limit, args.seed)
    if not places or not holes:
        raise InputError(NO_HOLES)
    package = PackageContext()

    def context(hole: BenchHole) -> Context:
        return package.of(hole) if args.context else Context()

    def run(filler: ModelFiller) -> Answered:
        samples = quiet_answers(filler, places, holes, args.seed, context)
        of = f"{len(places)} places and {len(holes)} line ends of {packages([one.path for one in (*places, *holes)])}"
        return table(heading("quiet", of, filler.model_name), {"value": quiet_figures(samples)}), [*samples]

    return run


def functions_bench(what: str, args: argparse.Namespace) -> Bench:
    """Return a benchmark of several holes of a function at once: every fill counted, and confident ones only.

    Raises `InputError` where there are no functions.
    """
    files = source_files(args.source) if args.source else held_out_files()
    drawn = DRAW_FUNCTIONS[what](files, args.limit or sys.maxsize, args.seed)
    if not drawn:
        raise InputError(NO_HOLES)
    package = PackageContext()

    def context(one: bench_values.FunctionHoles) -> Context:
        return package.of(one) if args.context else Context()

    def run(filler: ModelFiller) -> Answered:
        asked = {"whatever it is": 0.0, f"{filler.show_threshold} sure": filler.show_threshold}
        by_variant = {
            variant: bench_values.answers(filler, f"{what}, {variant}", least, drawn, args.seed, context)
            for variant, least in asked.items()
        }
        of = f"{len(drawn)} functions of {packages([one.path for one in drawn])}"
        columns = {variant: bench_values.figures(samples) for variant, samples in by_variant.items()}
        every: list[msgspec.Struct] = [s for samples in by_variant.values() for s in samples]
        return table(heading(what, of, filler.model_name), columns), every

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


def _bench(what: str, args: argparse.Namespace, variants: list[str]) -> Bench:
    if what in ACTIONS:
        return ACTIONS[what](args)
    if what == "session":
        raise InputError("session types through the server, of which this command knows nothing: make bench-session")
    if what == "quiet":
        return quiet_bench(args)
    if what in DRAW_FUNCTIONS:
        return functions_bench(what, args)
    return humaneval_bench(args, variants) if what == "humaneval" else held_out_bench(what, args, variants)


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="infill bench", description=__doc__)
    choices = [*DRAW, *DRAW_FUNCTIONS, "quiet", "session", *ACTIONS, "humaneval"]
    parser.add_argument(
        "what",
        choices=choices,
        nargs="+",
        help="what to measure, see above",
    )
    parser.add_argument("--limit", type=int, default=200, help="number of holes (default %(default)s; 0: all)")
    parser.add_argument("--seed", type=int, default=0, help="draws the holes and the fills (default %(default)s)")
    parser.add_argument(
        "--compare", action="store_true", help="also measure each decoder alone, and with the length known"
    )
    parser.add_argument("--context", action="store_true", help="also with the modules it imports and those beside it")
    parser.add_argument(
        "--split",
        choices=list(humaneval.SPLITS),
        default="single-line",
        help="of humaneval; made of the single lines where its own file is not in the folder",
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/eval"), help="humaneval's file or folder")
    add_model_options(parser)
    parser.add_argument("--threads", type=int, help="processor threads (default: one core is left free)")
    parser.add_argument("--source", type=Path, nargs="*", help="Python files or folders instead of the packages")
    parser.add_argument("--json", action="store_true", help="one JSON line per hole on stdout, tables on stderr")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run benchmarks and return the exit code; tables go to stdout, progress to stderr."""
    args = arguments(argv)
    variants = [*(VARIANTS if args.compare else ["all"]), *([WITH_CONTEXT] if args.context else [])]
    try:
        benches = [_bench(what, args, variants) for what in args.what]
        filler = opened(cast("ModelArguments", args))
    except (InputError, CheckpointError) as error:
        print(f"infill: {error}", file=sys.stderr)
        return 2
    for bench in benches:
        text, samples = bench(filler)
        for sample in samples if args.json else ():
            print(msgspec.json.encode(sample).decode())
        print(text, end="\n\n", file=sys.stderr if args.json else sys.stdout, flush=True)
    return 0
