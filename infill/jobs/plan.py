"""What a job will do: its holes in a fixed order, each with a key that is the same whenever the hole is the same."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence

import msgspec

from infill.files.read import line_ends
from infill.jobs.changed import NONE, changed_lines
from infill.jobs.found import Found
from infill.jobs.job import JobSpec
from infill.jobs.queries import QueryDoesNotFit
from infill.jobs.select import select
from infill.jobs.tree import Skipped, Tree, TreeFile
from infill.syntax.tree import parse
from infill.types import InputError


class PlannedHole(msgspec.Struct, frozen=True):
    """One place to be filled or rewritten; `first` and `last` are its lines, from 1."""

    key: str
    file: TreeFile
    found: Found
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.file.source.name}:{self.first}"


class Plan(msgspec.Struct, frozen=True):
    """The holes of a job by file, files and holes in order, and the files that were looked at or left out."""

    root: str
    holes: tuple[PlannedHole, ...]
    n_files: int  # that were searched
    skipped: tuple[Skipped, ...]

    @property
    def files(self) -> tuple[TreeFile, ...]:
        """The files that have a hole."""
        return tuple({hole.file.path: hole.file for hole in self.holes}.values())


def make_plan(spec: JobSpec) -> Plan:
    """Return what a job will do; raises `InputError` for a job that means nothing here, or more than its limits."""
    tree = Tree(spec.select)
    files = tree.files()
    base = spec.select.changed
    changed = None if base is None else changed_lines(tree.root, base)
    holes: list[PlannedHole] = []
    misfits: list[QueryDoesNotFit] = []
    for file in files:
        if changed is not None and file.path not in changed:
            continue
        try:
            found = _holes(file, spec)
        except QueryDoesNotFit as error:  # a tree has files in other languages, too
            misfits.append(error)
            continue
        lines = NONE if changed is None else changed[file.path]
        holes += found if changed is None else [hole for hole in found if lines.touch(hole.first, hole.last)]
    if misfits and len(misfits) == len(files):
        raise misfits[0]
    plan = Plan(tree.root, tuple(holes), len(files), tuple(tree.skipped))
    _check_limits(plan, spec)
    return plan


def _holes(file: TreeFile, spec: JobSpec) -> list[PlannedHole]:
    text = file.source.text
    found = select(parse(file.language, text), file.source.name, spec)
    ends = line_ends(text) if found else []
    return [
        PlannedHole(_key(file, each, spec), file, each, _line(ends, each.about.start), _line(ends, each.about.end))
        for each in found
    ]


def _line(ends: Sequence[int], offset: int) -> int:
    return bisect_right(ends, offset) + 1


def _key(file: TreeFile, found: Found, spec: JobSpec) -> str:
    """Return a key by all that the answer depends on, but for the model and the other files of the project."""
    asked = (spec.action, spec.seed, spec.instruct, spec.limits, spec.select.context)
    path, code = file.path.encode("utf-8", "surrogateescape"), hashlib.sha256(file.source.raw).digest()
    told = msgspec.json.encode((path, code, found, asked))
    return hashlib.sha256(told).hexdigest()[:32]


def _check_limits(plan: Plan, spec: JobSpec) -> None:
    for what, n, most in (("files", len(plan.files), spec.limits.files), ("holes", len(plan.holes), spec.limits.holes)):
        if n > most:
            raise InputError(f"{n} {what} are selected, the limit is {most}; raise --max-{what} or name fewer paths")
