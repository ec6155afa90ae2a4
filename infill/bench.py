"""`infill bench line`: how often the fill is exactly what stood there, on code never trained on.

Holes run from a word's edge to the end of its line, drawn by a fixed seed from the held-out packages that
are installed here (or from --source). A frequency baseline answers the same holes: the continuation
that most often follows the longest matching left context elsewhere in the same file.
"""

from __future__ import annotations

import argparse
import ast
import importlib.metadata
import importlib.util
import platform
import random
import re
import statistics
import sys
import time
import warnings
from collections import Counter
from datetime import date
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import track

from infill.holes import find_hole
from infill.languages import by_id
from infill.nearby import continuations
from infill.syntax import parse
from infill.types import Filled, Filler, FillRequest, InputError, NoFill
from model.config import HELD_OUT
from model.types import CancelToken, CheckpointError

WORD_EDGE = re.compile(r"\b(?=\w)|(?<=\W)(?=[^\w\s])")
MAX_FILE_CHARS = 60_000


class LineHole(msgspec.Struct, frozen=True):
    """A file, and the span from the cursor to the end of its line."""

    path: str
    text: str
    start: int
    end: int

    @property
    def answer(self) -> str:
        """What stood in the hole."""
        return self.text[self.start : self.end]

    @property
    def holed(self) -> str:
        """The text without it."""
        return self.text[: self.start] + self.text[self.end :]


class Sample(msgspec.Struct, frozen=True):
    """One answered hole; a line of `--json`."""

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
    baseline: str
    baseline_exact: bool
    steps: int
    milliseconds: float


def held_out_files() -> list[Path]:
    """Python files of the held-out packages that are installed, tests and vendored copies left out."""
    files: list[Path] = []
    for name in HELD_OUT:
        spec = importlib.util.find_spec(name)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            files += [p for p in sorted(Path(folder).rglob("*.py")) if not {"tests", "_vendor"} & set(p.parts)]
    return files


def line_holes(files: list[Path], limit: int, seed: int) -> list[LineHole]:
    """Holes drawn evenly over all lines of code, the same for the same files and seed."""
    python = by_id("python")
    assert python is not None
    rng = random.Random(seed)
    holes: list[LineHole] = []
    lines = [(p, n) for p in files for n in range(p.read_text("utf-8", "replace").count("\n"))]
    rng.shuffle(lines)
    for path, n in lines:
        if len(holes) == limit:
            break
        text = path.read_text("utf-8", "replace")
        hole = cut_line(str(path), text, n, rng) if len(text) <= MAX_FILE_CHARS else None
        # The automatic trigger's own rule says what is code and not a comment or a string.
        if hole and not isinstance(find_hole(parse(python, hole.holed), hole.start, "automatic"), NoFill):
            holes.append(hole)
    return holes


def cut_line(path: str, text: str, n: int, rng: random.Random) -> LineHole | None:
    """The rest of line `n` from one of its inner word edges, or None for a line without any."""
    start = 0
    for _ in range(n):
        start = text.index("\n", start) + 1
    end = text.index("\n", start)
    line = text[start:end]
    edges = [m.start() for m in WORD_EDGE.finditer(line) if line[: m.start()].strip()]
    if not edges or not re.search(r"[^\W\d]", line):  # rows of numbers are data, not code
        return None
    return LineHole(path, text, start + rng.choice(edges), start + len(line.rstrip()))


def answer(filler: Filler, hole: LineHole, seed: int) -> Sample:
    """Ask for one fill as a user would, and compare it with what stood there."""
    request = FillRequest(text=hole.holed, language="python", offset=hole.start, seed=seed)
    started = time.perf_counter()
    result = filler.fill(request, CancelToken())
    milliseconds = (time.perf_counter() - started) * 1000
    best = result.completions[0] if isinstance(result, Filled) else None
    baseline = next(iter(continuations(hole.holed, hole.start, hole.start, 1)), "")
    return Sample(
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
        baseline=baseline,
        baseline_exact=baseline.strip() == hole.answer.strip(),
        steps=best.steps if best else 0,
        milliseconds=round(milliseconds, 1),
    )


