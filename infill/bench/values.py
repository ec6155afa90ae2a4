"""`infill bench holes`: values of a function that are not yet written, asked for together as `fill --holes` does.

The values of two or three assignments and returns of a held-out function are replaced by `...`.
"""

from __future__ import annotations

import ast
import random
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Protocol

import msgspec
from tqdm import tqdm

from infill.bench.hole_sampling import Files, texts_that_parse
from infill.bench.tables import Rows, share
from infill.holes.find_target import targets_with_holes
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Context, Filled, Filler, Span
from model.types import CancelToken

PLACEHOLDER = "..."
N_HOLES = (2, 3)  # of a function

Proposals = list[tuple[str, float] | None]  # for each hole a text and its confidence (0..1); None for no proposal


class Unwritten(msgspec.Struct, frozen=True):
    """A file and the values of one of its functions that are to be written anew, in order."""

    path: str
    text: str
    values: tuple[Span, ...]

    @property
    def answers(self) -> tuple[str, ...]:
        """The values that were taken out, in order."""
        return tuple(self.text[span.start : span.end] for span in self.values)

    @property
    def holed(self) -> str:
        """The text with a placeholder instead of each value."""
        parts, at = list[str](), 0
        for span in self.values:
            parts += [self.text[at : span.start], PLACEHOLDER]
            at = span.end
        return "".join([*parts, self.text[at:]])

    @property
    def holes(self) -> tuple[Span, ...]:
        """The spans of the placeholders in `holed`, in order."""
        grown = accumulate((len(PLACEHOLDER) - (span.end - span.start) for span in self.values), initial=0)
        starts = [span.start + more for span, more in zip(self.values, grown, strict=False)]
        return tuple(Span(start, start + len(PLACEHOLDER)) for start in starts)

    def ask(self, filler: Filler, least: float, seed: int, context: Context) -> Proposals:
        """Return the proposal for each hole, none below confidence `least` (0..1). A function is one request."""
        python = by_id("python")
        assert python is not None
        parts: dict[Span, tuple[str, float]] = {}
        for target in targets_with_holes(parse(python, self.holed)):
            replaced = target.replaced
            if not any(replaced.start <= hole.start < replaced.end for hole in self.holes):
                continue  # another function's
            request = msgspec.structs.replace(
                target.request("python"), seed=seed, context=context, least_confidence=least
            )
            result = filler.fill(request, CancelToken())
            changes = target.changes(result.completions[0]) if isinstance(result, Filled) else ()
            parts |= {change.span: (change.text, change.confidence) for change in changes}
        return [parts.get(hole) for hole in self.holes]


class FunctionHoles(Protocol):
    """Holes of one function, and the texts that were there."""

    @property
    def path(self) -> str: ...

    @property
    def holed(self) -> str: ...

    @property
    def answers(self) -> tuple[str, ...]: ...

    def ask(self, filler: Filler, least: float, seed: int, context: Context) -> Proposals: ...


class ValuesSample(msgspec.Struct, frozen=True):
    """The result for one function, a line of `--json`. `fills` has None where nothing was proposed."""

    variant: str
    path: str
    answers: tuple[str, ...]
    fills: tuple[str | None, ...]
    confidences: tuple[float, ...]
    milliseconds: float

    @property
    def right(self) -> list[bool]:
        """For each hole, whether the fill is the text that was there."""
        return [fill == answer for fill, answer in zip(self.fills, self.answers, strict=True)]


def unwritten(files: Files, limit: int, seed: int) -> list[Unwritten]:
    """Return at most `limit` functions of the files that parse, drawn evenly over all that have enough values."""
    rng = random.Random(seed)
    texts = texts_that_parse(files)
    values = [(path, found) for path, text in texts.items() for found in _values(text) if len(found) >= min(N_HOLES)]
    rng.shuffle(values)
    drawn: list[Unwritten] = []
    for path, found in values:
        if len(drawn) == limit:
            break
        chosen = sorted(rng.sample(found, min(rng.choice(N_HOLES), len(found))), key=lambda span: span.start)
        one = Unwritten(str(path), texts[path], tuple(chosen))
        if PLACEHOLDER not in one.text[chosen[0].start : chosen[-1].end]:
            drawn.append(one)
    return drawn


def answers(
    filler: Filler,
    variant: str,
    least: float,
    drawn: Sequence[FunctionHoles],
    seed: int,
    context: Callable[[FunctionHoles], Context],
) -> list[ValuesSample]:
    """Ask about each function; proposals below the confidence `least` (0..1) do not come back."""
    samples: list[ValuesSample] = []
    for one in tqdm(drawn, variant, leave=False, disable=None):
        known = context(one)
        started = time.perf_counter()
        found = one.ask(filler, least, seed, known)
        samples.append(
            ValuesSample(
                variant=variant,
                path=one.path,
                answers=one.answers,
                fills=tuple(part and part[0] for part in found),
                confidences=tuple(part[1] if part else 0.0 for part in found),
                milliseconds=round((time.perf_counter() - started) * 1000, 1),
            )
        )
    return samples


def figures(samples: list[ValuesSample]) -> Rows:
    """Rows of the table for one variant."""
    times = sorted(sample.milliseconds for sample in samples)
    n, n_holes = len(samples), sum(len(sample.answers) for sample in samples)
    filled = [right for s in samples for right, fill in zip(s.right, s.fills, strict=True) if fill is not None]
    return [
        ("places filled", share(len(filled), n_holes)),
        ("exact match of those", share(sum(filled), len(filled))),
        ("exact match of all places", share(sum(filled), n_holes)),
        ("functions with every place right", share(sum(all(sample.right) for sample in samples), n)),
        ("p50 / p95 ms of a function", f"{times[n // 2]:.0f} / {times[min(n - 1, int(n * 0.95))]:.0f}"),
    ]


def _values(text: str) -> Iterator[list[Span]]:
    """For each function, the values of its assignments and returns that end their line and fit on one."""
    lines = text.splitlines(keepends=True)
    starts = list(accumulate(map(len, lines), initial=0))
    for function in ast.walk(ast.parse(text)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        found: list[Span] = []
        for node in ast.walk(function):
            value = node.value if isinstance(node, ast.Assign | ast.Return) else None
            if value is None or value.lineno != value.end_lineno or value.end_col_offset is None:
                continue
            line = lines[value.lineno - 1].encode()
            first, last = (len(line[:at].decode()) for at in (value.col_offset, value.end_col_offset))
            if not line[value.end_col_offset :].strip():
                start = starts[value.lineno - 1]
                found.append(Span(start + first, start + last))
        yield found
