"""The result of a job as JSON lines for other programs: a record for every hole, with what would change."""

from __future__ import annotations

from typing import Literal

import msgspec

from infill.jobs.ask import Candidate
from infill.jobs.result import HoleResult, JobResult


class ChangeRecord(msgspec.Struct, frozen=True):
    span: tuple[int, int]
    text: str


class CandidateRecord(msgspec.Struct, frozen=True):
    changes: tuple[ChangeRecord, ...]
    confidence: float
    source: str


class HoleRecord(msgspec.Struct, frozen=True):
    """One line. Spans are in characters of the file as it was read, without a byte order mark; lines count from 1.

    `chosen` is the place of the candidate that is in the file, from 0; `changes` are its own. `key` is the same
    whenever the hole is the same.
    """

    file: str
    first: int
    last: int
    status: Literal["changed", "left"]
    changes: tuple[ChangeRecord, ...]
    confidence: float | None
    chosen: int | None
    candidates: tuple[CandidateRecord, ...]
    why: str | None
    key: str


def records(result: JobResult) -> bytes:
    """Return the lines, in the order of the plan; the same bytes whenever the result is the same."""
    return b"".join(msgspec.json.encode(_record(done)) + b"\n" for done in result.holes)


def _record(done: HoleResult) -> HoleRecord:
    hole, candidate = done.hole, done.candidate
    return HoleRecord(
        file=hole.file.path.encode("utf-8", "surrogateescape").decode("utf-8", "replace"),
        first=hole.first,
        last=hole.last,
        status="left" if candidate is None else "changed",
        changes=() if candidate is None else _changes(candidate),
        confidence=candidate and candidate.confidence,
        chosen=done.chosen,
        candidates=tuple(CandidateRecord(_changes(c), c.confidence, c.source) for c in done.answer.candidates),
        why=done.why or None,
        key=hole.key,
    )


def _changes(candidate: Candidate) -> tuple[ChangeRecord, ...]:
    return tuple(ChangeRecord((part.span.start, part.span.end), part.text) for part in candidate.changes)
