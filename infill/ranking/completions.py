"""From a scored candidate to a completion, and whether that is sure enough to be shown."""

from __future__ import annotations

from infill.ranking.reranker import ScoredCandidate
from infill.types import Completion, Filled, Hole, NoFill


def confident(answer: Filled | NoFill, least: float) -> Filled | NoFill:
    """The answer, or that its best completion, or the least sure of its parts, is not as sure as `least`."""
    if isinstance(answer, NoFill):
        return answer
    best = answer.completions[0]
    confidence = min((part.confidence for part in best.parts), default=best.confidence)
    if confidence >= least:
        return answer
    detail = f"confidence {confidence:.2f}, less than {least:.2f}"
    return NoFill("not_confident", detail, answer.hole, answer.timings_ms, answer.steps)


def completion(scored: ScoredCandidate, hole: Hole) -> Completion:
    """A scored candidate as a completion; the denoiser's entropies where it wrote this very text."""
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
