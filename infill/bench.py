"""`infill bench`: how often the fill is exactly what stood there, on code never trained on.

`line`: from a word's edge to the end of its line; `block`: whole bodies of functions; `refine`: lines with one
wrong token. All are drawn by a fixed seed from the held-out packages that are installed here (or from --source).
`humaneval`: functions whose tests must pass, from --data. A frequency baseline
answers the same holes: the continuation that most often follows the longest matching left context
elsewhere in the same file. With --compare every decoder alone answers them too.
"""

from __future__ import annotations

import argparse
import difflib
import importlib.metadata
import importlib.util
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from tqdm import tqdm

from infill import bench_humaneval as humaneval
from infill import bench_refine
from infill import bench_reliability as reliability
from infill.bench_context import PackageContext
from infill.bench_holes import BenchHole, block_holes, held_out_files, line_holes, parses, source_files
from infill.bench_tables import Rows, heading, share, table
from infill.nearby import continuations
from infill.types import Context, Filled, FillRequest, InputError, Source
from model.config import HELD_OUT
from model.types import CancelToken, CheckpointError

if TYPE_CHECKING:
    from infill.filler import ModelFiller

NO_HOLES = "no holes: none of the held-out packages is installed here; name files with --source"
DRAW = {"line": line_holes, "block": block_holes}
# Which sources each column of --compare may use; None: the hole's true length is told to the denoiser.
ALL: frozenset[Source] = frozenset(("diffusion", "left_to_right", "nearby"))
VARIANTS: dict[str, tuple[frozenset[Source], bool]] = {
    "all": (ALL, False),
    "diffusion": (frozenset(("diffusion",)), False),
    "diffusion, length known": (frozenset(("diffusion",)), True),
    "left to right": (frozenset(("left_to_right",)), False),
    "both": (frozenset(("diffusion", "left_to_right")), False),
}
WITH_CONTEXT = "with context"


class Sample(msgspec.Struct, frozen=True):
    """One answered hole; a line of `--json`."""

    bench: str
    variant: str
    path: str
    offset: int
    answer: str
    fill: str | None
    reason: str | None
    source: str | None
    confidence: float
    tokens: tuple[tuple[str, float], ...]  # with entropies in nats
    parses: bool
    exact: bool
    similarity: float
    extra_lines: int
    baseline: str
    baseline_exact: bool
    steps: int
    milliseconds: float


def answer(filler: ModelFiller, bench: str, variant: str, hole: BenchHole, seed: int, context: Context) -> Sample:
    """Ask for one fill as a user would, and compare it with what stood there."""
    request = FillRequest(text=hole.holed, language="python", offset=hole.start, seed=seed, context=context)
    started = time.perf_counter()
    result = filler.fill(request, CancelToken())
    milliseconds = (time.perf_counter() - started) * 1000
    best = result.completions[0] if isinstance(result, Filled) else None
    fill = best.text if best else ""
    baseline = next((c.text for c in continuations(hole.holed, hole.start, hole.start, 1)), "")
    return Sample(
        bench=bench,
        variant=variant,
        path=hole.path,
        offset=hole.start,
        answer=hole.answer,
        fill=best.text if best else None,
        reason=None if isinstance(result, Filled) else result.reason,
        source=best.source if best else None,
        confidence=best.confidence if best else 0.0,
        tokens=tuple(zip(best.token_texts, best.token_entropies, strict=True)) if best else (),
        parses=best is not None and parses(hole.holed[: best.span.start] + best.text + hole.holed[best.span.end :]),
        exact=best is not None and best.text.strip() == hole.answer.strip(),
        similarity=difflib.SequenceMatcher(None, fill.strip(), hole.answer.strip(), autojunk=False).ratio(),
        extra_lines=fill.strip().count("\n") - hole.answer.strip().count("\n"),
        baseline=baseline,
        baseline_exact=baseline.strip() == hole.answer.strip(),
        steps=best.steps if best else 0,
        milliseconds=round(milliseconds, 1),
    )


def figures(samples: list[Sample], threshold: float) -> Rows:
    """Rows of the table for one variant."""
    n = len(samples)
    filled = [s for s in samples if s.fill is not None]
    shown = [s for s in filled if s.confidence >= threshold]
    diffused = [s.steps for s in filled if s.source == "diffusion"]
    times = sorted(s.milliseconds for s in samples)
    sources = Counter(s.source for s in filled)
    return [
        ("exact match", share(sum(s.exact for s in samples), n)),
        ("edit similarity, mean", f"{100 * statistics.mean(s.similarity for s in samples):.1f} %"),
        ("filled", share(len(filled), n)),
        ("fills that parse", share(sum(s.parses for s in filled), len(filled))),
        ("lines too many or too few, mean", f"{statistics.mean(abs(s.extra_lines) for s in samples):.1f}"),
        (f"shown unasked (confidence {threshold:.2f} or more)", share(len(shown), n)),
        ("exact match of those shown", share(sum(s.exact for s in shown), len(shown))),
        ("fills from diffusion / left to right / nearby / cut back",
         " / ".join(str(sources[k]) for k in ("diffusion", "left_to_right", "nearby", "cut_back"))),
        ("mean steps of the diffusion fills", f"{statistics.mean(diffused):.1f}" if diffused else "-"),
        ("p50 / p95 ms", f"{times[n // 2]:.0f} / {times[min(n - 1, int(n * 0.95))]:.0f}"),
    ]  # fmt: skip