def parses(text: str) -> bool:
    """Whether Python reads the text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def report(samples: list[Sample], model: str, threshold: float) -> str:
    """The table for the docs, with machine, date and model."""
    n = len(samples)
    filled = [s for s in samples if s.fill is not None]
    shown = [s for s in filled if s.confidence >= threshold]
    diffused = [s.steps for s in filled if s.source == "diffusion"]
    times = sorted(s.milliseconds for s in samples)
    sources = Counter(s.source for s in filled)
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in HELD_OUT if any(name in s.path for s in samples)
        and importlib.util.find_spec(name)
    )  # fmt: skip
    rows = [
        ("exact match", share(sum(s.exact for s in samples), n)),
        ("exact match of the frequency baseline", share(sum(s.baseline_exact for s in samples), n)),
        ("filled", share(len(filled), n)),
        ("fills that parse", share(sum(s.parses for s in filled), len(filled))),
        (f"shown unasked (confidence {threshold:.2f} or more)", share(len(shown), n)),
        ("exact match of those shown", share(sum(s.exact for s in shown), len(shown))),
        ("fills from diffusion / left to right / nearby / cut back",
         " / ".join(str(sources[k]) for k in ("diffusion", "left_to_right", "nearby", "cut_back"))),
        ("mean steps of the diffusion fills", f"{statistics.mean(diffused):.1f}" if diffused else "-"),
        ("p50 / p95 ms", f"{times[n // 2]:.0f} / {times[min(n - 1, int(n * 0.95))]:.0f}"),
    ]  # fmt: skip
    head = f"{n} end-of-line holes of {versions or 'the given files'}; {model}; {machine()}; {date.today()}"
    return "\n".join([head, "", "| figure | value |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows)])


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


def main(argv: list[str] | None = None) -> int:
    """Run a benchmark; table on stdout, progress on stderr."""
    parser = argparse.ArgumentParser(prog="infill bench", description=__doc__)
    parser.add_argument("what", choices=["line"], help="line: from the cursor to the end of its line")
    parser.add_argument("--limit", type=int, default=200, help="number of holes (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="draws the holes and the fills (default %(default)s)")
    parser.add_argument("--model", help="checkpoint folder (default: the embedded model)")
    parser.add_argument("--threads", type=int, help="processor threads (default: one core is left free)")
    parser.add_argument("--source", type=Path, nargs="*", help="Python files or folders instead of the packages")
    parser.add_argument("--json", action="store_true", help="one JSON line per hole on stdout, the table on stderr")
    args = parser.parse_args(argv)
    try:
        files = source_files(args.source) if args.source else held_out_files()
        holes = line_holes(files, args.limit, args.seed)
        if not holes:
            raise InputError("no holes: none of the held-out packages is installed here; name files with --source")
        from infill.filler import open_filler

        filler = open_filler(args.model, args.threads)
    except (InputError, CheckpointError) as error:
        print(f"infill: {error}", file=sys.stderr)
        return 2
    console = Console(stderr=True)
    samples = [answer(filler, h, args.seed) for h in track(holes, "filling", console=console, transient=True)]
    table = report(samples, filler.model_name, filler.show_threshold)
    if args.json:
        for sample in samples:
            print(msgspec.json.encode(sample).decode())
    print(table, file=sys.stderr if args.json else sys.stdout)
    return 0


def source_files(paths: list[Path]) -> list[Path]:
    """Python files named or in named folders."""
    missing = [p for p in paths if not p.exists()]
    if missing:
        raise InputError(f"{missing[0]}: no such file or folder")
    return [f for p in paths for f in (sorted(p.rglob("*.py")) if p.is_dir() else [p])]
