"""From a scored candidate to a completion, and whether its confidence is high enough to show it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec.structs import replace

from infill.ranking.reranker import ScoredCandidate
from infill.types import Completion, Dismissed, Filled, Hole, NoFill

DISMISSED = 0.3  # what is left of the probability of a text, each time the user has written something else instead


def confident(answer: Filled | NoFill, least: float) -> Filled | NoFill:
    """Return the answer, or `not_confident` where its best completion, or one of its parts, is below `least` (0..1)."""
    if isinstance(answer, NoFill):
        return answer
    best = answer.completions[0]
    confidence = min((part.confidence for part in best.parts), default=best.confidence)
    if confidence >= least:
        return answer
    detail = f"confidence {confidence:.2f}, less than {least:.2f}"
    return NoFill("not_confident", detail, answer.hole, answer.timings_ms, answer.steps)


def without_favour(ranked: list[ScoredCandidate], dismissed: Sequence[Dismissed], before: str) -> list[ScoredCandidate]:
    """Return the candidates, those less probable that the user has just dismissed elsewhere; most probable first.

    The same text counts, and so does one that makes the same line; `before` is the hole's line up to the hole.
    """
    if not dismissed:
        return ranked
    worse: list[ScoredCandidate] = []
    for one in ranked:
        text, line = _core(one.candidate.text), _core(before + one.candidate.text.partition("\n")[0])
        again = sum(text == _core(each.text) or (bool(line) and line == _core(each.line)) for each in dismissed)
        factor = DISMISSED**again
        worse.append(replace(one, log_prob=one.log_prob + math.log(factor), confidence=one.confidence * factor))
    return sorted(worse, key=lambda one: -one.log_prob)


def _core(text: str) -> str:
    """Return a text without the blanks, separators and closing brackets around it."""
    return text.strip().rstrip(")]},;: \t\n")


def completion(scored: ScoredCandidate, hole: Hole) -> Completion:
    """Return a scored candidate as a completion; with the denoiser's entropies where it wrote exactly this text."""
    made = scored.candidate
    own = bool(made.token_entropies)
    return Completion(
        span=hole.span,
        text=made.text,
        confidence=round(scored.confidence, 4),
        token_texts=made.token_texts if own else scored.token_texts,
        token_entropies=tuple(round(e, 4) for e in (made.token_entropies if own else scored.token_entropies)),
        steps=made.steps,
        stop_reason=made.stop_reason,
        source=made.source,
    )