def report(what: str, by_variant: dict[str, list[Sample]], model: str, threshold: float) -> str:
    """The table of one benchmark on held-out code, with machine, date and model."""
    first = next(iter(by_variant.values()))
    where = packages([sample.path for sample in first])
    baseline = share(sum(s.baseline_exact for s in first), len(first))
    head = heading(what, f"{len(first)} holes of {where}", model)
    columns = {name: figures(samples, threshold) for name, samples in by_variant.items()}
    tables = [table(f"{head}; the frequency baseline is right for {baseline}", columns)]
    by_confidence = {n: reliability.rows(_fills(samples), reliability.FILLS) for n, samples in by_variant.items()}
    tables.append(table(f"{what}: exact match of fills by their confidence", by_confidence))
    by_entropy = {n: reliability.rows(_tokens(samples), reliability.TOKENS) for n, samples in by_variant.items()}
    tables.append(table(f"{what}: tokens that stand in the answer too, by their entropy in nats", by_entropy))
    return "\n\n".join(tables)


def _fills(samples: list[Sample]) -> list[reliability.Judged]:
    return [(s.confidence, s.exact) for s in samples if s.fill is not None]


def _tokens(samples: list[Sample]) -> list[reliability.Judged]:
    return [judged for s in samples if s.fill for judged in reliability.tokens(s.fill, s.tokens, s.answer)]


def packages(paths: list[str]) -> str:
    """The held-out packages that the files are of, with their versions."""
    versions = (
        f"{name} {importlib.metadata.version(name)}"
        for name in HELD_OUT
        if any(name in path for path in paths) and importlib.util.find_spec(name)
    )
    return ", ".join(versions) or "the given files"


Answered = tuple[str, list[msgspec.Struct]]  # a table and every sample behind it
Bench = Callable[["ModelFiller"], Answered]


def limited(filler: ModelFiller, variant: str, answer: str | None = None) -> ModelFiller:
    """The filler as a column of --compare wants it."""
    sources, length_known = VARIANTS[variant] if variant != WITH_CONTEXT else (ALL, False)
    return filler.limited_to(sources, answer if length_known else None)


def held_out_bench(what: str, args: argparse.Namespace, variants: list[str]) -> Bench:
    """Line ends or blocks; the holes are drawn now, so that bad input is told before the model loads."""
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


def refine_bench(args: argparse.Namespace) -> Bench:
    """Lines with one token exchanged."""
    files = source_files(args.source) if args.source else held_out_files()
    lines = bench_refine.corrupted_lines(files, args.limit or sys.maxsize, args.seed)
    if not lines:
        raise InputError(NO_HOLES)

    def run(filler: ModelFiller) -> Answered:
        samples = bench_refine.answers(filler, lines, args.seed)
        of = f"{len(lines)} lines of {packages([line.path for line in lines])}"
        return table(heading("refine", of, filler.model_name), {"value": bench_refine.figures(samples)}), [*samples]

    return run


def humaneval_bench(args: argparse.Namespace, variants: list[str]) -> Bench:
    """Functions with tests; a length that is known makes no sense where any passing code is right."""
    tasks = humaneval.read_tasks(args.data, args.split)[: args.limit or sys.maxsize]
    possible = [v for v in variants if v != WITH_CONTEXT and not VARIANTS[v][1]]

    def run(filler: ModelFiller) -> Answered:
        by_variant = {v: humaneval.answers(limited(filler, v), v, tasks, args.seed) for v in possible}
        columns = {v: humaneval.figures(samples, filler.show_threshold) for v, samples in by_variant.items()}
        head = heading(f"humaneval {args.split}", f"{len(tasks)} holes", filler.model_name)
        return table(head, columns), [s for samples in by_variant.values() for s in samples]

    return run


def _bench(what: str, args: argparse.Namespace, variants: list[str]) -> Bench:
    if what == "refine":
        return refine_bench(args)
    return humaneval_bench(args, variants) if what == "humaneval" else held_out_bench(what, args, variants)


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="infill bench", description=__doc__)
    choices = [*DRAW, "refine", "humaneval"]
    parser.add_argument(
        "what", choices=choices, nargs="+", help="ends of lines, bodies, wrong tokens, tested functions"
    )
    parser.add_argument("--limit", type=int, default=200, help="number of holes (default %(default)s; 0: all)")
    parser.add_argument("--seed", type=int, default=0, help="draws the holes and the fills (default %(default)s)")
    parser.add_argument("--compare", action="store_true", help="also each decoder alone, and with the length known")
    parser.add_argument("--context", action="store_true", help="also with what the file imports from its own package")
    parser.add_argument("--split", choices=list(humaneval.SPLITS), default="single-line", help="of humaneval")
    parser.add_argument("--data", type=Path, default=Path("../shared/eval"), help="humaneval's file or folder")
    parser.add_argument("--model", help="checkpoint folder (default: the embedded model)")
    parser.add_argument("--threads", type=int, help="processor threads (default: one core is left free)")
    parser.add_argument("--source", type=Path, nargs="*", help="Python files or folders instead of the packages")
    parser.add_argument("--json", action="store_true", help="one JSON line per hole on stdout, tables on stderr")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run benchmarks; tables on stdout, progress on stderr."""
    args = arguments(argv)
    variants = [*(VARIANTS if args.compare else ["all"]), *([WITH_CONTEXT] if args.context else [])]
    try:
        benches = [_bench(what, args, variants) for what in args.what]
        from infill.filler import open_filler

        filler = open_filler(args.model, args.threads)
    except (InputError, CheckpointError) as error:
        print(f"infill: {error}", file=sys.stderr)
        return 2
    for bench in benches:
        text, samples = bench(filler)
        for sample in samples if args.json else ():
            print(msgspec.json.encode(sample).decode())
        print(text, end="\n\n", file=sys.stderr if args.json else sys.stdout, flush=True)
    return 0
