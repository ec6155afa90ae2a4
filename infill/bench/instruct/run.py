"""Asks for every task as *Rewrite…* and `infill rewrite --instruction` do, and reports what came of it."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec
from tqdm import tqdm

from infill.bench.instruct.checks import WORSE, Verdict, is_right, verdict
from infill.bench.instruct.tasks import ALREADY, Placed
from infill.bench.tables import Rows, share
from infill.holes.target import SelectionTarget, applied
from infill.pipeline.action_request import Asking, action_request
from infill.types import Filled, Filler, NoFill
from model.types import CancelToken


class Answer(msgspec.Struct, frozen=True):
    """What came of a request: the whole new text of the file, or None and why."""

    text: str | None = None
    reason: str | None = None
    detail: str = ""


class InstructSample(msgspec.Struct, frozen=True):
    """The result for one task, a line of `--json`. `new` is the text in place of `old`, or the whole file's."""

    variant: str
    name: str
    language: str
    kind: str
    instruction: str
    old: str
    new: str | None
    verdict: Verdict
    right: bool
    reason: str | None
    detail: str
    milliseconds: float


def rewritten(filler: Filler, placed: Placed, seed: int) -> Answer:
    """Ask for one task's rewrite as a user would."""
    target = SelectionTarget(placed.text, selection=placed.selection)
    asking = Asking("rewrite", instruction=placed.task.instruction)
    request = action_request(target, placed.language, asking, filler.takes_instructions)
    result = filler.fill(msgspec.structs.replace(request, seed=seed), CancelToken())
    if isinstance(result, NoFill):
        return Answer(None, result.reason, result.detail)
    assert isinstance(result, Filled)
    return Answer(applied(placed.text, target.changes(result.completions[0])))


def answers(variant: str, tasks: Sequence[Placed], ask: Callable[[Placed], Answer]) -> list[InstructSample]:
    """Ask for each task, and judge what comes."""
    samples: list[InstructSample] = []
    for placed in tqdm(tasks, f"instruct, {variant}", leave=False, disable=None):
        started = time.perf_counter()
        answer = ask(placed)
        milliseconds = round((time.perf_counter() - started) * 1000, 1)
        found = verdict(placed, answer.text)
        samples.append(
            InstructSample(
                variant=variant,
                name=placed.task.name,
                language=placed.language,
                kind=placed.task.kind,
                instruction=placed.task.instruction,
                old=placed.task.old,
                new=_new(placed, answer.text),
                verdict=found,
                right=is_right(placed, found),
                reason=answer.reason,
                detail=answer.detail,
                milliseconds=milliseconds,
            )
        )
    return samples


def _new(placed: Placed, text: str | None) -> str | None:
    """The text in place of the selection; the whole file's where more than that is changed."""
    before, after = placed.text[: placed.selection.start], placed.text[placed.selection.end :]
    if text is None or not (text.startswith(before) and text.endswith(after)):
        return text
    return text[len(before) : len(text) - len(after)]


def figures(samples: Sequence[InstructSample]) -> Rows:
    """Return the rows of the table for one variant: what was asked for first, what needs no change last."""
    asked = [s for s in samples if s.kind != ALREADY]
    already = [s for s in samples if s.kind == ALREADY]
    times = [s.milliseconds for s in samples]
    rows = [("done as the instruction says", _right(asked))]
    for language in dict.fromkeys(s.language for s in samples):
        rows.append((f"- in {language}", _right([s for s in asked if s.language == language])))
    for kind in sorted({s.kind for s in asked}):
        rows.append((f"- {kind}", _right([s for s in asked if s.kind == kind])))
    return [
        *rows,
        ("changed nothing, or refused", share(sum(s.verdict == "unchanged" for s in asked), len(asked))),
        (
            "- with which reasons",
            _counts([s.reason or "none: the same text" for s in asked if s.verdict == "unchanged"]),
        ),
        ("changed, not as asked, no harm seen", share(sum(s.verdict == "harmless" for s in asked), len(asked))),
        ("code made worse", share(sum(s.verdict in WORSE for s in samples), len(samples))),
        ("- how", _counts([s.verdict for s in samples if s.verdict in WORSE])),
        ("left alone what is done already", _right(already)),
        ("median, slowest ms", f"{statistics.median(times):.0f}, {max(times):.0f}" if times else "-"),
    ]


def _right(samples: Sequence[InstructSample]) -> str:
    return share(sum(s.right for s in samples), len(samples))


def _counts(names: Sequence[str]) -> str:
    return ", ".join(f"{name} {n}" for name, n in Counter(names).most_common()) or "-"
