"""One run of a job: its model, its journal and its verification put together. Writes nothing in the tree."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from infill.cli.command_input import open_model, spec_of
from infill.cli.job_options import JobArguments, model_arguments
from infill.cli.pieces import FETCH
from infill.jobs.events import Hear, Noted, Planned
from infill.jobs.job import JobSpec
from infill.jobs.plan import Plan, make_plan
from infill.jobs.result import JobResult
from infill.jobs.run import Files, Store, answers_of, first_of_each, result_of
from infill.jobs.verified import Verifier
from infill.journal.journal import Journal
from infill.types import Filler, InputError
from infill.verify.choose import Chosen
from infill.verify.formatter import Formatter
from model.checkpoint_path import name_of
from model.config import folder_of


def spec_id(spec: JobSpec) -> str:
    """Return an id by all that the job says."""
    return hashlib.sha256(msgspec.json.encode(spec)).hexdigest()


class JobRun:
    """Runs a job once; `journal` is None where nothing is kept."""

    def __init__(self, args: JobArguments, spec: JobSpec, journal: Journal | None, hear: Hear) -> None:
        self._args, self._spec, self._journal, self._hear = args, spec, journal, hear
        self._model = spec_of(model_arguments(spec, args.log_json))

    def result(self, scratch: Path) -> JobResult:
        """Return what the job comes to; a copy of the tree is made at `scratch` where it is needed."""
        plan = make_plan(self._spec)
        kept: Store = {}
        verdicts: Store = {}
        if self._journal is not None:
            self._journal.begin(self._job_id(plan), spec_id(self._spec))
            kept, verdicts = self._journal.answers, self._journal.verdicts
        self._hear(Planned(plan, sum(hole.key in kept for hole in plan.holes)))
        answers = answers_of(self._spec, plan, self._opened, kept, self._hear)
        formatter = Formatter(plan.root, self._spec.verify.formatter, lambda said: self._hear(Noted(said)))
        files = Files(plan, answers, formatter)
        verifier = Verifier(self._spec, plan, scratch, files.texts, (verdicts, self._hear))
        verifies = self._spec.verify.command is not None
        chosen = verifier.chosen(answers) if verifies else Chosen(first_of_each(answers), {})
        return result_of((self._spec, plan, self._name() if plan.holes else ""), answers, chosen, files)

    def _opened(self) -> Filler:
        """Return the model; one that is told what it does not read would rewrite a tree as it likes."""
        filler = open_model(model_arguments(self._spec, self._args.log_json))
        if self._spec.instruct.text and not filler.takes_instructions:
            raise InputError(f"{filler.model_name} follows no instructions; {FETCH}")
        return filler

    def _name(self) -> str:
        return self._model.model or "" if self._model.engine == "http" else name_of(folder_of(self._model))

    def _job_id(self, plan: Plan) -> str:
        """Return an id by the job, its holes and the model's files: with another one, nothing of before is used."""
        if self._model.engine == "http" or not plan.holes:
            weights = []
        else:
            files = sorted(file for file in Path(folder_of(self._model)).rglob("*") if file.is_file())
            weights = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
        keys = [hole.key for hole in plan.holes]
        told = msgspec.msgpack.encode((spec_id(self._spec), self._model, weights, keys))
        return hashlib.sha256(told).hexdigest()
