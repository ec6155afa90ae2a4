"""Ranks candidates by what the causal encoder thinks of them together with what follows.

Every candidate is read as `tail + candidate + head of the suffix`, in whatever tokens that text has.
All end in the same suffix, so the sums of log-probabilities compare fairly across lengths.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

import msgspec

from infill.candidates import Candidate
from infill.context import Surroundings
from infill.frozen import lf
from infill.indents import BLANK
from infill.nearby import ends_word
from infill.types import Span
from model.types import CancelToken, Engine, Tokenizer

LEAST = 1e-300  # a probability that has a logarithm


class Judged(msgspec.Struct, frozen=True):
    """A candidate with its total log-probability (suffix included) and its own probability (0..1), evidence included.

    Of the confidences tried, the plain product of token probabilities told right fills from wrong ones
    best (model/train/LOG.md); the mean per token flatters long fills.
    """

    candidate: Candidate
    log_prob: float
    confidence: float
    token_ids: tuple[int, ...]
    token_log_probs: tuple[float, ...]
    token_texts: tuple[str, ...]
    token_entropies: tuple[float, ...]


def judge(
    engine: Engine,
    around: Surroundings,
    candidates: Sequence[Candidate],
    cancel: CancelToken,
    evidence: Mapping[str, float] | None = None,
    whole: float = 1.0,
) -> list[Judged]:
    """Candidates, most probable first; empty when cancelled.

    `evidence` is how probable texts are by what the code base says elsewhere: either the model or that is right.
    `whole` is how probable it is that the word before the hole is one, of which nothing is missing.
    """
    if not candidates:
        return []
    encode, suffix = engine.tokenizer.encode, around.judged_suffix or "\n"
    texts = [around.tail + lf(c.text) for c in candidates]
    rows, tail_ids = [encode(text + suffix) for text in texts], encode(around.tail)
    in_word = engine.info.reads_texts and ends_word(around.tail, "")
    read = [*rows, tail_ids] if in_word else rows
    scores = engine.score(around.prompt_ids, read, cancel)
    if any(not score.log_probs for score in scores):
        return []
    begun = _begun(engine.tokenizer, around.tail, read, [score.log_probs for score in scores]) if in_word else 0.0
    judged: list[Judged] = []
    for candidate, text, row, score in zip(candidates, texts, rows, scores, strict=False):
        n_own = min(len(encode(text)), len(row))
        # What is typed already is certain, unless the fill goes on in its last token.
        own = slice(len(tail_ids) if row[: len(tail_ids)] == tail_ids else 0, n_own)
        typed = begun if in_word else sum(score.log_probs[: own.start])
        found = (evidence or {}).get(candidate.text, 0.0)
        fits = whole if in_word and ends_word(around.tail, candidate.text) else 1.0
        confidence = fits * _raised(sum(score.log_probs[:n_own]) - typed, found)
        n_told = n_own if suffix.strip() else len(row)  # what stands below says more of where the line ends
        told = sum(score.log_probs[:n_told]) - typed
        gain = math.log(_raised(told, found)) - told if found else 0.0
        judged.append(
            Judged(
                candidate=candidate,
                log_prob=sum(score.log_probs) + gain + math.log(fits),
                confidence=confidence,
                token_ids=tuple(row[own]),
                token_log_probs=score.log_probs[own],
                token_texts=tuple(engine.tokenizer.decode([i]) for i in row[own]),
                token_entropies=score.entropies[own],
            )
        )
    return sorted(judged, key=lambda j: -j.log_prob)


def confidence_in(judged: Judged, spans: Iterable[Span], tokenizer: Tokenizer) -> float:
    """The probability (0..1) of the tokens in these spans of the candidate's text, each given all before it.

    Spans count characters of the text with its line breaks as LF; an empty one stands for the token that follows.
    The blanks before a span count with it: they may be a token, which says what kind of thing follows.
    """
    ids, n_tokens = judged.token_ids, len(judged.token_ids)
    text = lf(judged.candidate.text)
    n_before = len(tokenizer.decode(ids)) - len(text)  # typed already, in the first token

    def end(i: int) -> int:
        return len(tokenizer.decode(ids[: i + 1])) - n_before

    chosen: set[int] = set()
    for span in spans:
        first = bisect_right(range(n_tokens), len(text[: span.start].rstrip(BLANK)), key=end)
        last = bisect_left(range(n_tokens), max(span.end, span.start + 1), key=end)
        chosen.update(range(first, min(last + 1, n_tokens)))
    return math.exp(sum(judged.token_log_probs[i] for i in chosen))


def _begun(
    tokenizer: Tokenizer, tail: str, rows: Sequence[Sequence[int]], log_probs: Sequence[Sequence[float]]
) -> float:
    """The log-probability of the letters typed already, the tail: of every way to begin a row with them that there is.

    They may be a whole word, with tokens of their own, or the beginning of others.
    """
    begun: dict[tuple[int, ...], float] = {}
    for row, row_log_probs in zip(rows, log_probs, strict=True):
        n = next((n for n in range(len(row)) if len(tokenizer.decode(row[:n])) >= len(tail)), len(row))
        begun[tuple(row[:n])] = math.exp(sum(row_log_probs[:n]))
    return math.log(max(sum(begun.values()), LEAST))


def _raised(log_prob: float, evidence: float) -> float:
    """The probability with what speaks for it besides: either is enough."""
    probability = min(math.exp(log_prob), 1.0)
    return probability + evidence * (1 - probability)


class TimedJudge:
    """`judge`, of as many candidates as the time allows, by what reading took the last time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._ms_per_char = 0.0

    def __call__(
        self,
        around: Surroundings,
        candidates: Sequence[Candidate],
        cancel: CancelToken,
        left_ms: float | None,
        least: int = 0,
        evidence: Mapping[str, float] | None = None,
        whole: float = 1.0,
    ) -> list[Judged]:
        """Candidates, most probable first: those that can be read in `left_ms`, and `least` in any case."""
        n_around = len(around.tail) + len(around.judged_suffix)
        if left_ms is not None:
            candidates = in_turn(candidates)
            ends = accumulate(len(c.text) + n_around for c in candidates)
            n_fit = sum(end * self._ms_per_char < left_ms for end in ends)
            candidates = candidates[: max(n_fit, least)]
        started = time.perf_counter()
        judged = judge(self._engine, around, candidates, cancel, evidence, whole)
        if judged:
            n_read = sum(len(j.candidate.text) + n_around for j in judged)
            self._ms_per_char = (time.perf_counter() - started) * 1000 / n_read
        return judged


def in_turn(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The first of every source, then the second of every source, and so on."""
    seen: Counter[str] = Counter()
    ranks: list[int] = []
    for candidate in candidates:
        ranks.append(seen[candidate.source])
        seen[candidate.source] += 1
    return [candidate for _, candidate in sorted(zip(ranks, candidates, strict=True), key=lambda pair: pair[0])]
