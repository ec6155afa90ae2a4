"""From a scored candidate to a completion, and whether its confidence is high enough to show it."""

from __future__ import annotations

from infill.ranking.reranker import ScoredCandidate
from infill.types import Completion, Filled, Hole, NoFill


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
