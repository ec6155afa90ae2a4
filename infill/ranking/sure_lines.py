"""Of several lines, unasked, only the first ones that are sure enough together: the less is said, the surer it is.

A whole body is seldom sure; its first lines often are, and the next ones come after they were taken.
"""

from __future__ import annotations

import math
from itertools import accumulate

from msgspec.structs import replace

from infill.prompt.context import lf
from infill.ranking.reranker import ScoredCandidate


def sure_lines(scored: ScoredCandidate, least: float) -> list[ScoredCandidate]:
    """The candidate cut after each of its lines up to which it has the probability `least` (0..1), longest first.

    Shorter ones are in the list too, as a longer one may not parse; where no line is sure, only the first one. Their
    log-probabilities are those of their own tokens, without the text below, so no longer one ranks above a shorter.
    """
    n_lines = scored.candidate.text.count("\n") + 1
    lines = scored.candidate.text.split("\n")
    cuts = [_cut(scored, n) for n in range(1, n_lines + 1) if lines[n - 1].strip()]
    sure = [cut for cut in cuts if cut.confidence >= least]
    return list(reversed(sure or cuts[:1]))


def _cut(scored: ScoredCandidate, n_lines: int) -> ScoredCandidate:
    """The first lines of a candidate, with the probability of their tokens and of the one that ends them."""
    candidate = scored.candidate
    text = "\n".join(candidate.text.split("\n")[:n_lines]).rstrip("\r")
    if text == candidate.text:
        return replace(scored, log_prob=sum(scored.token_log_probs))
    n_typed = sum(map(len, scored.token_texts)) - len(lf(candidate.text))  # of the first token, there already
    ends = accumulate(map(len, scored.token_texts))
    n_tokens = sum(end - n_typed <= len(lf(text)) for end in ends)
    log_prob = sum(scored.token_log_probs[: n_tokens + 1])  # one more has the line break in it
    return replace(
        scored,
        candidate=replace(candidate, text=text, token_texts=(), token_entropies=()),
        log_prob=log_prob,
        confidence=min(math.exp(log_prob), 1.0),
        token_ids=scored.token_ids[:n_tokens],
        token_log_probs=scored.token_log_probs[:n_tokens],
        token_texts=scored.token_texts[:n_tokens],
        token_entropies=scored.token_entropies[:n_tokens],
    )
