"""Rewritten pieces as JSON lines for programs and as plain lines for people. Writes nothing itself."""

from __future__ import annotations

from typing import Literal

import msgspec

from infill.cli.console import GREEN, painted
from infill.cli.report_words import json_name, made_by, nothing_to_show, plural, reason_words, rounded, timed_line
from infill.files.read import printable
from infill.types import Completion, Filled, NoFill, Part


class Lines(msgspec.Struct, frozen=True):
    """Lines of a file as the user names them: FILE:FIRST-LAST, from 1, the last one included."""

    file: str
    first: int
    last: int

    def __str__(self) -> str:
        return f"{printable(self.file)}:{self.first}-{self.last}"


class Rewritten(msgspec.Struct, frozen=True):
    """What became of one piece; `changes` are of the text as it was read."""

    lines: Lines
    result: Filled | NoFill
    changes: tuple[Part, ...]
    milliseconds: float


class ChangeRecord(msgspec.Struct, frozen=True):
    span: tuple[int, int]
    text: str
    confidence: float


class RewriteRecord(msgspec.Struct, frozen=True):
    """One line of `--json`. Spans are in characters of the text as it was given, without a byte order mark.

    `left` holes stay as they are, each less sure than was asked for.
    """

    file: str
    first: int
    last: int
    status: Literal["filled", "no_fill"]
    changes: tuple[ChangeRecord, ...]
    left: int
    confidence: float | None
    steps: int | None
    stop_reason: str | None
    source: str | None
    seed: int
    reason: str | None
    detail: str | None


class TimingRecord(msgspec.Struct, frozen=True):
    file: str
    first: int
    last: int
    milliseconds: float
    timings_ms: dict[str, float]


def record_line(rewritten: Rewritten, seed: int) -> bytes:
    """One JSON line: what was found; the same bytes whenever the rewrite is the same."""
    lines, result = rewritten.lines, rewritten.result
    nothing = result if isinstance(result, NoFill) else None
    best = result.completions[0] if isinstance(result, Filled) else None
    record = RewriteRecord(
        file=json_name(lines.file),
        first=lines.first,
        last=lines.last,
        status="no_fill" if best is None else "filled",
        changes=tuple(ChangeRecord((c.span.start, c.span.end), c.text, c.confidence) for c in rewritten.changes),
        left=best.n_left if best else 0,
        confidence=best and best.confidence,
        steps=best and best.steps,
        stop_reason=best and best.stop_reason,
        source=best and best.source,
        seed=seed,
        reason=nothing and nothing.reason,
        detail=nothing and nothing.detail,
    )
    return msgspec.json.encode(record) + b"\n"


def timing_line(rewritten: Rewritten) -> str:
    """One JSON line, without line break: how long it took, and its stages."""
    lines, timings = rewritten.lines, rounded(rewritten.result.timings_ms)
    name, ms = json_name(lines.file), round(rewritten.milliseconds, 3)
    return msgspec.json.encode(TimingRecord(name, lines.first, lines.last, ms, timings)).decode()


def _left(best: Completion) -> str:
    """Say how many holes keep their placeholders, and why; nothing where none does."""
    if not best.n_left:
        return ""
    whys = "; ".join(dict.fromkeys(left.why for left in best.left))
    return f", {best.n_left} left" + (f" ({whys})" if whys else "")


def human_line(rewritten: Rewritten, colour: bool) -> str:
    """One line for a person: changed or why not, and how long it took."""
    result = rewritten.result
    if isinstance(result, Filled):
        best = result.completions[0]
        state = painted("changed", GREEN, colour)
        changes = plural(len(rewritten.changes), "place") + _left(best)
        why = f"{changes}, {made_by(best)}"
    else:
        state, why = nothing_to_show(colour), reason_words(result)
    return timed_line(rewritten.lines, state, rewritten.milliseconds, why)
