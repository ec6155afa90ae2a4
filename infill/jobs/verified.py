"""Has the answers of a job verified: combinations are tried in a copy of the tree, and what was said is kept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, MutableMapping
from pathlib import Path

import msgspec

from infill.jobs.ask import Answer
from infill.jobs.events import Hear, Tried
from infill.jobs.job import JobSpec
from infill.jobs.plan import Plan
from infill.jobs.result import FileResult
from infill.jobs.tree import place_in
from infill.verify.choose import Choice, Chosen, Trial, choose
from infill.verify.command import verdict
from infill.verify.scratch import Scratch
from infill.verify.supervisor import Order

Texts = Callable[[Choice], tuple[FileResult, ...]]  # the files with these candidates in them
_CODEC = msgspec.json


class Verifier:
    """Runs the job's command on combinations; the copy of the tree is made when one has not been tried before."""

    def __init__(
        self, spec: JobSpec, plan: Plan, folder: Path, texts: Texts, record: tuple[MutableMapping[str, bytes], Hear]
    ) -> None:
        """Take where the copy goes, and where what was said is kept and told."""
        self._spec, self._plan, self._folder = spec, plan, folder
        self._texts, (self._kept, self._hear) = texts, record
        self._scratch: Scratch | None = None
        self._place = place_in(plan.root)  # a command is run where the user is, in the copy

    def chosen(self, answers: dict[str, Answer]) -> Chosen:
        """Return what to keep: with it the command passes, or no more of its tests fail than before."""
        options = {key: len(answer.candidates) for key, answer in answers.items()}
        try:
            return choose(options, self._attempt, self._spec.verify.runs)
        finally:
            if self._scratch is not None:
                self._scratch.remove()

    def _attempt(self, choice: Choice) -> Trial:
        contents = {f.file.path: f.file.source.encode(f.text) for f in self._texts(choice) if f.changes}
        key = self._key(contents)
        stored = self._kept.get(key)
        if stored is not None:
            trial = _CODEC.decode(stored, type=Trial)
            self._hear(Tried(len(choice), trial.passed, 0.0, trial.why, kept=True))
            return trial
        trial, seconds = self._run(contents)
        self._kept[key] = _CODEC.encode(trial)
        self._hear(Tried(len(choice), trial.passed, seconds, trial.why))
        return trial

    def _run(self, contents: dict[str, bytes]) -> tuple[Trial, float]:
        verify = self._spec.verify
        if self._scratch is None:
            self._scratch = Scratch(self._plan.root, self._folder, verify.carry)
        self._scratch.put(contents)
        folder = os.path.normpath(self._scratch.folder / self._place)
        os.makedirs(folder, exist_ok=True)  # the working folder may have nothing in it that is copied
        order = Order(verify.command or "", folder, verify.seconds, verify.memory_mb, verify.processes)
        return verdict(order, verify.junit)

    def _key(self, contents: dict[str, bytes]) -> str:
        """Return a key by what is tried: the command and the files that differ."""
        files = [(path.encode("utf-8", "surrogateescape"), data) for path, data in sorted(contents.items())]
        return hashlib.sha256(msgspec.msgpack.encode((self._spec.verify, self._place, files))).hexdigest()[:32]
