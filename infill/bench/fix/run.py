"""Asks for every planted fault as *Fix this* does, and reports what came of it."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec
from tqdm import tqdm

from infill.bench.fix.judge import Verdict, verdict
from infill.bench.fix.messages import Kind
from infill.bench.fix.planted import Planted
from infill.bench.tables import Rows, share
from infill.holes.find_target import find_target
from infill.holes.target import applied
from infill.pipeline.action_request import Asking, action_request
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Context, Filler, NoFill, Span
from model.types import CancelToken

NO_CONTEXT = Context()


class FixSample(msgspec.Struct, frozen=True):
    """The result for one fault, a line of `--json`. `fixed` is what stands in place of the fault's line."""

    variant: str
    language: str
    kind: Kind
    path: str
    message: str
    right: str
    broken: str
    fixed: str | None
    verdict: Verdict
    touches_others: bool
    reason: str | None
    detail: str
    milliseconds: float


def fixed(filler: Filler, planted: Planted, seed: int, context: Context = NO_CONTEXT) -> str | NoFill:
    """Return the whole text after the fix, or why there is none; `context` is what an editor's server would give."""
    row = by_id(planted.language)
    assert row is not None
    cursor = Span(planted.problem.start, planted.problem.start)
    target = find_target(parse(row, planted.broken), "fix", cursor, planted.problem)
    if isinstance(target, NoFill):
        return target
    asking = Asking("fix", diagnostics=(planted.message,))
    request = action_request(target, planted.language, asking, filler.takes_instructions)
    result = filler.fill(msgspec.structs.replace(request, seed=seed, context=context), CancelToken())
    if isinstance(result, NoFill):
        return result
    return applied(planted.broken, target.changes(result.completions[0]))


def answers(variant: str, faults: Sequence[Planted], ask: Callable[[Planted], str | NoFill]) -> list[FixSample]:
    """Ask about each fault, and judge what comes."""
    samples: list[FixSample] = []
    for planted in tqdm(faults, f"fix, {variant}", leave=False, disable=None):
        started = time.perf_counter()
        answer = ask(planted)
        milliseconds = round((time.perf_counter() - started) * 1000, 1)
        text = None if isinstance(answer, NoFill) else answer
        found, touches = verdict(planted, text)
        samples.append(
            FixSample(
                variant=variant,
                language=planted.language,
                kind=planted.kind,
                path=planted.path,
                message=planted.message,
                right=_line_of(planted, planted.text),
                broken=_line_of(planted, planted.broken),
                fixed=None if text is None else _line_of(planted, text),
                verdict=found,
                touches_others=touches,
                reason=answer.reason if isinstance(answer, NoFill) else None,
                detail=answer.detail if isinstance(answer, NoFill) else "",
                milliseconds=milliseconds,
            )
        )
    return samples


def _line_of(planted: Planted, text: str) -> str:
    """What of a text stands where the broken one has the fault's line; all of it where others are changed."""
    before, after = planted.broken[: planted.line.start], planted.broken[planted.line.end :]
    if not (text.startswith(before) and text.endswith(after)):
        return text
    return text[len(before) : len(text) - len(after)]


def figures(samples: Sequence[FixSample]) -> Rows:
    """Return the rows of the table for one variant."""
    n, times = len(samples), [s.milliseconds for s in samples]

    def of(found: Verdict, among: Sequence[FixSample] = samples) -> str:
        return share(sum(s.verdict == found for s in among), len(among))

    languages, kinds = (
        list(dict.fromkeys(names)) for names in ([s.language for s in samples], [s.kind for s in samples])
    )
    reasons = Counter(s.reason or "none: the same text" for s in samples if s.verdict == "refused")
    return [
        ("mended: it says what it said before", of("mended")),
        *((f"- in {name}", of("mended", [s for s in samples if s.language == name])) for name in languages),
        *((f"- {kind}", of("mended", [s for s in samples if s.kind == kind])) for kind in kinds),
        ("the error is gone, but something else is said", of("otherwise")),
        ("changed, and still an error", of("broken")),
        ("refused", of("refused")),
        ("- with which reasons", ", ".join(f"{reason} {m}" for reason, m in reasons.most_common()) or "-"),
        ("other lines touched", share(sum(s.touches_others for s in samples), n)),
        ("median, slowest ms", f"{statistics.median(times):.0f}, {max(times):.0f}" if times else "-"),
    ]
