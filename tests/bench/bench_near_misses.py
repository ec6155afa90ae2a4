"""How often near misses are right, how far their probability can be believed, and the weights that fit best.

`python tests/bench/bench_near_misses.py` asks them alone, without a model, about held-out packages; with
`--corpus data/corpus/train.jsonl` about 1,500 files of the packages that the model is trained on, which is what the
weights in `infill/retrieval/near_misses.py` were fitted on.
"""

from __future__ import annotations

import argparse
import ast
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from infill.bench.hole_sampling import BenchHole, block_holes, held_out_files, line_holes
from infill.bench.tables import machine
from infill.holes.find_hole import find_hole
from infill.retrieval.near_misses import NearMiss, near_misses
from infill.syntax.language_table import keywords
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Hole, Span

N_FILES = 1_500
MAX_LINES = 10  # of a statement
LIMIT = 4  # near misses a hole
NAMES = ("bias", "one neighbour", "two", "a name", "log count", "log share", "several lines")


class Asked(msgspec.Struct, frozen=True):
    """What was found for one hole, and whether each is right."""

    found: list[tuple[NearMiss, bool]]
    ms: float


def statement_holes(files: list[Path], limit: int, seed: int) -> Iterator[BenchHole]:
    """Statements of functions, each but the first of its body may be one, with their line left blank."""
    rng = random.Random(seed)
    statements: list[tuple[Path, str, ast.stmt]] = []
    for path in files:
        text = path.read_text("utf-8", "replace")
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            continue
        bodies = (node.body for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
        statements += [(path, text, statement) for body in bodies for statement in body[1:]]
    for path, text, statement in rng.sample(statements, min(limit, len(statements))):
        lines, last = text.splitlines(keepends=True), statement.end_lineno or statement.lineno
        if last - statement.lineno < MAX_LINES:
            first = lines[statement.lineno - 1]
            start = sum(map(len, lines[: statement.lineno - 1])) + len(first) - len(first.lstrip())
            yield BenchHole(str(path), text, Span(start, len("".join(lines[:last]).rstrip())))


def ask(hole: BenchHole) -> Asked:
    """The near misses of one hole, against what stood there."""
    python = by_id("python")
    assert python is not None
    found_hole = find_hole(parse(python, hole.holed), hole.span.start, "manual")
    assert isinstance(found_hole, Hole)
    started = time.perf_counter()
    found = near_misses(hole.holed, found_hole, LIMIT, keywords(python))
    elapsed = (time.perf_counter() - started) * 1000
    return Asked([(miss, _same(miss.text, hole.answer)) for miss in found], elapsed)


def _same(text: str, other: str) -> bool:
    """Whether two texts differ in indentation and blanks only."""
    return [line.split() for line in text.strip().split("\n")] == [line.split() for line in other.strip().split("\n")]


def fitted(rows: list[tuple[NearMiss, bool]]) -> list[float]:
    """Log-odds by logistic regression (Newton's steps), in the order of `NAMES`."""
    x = np.array([[1, m.n_neighbours == 1, m.n_neighbours == 2, min(m.n_names, 3), np.log(m.count),
                   np.log(m.count / m.total), "\n" in m.text] for m, _ in rows], dtype=float)  # fmt: skip
    y, weights = np.array([right for _, right in rows], dtype=float), np.zeros(len(NAMES))
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ weights))
        curvature = (x.T * (p * (1 - p))) @ x + 1e-3 * np.eye(len(NAMES))
        weights += np.linalg.solve(curvature, x.T @ (y - p))
    return weights.tolist()


def report(what: str, asked: list[Asked]) -> None:
    """Print coverage, time, calibration and weights."""
    rows = [pair for one in asked for pair in one.found]
    p50, p95 = np.percentile([one.ms for one in asked], [50, 95])
    n, n_any = len(asked), sum(bool(one.found) for one in asked)
    covered = sum(any(right for _, right in one.found) for one in asked)
    best = sum(max(one.found, key=lambda pair: pair[0].probability)[1] for one in asked if one.found)
    print(f"\n{what}: {n} holes; any for {n_any}, right among {LIMIT} for {covered}, the most probable for {best}")
    print(f"p50 / p95 {p50:.1f} / {p95:.1f} ms\n\n| probability | right |\n|---|---|")
    for low in np.arange(0, 1, 0.1):
        here = [right for miss, right in rows if low <= miss.probability < low + 0.1]
        if here:
            print(f"| {low:.1f} to {low + 0.1:.1f} | {100 * np.mean(here):.0f} % of {len(here)} |")
    print("\nfits best: " + ", ".join(f"{name} {w:.2f}" for name, w in zip(NAMES, fitted(rows), strict=True)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, default=600, help="holes of each kind (default %(default)s)")
    parser.add_argument("--seed", type=int, default=5, help="draws them (default %(default)s)")
    parser.add_argument("--corpus", type=Path, help="documents as model.train.corpus writes them")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = held_out_files() if args.corpus is None else _unpacked(args.corpus, Path(folder), args.seed)
        print(f"{len(files)} files; {machine()}; {time.strftime('%Y-%m-%d')}")
        report("line ends", [ask(hole) for hole in line_holes(files, args.limit, args.seed)])
        report("statements", [ask(hole) for hole in statement_holes(files, args.limit, args.seed)])
        report("bodies", [ask(hole) for hole in block_holes(files, args.limit, args.seed)])


def _unpacked(corpus: Path, folder: Path, seed: int) -> list[Path]:
    """Some documents of the corpus as files."""
    from model.train.documents import read_documents

    documents = random.Random(seed).sample(list(read_documents(corpus)), N_FILES)
    for i, document in enumerate(documents):
        (folder / f"{i:04}.py").write_text(document.text, "utf-8")
    return sorted(folder.iterdir())


if __name__ == "__main__":
    main()
