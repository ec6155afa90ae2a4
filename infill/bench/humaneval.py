"""`infill bench humaneval`: fills are right when the function passes its tests (Bavarian and others 2022).

Reads files of the HumanEval-infilling format: JSON lines, gzipped or not, with task_id, entry_point, prompt,
suffix, canonical_solution and test. The data is not part of this project.
"""

from __future__ import annotations

import gzip
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from tqdm import tqdm

from infill.bench.humaneval_tasks import MADE, Task, made
from infill.bench.sandbox import passes
from infill.bench.tables import Rows, share
from infill.types import Filled, Filler, FillRequest, InputError
from model.types import CancelToken

SPLITS = {
    "body": "Body",
    "single-line": "SingleLine",
    "multi-line": "MultiLine",
    "random-span": "RandomSpan",
    "random-span-light": "RandomSpanLight",
}


class HumanEvalSample(msgspec.Struct, frozen=True):
    """The result for one task, a line of `--json`."""

    variant: str
    task_id: str
    middle: str | None
    reason: str | None
    source: str | None
    confidence: float
    exact: bool
    passed: bool
    failure: str
    milliseconds: float


def read_tasks(data: Path, split: str, seed: int = 0) -> list[Task]:
    """Return the tasks of a file, or of a split in a folder: its own file's, else made of the single-line one.

    Raises `InputError` for a missing or wrong file.
    """
    path = data
    if data.is_dir():
        path = _file_of(data, split)
        if not path.is_file() and split in MADE:
            return made(_decoded(_file_of(data, "single-line")), split, seed)
    return _decoded(path)


def _file_of(folder: Path, split: str) -> Path:
    name = f"HumanEval-{SPLITS[split]}Infilling.jsonl"
    return next((p for p in (folder / f"{name}.gz", folder / name) if p.is_file()), folder / f"{name}.gz")


def _decoded(path: Path) -> list[Task]:
    if not path.is_file():
        raise InputError(f"{path}: no such file; --data takes the HumanEval-infilling data, a file or its folder")
    raw = path.read_bytes()
    try:
        lines = (gzip.decompress(raw) if path.suffix == ".gz" else raw).splitlines()
        return [msgspec.json.decode(line, type=Task) for line in lines if line.strip()]
    except (OSError, EOFError, msgspec.DecodeError) as error:
        raise InputError(f"{path}: not in the HumanEval-infilling format ({error})") from None


def answer(filler: Filler, variant: str, task: Task, seed: int) -> HumanEvalSample:
    """Fill one task's hole and run its tests.

    A whole missing line becomes an empty one with the cursor on it, as an editor would have it.
    """
    whole_line = task.prompt.endswith("\n") and not task.suffix.startswith("\n")
    text = task.prompt + ("\n" if whole_line else "") + task.suffix
    request = FillRequest(text=text, language="python", offset=len(task.prompt), seed=seed)
    started = time.perf_counter()
    result = filler.fill(request, CancelToken())
    milliseconds = (time.perf_counter() - started) * 1000
    middle, passed, failure = None, False, ""
    best = result.completions[0] if isinstance(result, Filled) else None
    if best is not None:
        filled = text[: best.span.start] + best.text + text[best.span.end :]
        middle = filled[len(task.prompt) : len(filled) - len(task.suffix)]
        passed, failure = passes(task.program(middle))
    return HumanEvalSample(
        variant=variant,
        task_id=task.task_id,
        middle=middle,
        reason=None if isinstance(result, Filled) else result.reason,
        source=best.source if best else None,
        confidence=best.confidence if best else 0.0,
        exact=middle is not None and middle.strip() == task.canonical_solution.strip(),
        passed=passed,
        failure=failure,
        milliseconds=round(milliseconds, 1),
    )


def answers(filler: Filler, variant: str, tasks: Sequence[Task], seed: int) -> list[HumanEvalSample]:
    """Answer all tasks in order, with a progress bar on a terminal."""
    return [
        answer(filler, variant, task, seed) for task in tqdm(tasks, f"humaneval, {variant}", leave=False, disable=None)
    ]


def figures(samples: Sequence[HumanEvalSample], threshold: float) -> Rows:
    """Return the rows of the table for one variant; `threshold` (0..1) is the confidence from which fills are shown."""
    n = len(samples)
    shown = [s for s in samples if s.middle is not None and s.confidence >= threshold]
    times = sorted(s.milliseconds for s in samples)
    return [
        ("pass@1", share(sum(s.passed for s in samples), n)),
        ("exact match", share(sum(s.exact for s in samples), n)),
        ("filled", share(sum(s.middle is not None for s in samples), n)),
        (f"shown unasked (confidence {threshold:.2f} or more)", share(len(shown), n)),
        ("pass@1 of those shown", share(sum(s.passed for s in shown), len(shown))),
        ("median ms, p95", f"{statistics.median(times):.0f}, {times[min(n - 1, int(n * 0.95))]:.0f}"),
    ]
