"""From a judged candidate to an answer, and whether it is sure enough to be one."""

from __future__ import annotations

from infill.candidates.postprocess import postprocess
from infill.candidates.sources import Candidate
from infill.ranking.reranker import Judged
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


def tidied_candidate(candidate: Candidate, hole: Hole, prefix: str, suffix: str, by_indent: bool) -> Candidate:
    """The candidate with its text tidied; what was known of its tokens goes when the text changes."""
    text = postprocess(candidate.text, hole, prefix, suffix, indent_blocks=by_indent)
    if text == candidate.text:
        return candidate
    return Candidate(text, (), (), candidate.steps, candidate.stop_reason, candidate.source)


def completion(judged: Judged, hole: Hole) -> Completion:
    """A judged candidate as an answer; the denoiser's entropies where it wrote this very text."""
    made = judged.candidate
    own = bool(made.token_entropies)
    return Completion(
        span=hole.span,
        text=made.text,
        confidence=round(judged.confidence, 4),
        token_texts=made.token_texts if own else judged.token_texts,
        token_entropies=tuple(round(e, 4) for e in (made.token_entropies if own else judged.token_entropies)),
        steps=made.steps,
        stop_reason=made.stop_reason,
        source=made.source,
    )
