"""Asks for one hole of a job. Each is asked in the file as it was read, so no answer depends on another one."""

from __future__ import annotations

import time

import msgspec

from infill.holes.functions import holes_in
from infill.holes.target import applied
from infill.jobs.found import Found
from infill.jobs.job import JobSpec
from infill.jobs.plan import PlannedHole, ways_to_ask
from infill.jobs.selector import parse_selector
from infill.project.project_context import project_context
from infill.syntax.tree import parse
from infill.types import Completion, Context, Draft, Filler, NoFill, Part, Request, Span
from model.types import CancelToken

_MOST_DRAFTS = 16  # that are kept of a hole
_UNASKED = ("todo-bodies", "marker", "query")  # what nobody looks at: only what would be shown unasked


class Candidate(msgspec.Struct, frozen=True):
    """One way to do what is wanted: `changes` are of the file as it was read; `tokens` with their entropies (nats)."""

    changes: tuple[Part, ...]
    confidence: float
    source: str
    steps: int = 0
    stop_reason: str = ""
    n_left: int = 0  # holes of the same function that keep their placeholders
    tokens: tuple[tuple[str, float], ...] = ()


class Answer(msgspec.Struct, frozen=True):
    """What the model said of one hole: candidates, best first, or the reason and its detail."""

    candidates: tuple[Candidate, ...] = ()
    reason: str = ""
    detail: str = ""
    milliseconds: float = 0.0
    drafts: tuple[str, ...] = ()  # on the way to the first one, where it was denoised

    @property
    def why(self) -> str:
        """Return why there is no candidate, in words."""
        return f"{self.reason} ({self.detail})" if self.detail else self.reason


class _Asked(msgspec.Struct, frozen=True):
    """A hole of a job, and one of the ways to ask for it."""

    hole: PlannedHole
    place: Found
    spec: JobSpec


class _SoFar(msgspec.Struct, frozen=True):
    """What was found for a hole until now."""

    found: list[Candidate]
    reasons: list[NoFill]
    drafts: list[str]

    def hear(self, draft: Draft) -> None:
        """Keep a draft that differs from the one before."""
        if self.drafts[-1:] != [draft.text]:
            self.drafts.append(draft.text)


def _some(drafts: list[str]) -> tuple[str, ...]:
    """Return at most `_MOST_DRAFTS` of the drafts, the first and the last among them."""
    n = min(len(drafts), _MOST_DRAFTS)
    return tuple(drafts[round(i * (len(drafts) - 1) / max(n - 1, 1))] for i in range(n))


def ask(filler: Filler, hole: PlannedHole, spec: JobSpec, cancel: CancelToken) -> Answer:
    """Return the answer for one hole: up to as many candidates as the job wants, of several views and seeds."""
    started = time.perf_counter()
    found: list[Candidate] = []
    reasons: list[NoFill] = []
    drafts: list[str] = []
    for place in ways_to_ask(hole, spec):
        _ask(filler, _Asked(hole, place, spec), cancel, _SoFar(found, reasons, drafts))
        if len(found) >= spec.limits.candidates:
            break
    took = round((time.perf_counter() - started) * 1000, 1)
    if found:
        return Answer(tuple(found[: spec.limits.candidates]), milliseconds=took, drafts=_some(drafts))
    nothing = reasons[0] if reasons else NoFill("nothing_better", "what stands there stays")
    return Answer((), nothing.reason, nothing.detail, took)


def _ask(filler: Filler, asked: _Asked, cancel: CancelToken, so_far: _SoFar) -> None:
    """Add what one view of the file gives, for as many seeds as find something new."""
    spec, found, reasons = asked.spec, so_far.found, so_far.reasons
    request = _request(filler, asked)
    for seed in range(spec.seed, spec.seed + spec.limits.candidates):
        on_draft = None if found or so_far.drafts else so_far.hear
        result = filler.fill(msgspec.structs.replace(request, seed=seed), cancel, on_draft)
        if isinstance(result, NoFill):
            reasons.append(result)
            return
        before = len(found)
        for completion in result.completions:
            candidate = _candidate(asked, completion)
            if isinstance(candidate, NoFill):
                reasons.append(candidate)
            elif _code(asked.hole, candidate) not in [_code(asked.hole, other) for other in found]:
                found.append(candidate)
        if len(found) == before or len(found) >= spec.limits.candidates:
            return


def _request(filler: Filler, asked: _Asked) -> Request:
    spec, language = asked.spec, asked.hole.file.language.id
    strength = spec.instruct.strength if spec.action == "refine" else None
    told = spec.instruct.text if filler.takes_instructions else None
    return msgspec.structs.replace(
        asked.place.target.request(language, strength),
        candidates=spec.limits.candidates,
        deadline_ms=spec.limits.hole_ms,
        least_confidence=least_confidence(filler, spec),
        instruction=told,
        context=_context(asked.hole) if spec.select.context else Context(),
    )


def _code(hole: PlannedHole, candidate: Candidate) -> list[str]:
    """Return the lines of the file with a candidate in it, without what nobody sees."""
    lines = applied(hole.file.source.text, candidate.changes).split("\n")
    return [line.rstrip() for line in lines if line.strip()]


def least_confidence(filler: Filler, spec: JobSpec) -> float:
    """Return how sure an answer must be (0..1): as told, or as unasked where nothing else judges it."""
    if spec.limits.confidence is not None:
        return spec.limits.confidence
    unasked = spec.action == "fill" and parse_selector(spec.select.selector).kind in _UNASKED
    return filler.show_threshold if unasked and spec.verify.command is None else 0.0


def _context(hole: PlannedHole) -> Context:
    source = hole.file.source
    return project_context(str(source.path), source.text, hole.file.language.id)


def _candidate(asked: _Asked, completion: Completion) -> Candidate | NoFill:
    """Return a completion as changes of the file, or why it is none."""
    try:
        changes = asked.place.changes(completion)
    except ValueError as error:
        return NoFill("not_as_asked", str(error))
    if not changes:
        return NoFill("nothing_better", "what stands there stays")
    if asked.spec.action == "fill" and leaves_open(asked.hole, changes):
        return NoFill("empty_fill", "the answer is a placeholder itself")
    return Candidate(
        changes,
        completion.confidence,
        completion.source,
        completion.steps,
        completion.stop_reason,
        completion.n_left,
        tuple(zip(completion.token_texts, completion.token_entropies, strict=True)),
    )


def leaves_open(hole: PlannedHole, changes: tuple[Part, ...]) -> bool:
    """Return whether changes, in order, put a placeholder into the file."""
    text, shift = applied(hole.file.source.text, changes), 0
    syntax = parse(hole.file.language, text)
    for part in changes:
        start = part.span.start + shift
        shift += len(part.text) - (part.span.end - part.span.start)
        line = syntax.line(start)
        written = Span(start, start + len(part.text))
        found = holes_in(syntax, Span(line.start, syntax.line(written.end).end))
        if any(span.start < written.end and written.start < span.end for span in found):
            return True
    return False
