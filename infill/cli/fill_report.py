"""Outcomes as JSON lines for programs and as plain lines for people. Writes nothing itself.

A position's record holds no times: with the same seed it is the same bytes on every run. Times are a
record of their own.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from infill.cli.console import GREEN, painted
from infill.cli.edits import Outcome
from infill.cli.report_words import json_name, made_by, nothing_to_show, reason_words, rounded, stages_of, timed_line
from infill.files.read import Position
from infill.types import Completion, Filled, Hole


class TokenEntropy(msgspec.Struct, frozen=True):
    token: str
    entropy: float  # nats


class CandidateRecord(msgspec.Struct, frozen=True):
    span: tuple[int, int]
    text: str
    confidence: float
    token_entropies: tuple[TokenEntropy, ...]
    steps: int
    stop_reason: str
    source: str


class PositionRecord(msgspec.Struct, frozen=True):
    """One line of `--json`. Spans are in characters of the text as it was given, without a byte order mark.

    The fields from `span` to `source` are those of the first candidate; None when nothing was filled.
    """

    file: str
    line: int
    column: int
    status: Literal["filled", "no_fill"]
    span: tuple[int, int] | None
    text: str | None
    confidence: float | None
    token_entropies: tuple[TokenEntropy, ...]
    steps: int | None
    stop_reason: str | None
    source: str | None
    seed: int
    candidates: tuple[CandidateRecord, ...]
    reason: str | None
    detail: str | None


class TimingRecord(msgspec.Struct, frozen=True):
    file: str
    line: int
    column: int
    milliseconds: float
    timings_ms: dict[str, float]


def position_line(position: Position, outcome: Outcome, seed: int) -> bytes:
    """One JSON line: what was found for `position`; the same bytes whenever the fill is the same."""
    result = outcome.result
    filled = isinstance(result, Filled)
    candidates = tuple(_candidate(completion) for completion in result.completions) if filled else ()
    best = candidates[0] if candidates else None
    record = PositionRecord(
        file=json_name(position.file),
        line=position.line,
        column=position.column,
        status="filled" if filled else "no_fill",
        span=best.span if best else None,
        text=best.text if best else None,
        confidence=best.confidence if best else None,
        token_entropies=best.token_entropies if best else (),
        steps=best.steps if best else None,
        stop_reason=best.stop_reason if best else None,
        source=best.source if best else None,
        seed=result.seed if filled else seed,
        candidates=candidates,
        reason=None if filled else result.reason,
        detail=None if filled else result.detail,
    )
    return msgspec.json.encode(record) + b"\n"


def timing_line(position: Position, outcome: Outcome) -> str:
    """One JSON line, without line break: how long the fill took, and its stages."""
    name, timings = json_name(position.file), rounded(outcome.result.timings_ms)
    record = TimingRecord(name, position.line, position.column, round(outcome.milliseconds, 3), timings)
    return msgspec.json.encode(record).decode()


def human_line(position: Position, outcome: Outcome, colour: bool) -> str:
    """One line for a person: filled or why not, and how long it took."""
    result = outcome.result
    if isinstance(result, Filled):
        state, why = painted("filled", GREEN, colour), _how(result.completions[0])
    else:
        state, why = nothing_to_show(colour), reason_words(result)
    return timed_line(position, state, outcome.milliseconds, why)


def explain_line(position: Position, outcome: Outcome) -> str:
    """One line for a person: the hole that was found there, and what it led to."""
    result = outcome.result
    end = f"filled: {_how(result.completions[0])}" if isinstance(result, Filled) else reason_words(result)
    return f"{position}: {_hole(result.hole)} -> {end}{stages_of(result)}"


def _candidate(completion: Completion) -> CandidateRecord:
    tokens = zip(completion.token_texts, completion.token_entropies, strict=True)
    return CandidateRecord(
        span=(completion.span.start, completion.span.end),
        text=completion.text,
        confidence=completion.confidence,
        token_entropies=tuple(TokenEntropy(token, entropy) for token, entropy in tokens),
        steps=completion.steps,
        stop_reason=completion.stop_reason,
        source=completion.source,
    )


def _how(completion: Completion) -> str:
    return f"{made_by(completion)}, confidence {completion.confidence:.2f}"


def _hole(hole: Hole | None) -> str:
    if hole is None:
        return "no hole"
    lines = "several lines" if hole.multiline else "one line"
    return f"hole {hole.kind}, characters {hole.span.start} to {hole.span.end}, indent {hole.indent!r}, {lines}"
