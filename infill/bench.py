"""`infill bench`: how often the fill is exactly what stood there, on code never trained on.

`line`: from a word's edge to the end of its line; `block`: whole bodies of functions. Holes are drawn by a
fixed seed from the held-out packages that are installed here (or from --source). `humaneval`: functions
whose tests must pass, from --data. A frequency baseline
answers the same holes: the continuation that most often follows the longest matching left context
elsewhere in the same file. With --compare every decoder alone answers them too.
"""

from __future__ import annotations

import argparse
import difflib
import importlib.metadata
import importlib.util
import platform
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from tqdm import tqdm

from infill import bench_humaneval as humaneval
from infill.bench_holes import BenchHole, block_holes, held_out_files, line_holes, parses, source_files
from infill.nearby import continuations
from infill.types import Filled, FillRequest, InputError, Source
from model.config import HELD_OUT
from model.types import CancelToken, CheckpointError

if TYPE_CHECKING:
    from infill.filler import ModelFiller

DRAW = {"line": line_holes, "block": block_holes}
# Which sources each column of --compare may use; None: the hole's true length is told to the denoiser.
VARIANTS: dict[str, tuple[frozenset[Source], bool]] = {
    "all": (frozenset(("diffusion", "left_to_right", "nearby")), False),
    "diffusion": (frozenset(("diffusion",)), False),
    "diffusion, length known": (frozenset(("diffusion",)), True),
    "left to right": (frozenset(("left_to_right",)), False),
    "both": (frozenset(("diffusion", "left_to_right")), False),
}


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
    n_tokens: int
    parses: bool
    exact: bool
    similarity: float
    extra_lines: int
    baseline: str
    baseline_exact: bool
    steps: int
    milliseconds: float


def answer(filler: ModelFiller, bench: str, variant: str, hole: BenchHole, seed: int) -> Sample:
    """Ask for one fill as a user would, and compare it with what stood there."""
    request = FillRequest(text=hole.holed, language="python", offset=hole.start, seed=seed)
    started = time.perf_counter()
    result = filler.fill(request, CancelToken())
    milliseconds = (time.perf_counter() - started) * 1000
    best = result.completions[0] if isinstance(result, Filled) else None
    fill = best.text if best else ""
    baseline = next(iter(continuations(hole.holed, hole.start, hole.start, 1)), "")
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
        n_tokens=len(best.token_texts) if best else 0,
        parses=best is not None and parses(hole.holed[: best.span.start] + best.text + hole.holed[best.span.end :]),
        exact=best is not None and best.text.strip() == hole.answer.strip(),
        similarity=difflib.SequenceMatcher(None, fill.strip(), hole.answer.strip(), autojunk=False).ratio(),
        extra_lines=fill.strip().count("\n") - hole.answer.strip().count("\n"),
        baseline=baseline,
        baseline_exact=baseline.strip() == hole.answer.strip(),
        steps=best.steps if best else 0,
        milliseconds=round(milliseconds, 1),
    )


def figures(samples: list[Sample], threshold: float) -> list[tuple[str, str]]:
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
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in HELD_OUT if any(name in s.path for s in first)
        and importlib.util.find_spec(name)
    )  # fmt: skip
    where = versions or "the given files"
    baseline = share(sum(s.baseline_exact for s in first), len(first))
    head = f"{what}: {len(first)} holes of {where}; {model}; {machine()}; {date.today()}"
    columns = {name: figures(samples, threshold) for name, samples in by_variant.items()}
    return table(f"{head}; the frequency baseline is right for {baseline}", columns)


def table(head: str, columns: dict[str, list[tuple[str, str]]]) -> str:
    """Columns of the same rows, beside each other."""
    names = " | ".join(columns) if len(columns) > 1 else "value"
    rows = zip(*columns.values(), strict=True)
    lines = [f"| {row[0][0]} | {' | '.join(value for _, value in row)} |" for row in rows]
    return "\n".join([head, "", f"| figure | {names} |", "|---|" + "---|" * len(columns), *lines])


def share(part: int, whole: int) -> str:
    """A percentage with its counts."""
    return f"{100 * part / whole:.1f} % ({part} of {whole})" if whole else "-"


def machine() -> str:
    """Processor, cores and Python, as far as the system tells."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if "model name" in line]
        cpu = f"{names[0]}, {len(names)} cores" if names else cpu
    return f"{cpu}, Python {platform.python_version()}"


Answered = tuple[str, list[msgspec.Struct]]  # a table and every sample behind it
Bench = Callable[["ModelFiller"], Answered]


def limited(filler: ModelFiller, variant: str, answer: str | None = None) -> ModelFiller:
    """The filler as a column of --compare wants it."""
    sources, length_known = VARIANTS[variant]
    return filler.limited_to(sources, answer if length_known else None)


def held_out_bench(what: str, args: argparse.Namespace, variants: list[str]) -> Bench:
    """Line ends or blocks; the holes are drawn now, so that bad input is told before the model loads."""
    files = source_files(args.source) if args.source else held_out_files()
    holes = DRAW[what](files, args.limit or sys.maxsize, args.seed)
    if not holes:
        raise InputError("no holes: none of the held-out packages is installed here; name files with --source")

    def run(filler: ModelFiller) -> Answered:
        by_variant = {
            variant: [
                answer(limited(filler, variant, hole.answer), what, variant, hole, args.seed)
                for hole in tqdm(holes, f"{what}, {variant}", leave=False, disable=None)
            ]
            for variant in variants
        }
        samples: list[msgspec.Struct] = [s for of_variant in by_variant.values() for s in of_variant]
        return report(what, by_variant, filler.model_name, filler.show_threshold), samples

    return run


def humaneval_bench(args: argparse.Namespace, variants: list[str]) -> Bench:
    """Functions with tests; a length that is known makes no sense where any passing code is right."""
    tasks = humaneval.read_tasks(args.data, args.split)[: args.limit or sys.maxsize]
    possible = [v for v in variants if not VARIANTS[v][1]]

    def run(filler: ModelFiller) -> Answered:
        by_variant = {v: humaneval.answers(limited(filler, v), v, tasks, args.seed) for v in possible}
        columns = {v: humaneval.figures(samples, filler.show_threshold) for v, samples in by_variant.items()}
        head = f"humaneval {args.split}: {len(tasks)} holes; {filler.model_name}; {machine()}; {date.today()}"
        return table(head, columns), [s for samples in by_variant.values() for s in samples]

    return run


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="infill bench", description=__doc__)
    choices = [*DRAW, "humaneval"]
    parser.add_argument("what", choices=choices, nargs="+", help="line ends, bodies of functions, tested functions")
    parser.add_argument("--limit", type=int, default=200, help="number of holes (default %(default)s; 0: all)")
    parser.add_argument("--seed", type=int, default=0, help="draws the holes and the fills (default %(default)s)")
    parser.add_argument("--compare", action="store_true", help="also each decoder alone, and with the length known")
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
    variants = list(VARIANTS) if args.compare else ["all"]
    try:
        benches = [
            humaneval_bench(args, variants) if what == "humaneval" else held_out_bench(what, args, variants)
            for what in args.what
        ]
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
