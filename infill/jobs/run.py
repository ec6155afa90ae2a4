"""Runs a job: asks for every hole, puts the answers together, has them verified. Changes nothing in the tree.

Every hole is asked in the file as it was read, so that the answers depend neither on each other nor on the order. What
was answered before, by a run that was ended, is taken from `answers`.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence

import msgspec

from infill.jobs.ask import Answer, ask
from infill.jobs.assemble import Pick, assembled
from infill.jobs.events import Asked, Hear
from infill.jobs.job import JobSpec
from infill.jobs.plan import Plan, PlannedHole
from infill.jobs.result import FileResult, HoleResult, JobResult
from infill.jobs.tree import TreeFile
from infill.types import Filler
from model.types import CancelToken

Store = MutableMapping[str, bytes]
Choice = dict[str, int]  # by the key of a hole, which of its candidates
_CODEC = msgspec.json


def answers_of(spec: JobSpec, plan: Plan, filler: Filler | None, kept: Store, hear: Hear) -> dict[str, Answer]:
    """Return the answer for every hole by its key, from `kept` where it is there, else from the filler."""
    cancel = CancelToken()
    answers: dict[str, Answer] = {}
    for n, hole in enumerate(plan.holes, start=1):
        stored = kept.get(hole.key)
        if stored is not None:
            answer = _CODEC.decode(stored, type=Answer)
        elif filler is not None:
            answer = ask(filler, hole, spec, cancel)
            kept[hole.key] = _CODEC.encode(answer)
        else:
            raise ValueError("a hole has no answer, and there is no model to ask")
        answers[hole.key] = answer
        hear(Asked(hole, answer, n, kept=stored is not None))
    return answers


def first_of_each(answers: dict[str, Answer]) -> Choice:
    """Return the best candidate of every hole that has one."""
    return {key: 0 for key, answer in answers.items() if answer.candidates}


def file_texts(plan: Plan, answers: dict[str, Answer], choice: Choice) -> tuple[tuple[FileResult, ...], dict[str, str]]:
    """Return every file of the plan with the chosen candidates in it, and by key why some are not."""
    refused: dict[str, str] = {}
    files: list[FileResult] = []
    by_path: dict[str, list[PlannedHole]] = {}
    for hole in plan.holes:
        by_path.setdefault(hole.file.path, []).append(hole)
    for holes in by_path.values():
        files.append(_file(holes[0].file, _picks(holes, answers, choice), refused))
    return tuple(files), refused


def result_of(
    spec: JobSpec, plan: Plan, model: str, answers: dict[str, Answer], chosen: tuple[Choice, dict[str, str]]
) -> JobResult:
    """Return what the job came to; `chosen` are the choices, and by key why there is none."""
    choice, whys = chosen
    files, refused = file_texts(plan, answers, choice)
    done = [_hole(hole, answers[hole.key], choice, {**whys, **refused}) for hole in plan.holes]
    return JobResult(spec, plan, model, tuple(done), files)


def _hole(hole: PlannedHole, answer: Answer, choice: Choice, whys: dict[str, str]) -> HoleResult:
    chosen = None if hole.key in whys else choice.get(hole.key)
    return HoleResult(hole, answer, chosen, "" if chosen is not None else whys.get(hole.key, answer.why))


def _picks(holes: Sequence[PlannedHole], answers: dict[str, Answer], choice: Choice) -> list[Pick]:
    return [(h.key, answers[h.key].candidates[choice[h.key]]) for h in holes if h.key in choice]


def _file(file: TreeFile, picks: Sequence[Pick], refused: dict[str, str]) -> FileResult:
    done = assembled(file, picks)
    refused.update(done.refused)
    return FileResult(file, done.text)
