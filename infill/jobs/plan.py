"""What a job will do: its holes in a fixed order, each with a key that is the same whenever the hole is the same."""

from __future__ import annotations

import functools
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
from infill.jobs.views import Views
from infill.syntax.tree import parse
from infill.types import InputError, Span

_VERSION = 1  # of how places are asked for: a kept answer of another one is not used


class PlannedHole(msgspec.Struct, frozen=True):
    """One place to be filled or rewritten; `first` and `last` are its lines, from 1.

    What is asked there has the text of the file in it, so it is made when it is asked: see `ways_to_ask`.
    """

    key: str
    file: TreeFile
    about: Span  # the characters of the file
    index: int  # among the places of the file
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
    abouts = [place.about for place in _places(file, spec)]
    ends = line_ends(file.source.text) if abouts else []
    told = _told(file, spec) if abouts else b""
    holes: list[PlannedHole] = []
    for i, about in enumerate(abouts):
        key = hashlib.sha256(told + f"{i} {about.start} {about.end}".encode()).hexdigest()[:32]
        holes.append(PlannedHole(key, file, about, i, _line(ends, about.start), _line(ends, about.end)))
    return holes


def ways_to_ask(hole: PlannedHole, spec: JobSpec) -> list[Found]:
    """Return what is asked for a hole, in the ways in which it is asked, the usual one first."""
    views = _views(hole.file, spec)
    return views.of(hole.index) if spec.action == "fill" else views.of(hole.index)[:1]


@functools.lru_cache(maxsize=1)
def _views(file: TreeFile, spec: JobSpec) -> Views:
    """Return the places of the file that was asked about last."""
    return Views(parse(file.language, file.source.text), _places(file, spec))


def _places(file: TreeFile, spec: JobSpec) -> list[Found]:
    return select(parse(file.language, file.source.text), file.source.name, spec)


def _line(ends: Sequence[int], offset: int) -> int:
    return bisect_right(ends, offset) + 1


def _told(file: TreeFile, spec: JobSpec) -> bytes:
    """Return all that an answer depends on, but for the place, the model and the other files of the project."""
    select = (spec.select.selector, spec.select.context)
    asked = (_VERSION, spec.action, spec.seed, select, spec.freeze, spec.instruct, spec.limits, spec.verify.command)
    path, code = file.path.encode("utf-8", "surrogateescape"), hashlib.sha256(file.source.raw).digest()
    return msgspec.msgpack.encode((path, code, file.language.id, asked))


def _check_limits(plan: Plan, spec: JobSpec) -> None:
    for what, n, most in (("files", len(plan.files), spec.limits.files), ("holes", len(plan.holes), spec.limits.holes)):
        if n > most:
            raise InputError(f"{n} {what} are selected, the limit is {most}; raise --max-{what} or name fewer paths")
