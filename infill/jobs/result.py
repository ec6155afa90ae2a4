"""What a job came to: for each hole what was chosen or why nothing was, and for each file its new text."""

from __future__ import annotations

import msgspec

from infill.jobs.ask import Answer, Candidate
from infill.jobs.job import JobSpec
from infill.jobs.plan import Plan, PlannedHole
from infill.jobs.tree import TreeFile


class HoleResult(msgspec.Struct, frozen=True):
    """What became of one hole: which of its candidates is in the file; None, and why, where none is."""

    hole: PlannedHole
    answer: Answer
    chosen: int | None = None
    why: str = ""

    @property
    def candidate(self) -> Candidate | None:
        """The candidate that is in the file."""
        return None if self.chosen is None else self.answer.candidates[self.chosen]


class FileResult(msgspec.Struct, frozen=True):
    """A file with its new text, which is the old one where nothing changed."""

    file: TreeFile
    text: str

    @property
    def changes(self) -> bool:
        """Whether the file would change."""
        return self.text != self.file.source.text


class JobResult(msgspec.Struct, frozen=True):
    """What a whole job came to; holes and files in the plan's order."""

    spec: JobSpec
    plan: Plan
    model: str
    holes: tuple[HoleResult, ...]
    files: tuple[FileResult, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left of what was asked for."""
        return all(done.candidate is not None and not done.candidate.n_left for done in self.holes)

    @property
    def changed(self) -> tuple[FileResult, ...]:
        """The files that would change."""
        return tuple(file for file in self.files if file.changes)
