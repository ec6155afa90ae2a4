"""Runs a job: asks for every hole, puts the answers together, has them verified. Changes nothing in the tree.

Every hole is asked in the file as it was read, so that the answers depend neither on each other nor on the order. What
was answered before, by a run that was ended, is taken from `answers`.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping

import msgspec

from infill.jobs.ask import Answer, ask
from infill.jobs.assemble import assembled
from infill.jobs.events import Asked, Hear
from infill.jobs.job import JobSpec
from infill.jobs.plan import Plan, PlannedHole
from infill.jobs.result import FileResult, HoleResult, JobResult
from infill.types import Filler
from infill.verify.choose import Choice, Chosen
from infill.verify.formatter import Formatter
from model.types import CancelToken

Store = MutableMapping[str, bytes]
_CODEC = msgspec.json


def answers_of(spec: JobSpec, plan: Plan, opened: Callable[[], Filler], kept: Store, hear: Hear) -> dict[str, Answer]:
    """Return the answer for every hole by its key: from `kept` where it is, else the model is opened and asked."""
    cancel, filler = CancelToken(), None
    answers: dict[str, Answer] = {}
    for n, hole in enumerate(plan.holes, start=1):
        stored = kept.get(hole.key)
        if stored is not None:
            answer = _CODEC.decode(stored, type=Answer)
        else:
            filler = filler or opened()
            answer = ask(filler, hole, spec, cancel)
            kept[hole.key] = _CODEC.encode(answer)
        answers[hole.key] = answer
        hear(Asked(hole, answer, n, kept=stored is not None))
    return answers


def first_of_each(answers: dict[str, Answer]) -> Choice:
    """Return the best candidate of every hole that has one."""
    return {key: 0 for key, answer in answers.items() if answer.candidates}


class Files:
    """The files of a plan with candidates in them, formatted as the project is."""

    def __init__(self, plan: Plan, answers: dict[str, Answer], formatter: Formatter) -> None:
        self._answers, self._formatter = answers, formatter
        self._holes: dict[str, list[PlannedHole]] = {}
        for hole in plan.holes:
            self._holes.setdefault(hole.file.path, []).append(hole)

    def texts(self, choice: Choice) -> tuple[FileResult, ...]:
        """Return every file of the plan with the chosen candidates in it."""
        return self.with_refused(choice)[0]

    def with_refused(self, choice: Choice) -> tuple[tuple[FileResult, ...], dict[str, str]]:
        """Return the same, and by key why some candidates are not in their file."""
        refused: dict[str, str] = {}
        files: list[FileResult] = []
        for holes in self._holes.values():
            picks = [(h.key, self._answers[h.key].candidates[choice[h.key]]) for h in holes if h.key in choice]
            file = holes[0].file
            done = assembled(file, picks)
            refused.update(done.refused)
            text = self._formatter.finished(file.path, file.language.id, file.source.text, done.text)
            files.append(FileResult(file, text))
        return tuple(files), refused


def result_of(job: tuple[JobSpec, Plan, str], answers: dict[str, Answer], chosen: Chosen, files: Files) -> JobResult:
    """Return what a job came to, which is its spec, its plan and the model's name."""
    spec, plan, model = job
    texts, refused = files.with_refused(chosen.choice)
    whys = {**chosen.whys, **refused}
    done = [_hole(hole, answers[hole.key], chosen.choice, whys) for hole in plan.holes]
    return JobResult(spec, plan, model, tuple(done), texts)


def _hole(hole: PlannedHole, answer: Answer, choice: Choice, whys: dict[str, str]) -> HoleResult:
    chosen = None if hole.key in whys else choice.get(hole.key)
    return HoleResult(hole, answer, chosen, "" if chosen is not None else whys.get(hole.key, answer.why))
