"""Ranks candidates by what the causal encoder thinks of them together with what follows.

Every candidate is read as `tail + candidate + head of the suffix`, in whatever tokens that text has.
All end in the same suffix, so the sums of log-probabilities compare fairly across lengths.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from infill.candidates import Candidate
from infill.context import Surroundings
from model.types import CancelToken, Engine


class Judged(msgspec.Struct, frozen=True):
    """A candidate with its total log-probability (suffix included) and its own probability (0..1).

    Of the confidences tried, the plain product of token probabilities told right fills from wrong ones
    best (model/train/LOG.md); the mean per token flatters long fills.
    """

    candidate: Candidate
    log_prob: float
    confidence: float
    token_texts: tuple[str, ...]
    token_entropies: tuple[float, ...]


def judge(engine: Engine, around: Surroundings, candidates: Sequence[Candidate], cancel: CancelToken) -> list[Judged]:
    """Candidates, most probable first; empty when cancelled."""
    if not candidates:
        return []
    encode, suffix = engine.tokenizer.encode, around.judged_suffix or "\n"
    texts = [around.tail + c.text.replace("\r\n", "\n").replace("\r", "\n") for c in candidates]
    rows, tail_ids = [encode(text + suffix) for text in texts], encode(around.tail)
    scores = engine.score(around.prompt_ids, rows, cancel)
    judged: list[Judged] = []
    for candidate, text, row, score in zip(candidates, texts, rows, scores, strict=True):
        if not score.log_probs:
            return []
        n_own = min(len(encode(text)), len(row))
        # What is typed already is certain, unless the fill goes on in its last token.
        own = slice(len(tail_ids) if row[: len(tail_ids)] == tail_ids else 0, n_own)
        judged.append(
            Judged(
                candidate=candidate,
                log_prob=sum(score.log_probs),
                confidence=math.exp(sum(score.log_probs[own])),
                token_texts=tuple(engine.tokenizer.decode([i]) for i in row[own]),
                token_entropies=score.entropies[own],
            )
        )
    return sorted(judged, key=lambda j: -j.log_prob)
