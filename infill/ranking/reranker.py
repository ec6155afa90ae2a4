"""Ranks candidates by the causal encoder's log-probability of each together with the text that follows.

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
from types import MappingProxyType

import msgspec

from infill.candidates.sources import Candidate
from infill.prompt.context import PromptContext, lf
from infill.retrieval.words import LEAST, Word, first_word
from infill.syntax.indentation import BLANK
from infill.types import Span
from model.types import CancelToken, Engine, Score, Tokenizer

# Where the model and the code base agree on a text, it is likelier than by the higher of both probabilities: how
# often each log-probability counts once more, and the least probability by the code base. Not used with words, which
# have both weighed in already. Fitted; see model/train/LOG.md.
MODEL_AGAIN, RETRIEVED_AGAIN, LEAST_RETRIEVED = 0.1, 0.6, 0.03
MARGIN = 12.0  # nats by which the model must prefer a text to right code that it would replace; model/train/LOG.md


class ScoredCandidate(msgspec.Struct, frozen=True):
    """A candidate with its log-probability (nats, suffix included) and its own probability (0..1, with evidence).

    Where any candidate has evidence, the log-probabilities only rank them and are not the model's alone.

    Of the confidences tried, the plain product of token probabilities separated right fills from wrong ones
    best (model/train/LOG.md); the mean per token flatters long fills.
    """

    candidate: Candidate
    log_prob: float
    confidence: float
    token_ids: tuple[int, ...]
    token_log_probs: tuple[float, ...]
    token_texts: tuple[str, ...]
    token_entropies: tuple[float, ...]


class Evidence(msgspec.Struct, frozen=True):
    """Evidence for candidates from outside the model.

    `texts`: the probability (0..1) of a text by its occurrences in the code base.
    `words`: the completions of the word before the hole, with probabilities that do not depend on the candidates.
    """

    texts: Mapping[str, float] = MappingProxyType({})
    words: Sequence[Word] = ()


NO_EVIDENCE = Evidence()


def rerank(
    engine: Engine,
    prompt: PromptContext,
    candidates: Sequence[Candidate],
    cancel: CancelToken,
    evidence: Evidence = NO_EVIDENCE,
) -> list[ScoredCandidate]:
    """Return the candidates with their scores, most probable first; empty when cancelled."""
    if not candidates:
        return []
    encode, suffix = engine.tokenizer.encode, prompt.scored_suffix or "\n"
    texts = [prompt.tail + lf(c.text) for c in candidates]
    rows = [encode(text + suffix) for text in texts]
    scores = engine.score(prompt.prompt_ids, rows, cancel)
    if any(not score.log_probs for score in scores):
        return []
    scorer = _Scorer(engine.tokenizer, prompt.tail, suffix, evidence)
    scored = [scorer.scored(*one) for one in zip(candidates, texts, rows, scores, strict=True)]
    return sorted(scored, key=lambda s: -s.log_prob)


class _Scorer:
    """Makes scored candidates of the model's log-probabilities of their tokens, and of the evidence."""

    def __init__(self, tokenizer: Tokenizer, tail: str, suffix: str, evidence: Evidence) -> None:
        self._tokenizer, self._suffix, self._evidence = tokenizer, suffix, evidence
        self._tail_ids = tokenizer.encode(tail)
        self._words = {word.text: word for word in evidence.words}

    def scored(self, candidate: Candidate, text: str, row: Sequence[int], score: Score) -> ScoredCandidate:
        """Return the scored candidate; the tokens `row` spell its `text` and the suffix."""
        words, texts = self._evidence.words, self._evidence.texts
        n_own = min(len(self._tokenizer.encode(text)), len(row))
        # The typed letters are certain, unless the fill continues in their last token.
        own = slice(len(self._tail_ids) if [*row[: len(self._tail_ids)]] == self._tail_ids else 0, n_own)
        word = self._words.get(first_word(candidate.text), words[-1]) if words else None
        whole, typed = (1.0, sum(score.log_probs[: own.start])) if word is None else _begun(word)
        found = texts.get(candidate.text, 0.0)
        confidence = whole * _raised(sum(score.log_probs[:n_own]) - typed, found)
        n_line = n_own if self._suffix.strip() else len(row)  # the text below decides where the line ends
        line = sum(score.log_probs[:n_line]) - typed
        total = sum(score.log_probs)
        gain = math.log(_raised(line, found)) - line if found else 0.0
        if texts and not words:
            gain += MODEL_AGAIN * total + RETRIEVED_AGAIN * math.log(LEAST_RETRIEVED + found)
        return ScoredCandidate(
            candidate=candidate,
            log_prob=total - (typed if words else 0.0) + gain + math.log(max(whole, LEAST)),
            confidence=confidence,
            token_ids=tuple(row[own]),
            token_log_probs=score.log_probs[own],
            token_texts=tuple(self._tokenizer.decode([i]) for i in row[own]),
            token_entropies=score.entropies[own],
        )


def confidence_in(scored: ScoredCandidate, spans: Iterable[Span], tokenizer: Tokenizer) -> float:
    """Return the probability (0..1) of the tokens in these spans of the candidate's text, each given all before it.

    Spans count characters of the text with its line breaks as LF; an empty one means the token that follows.
    The blanks before a span count with it: they may be a token that predicts what follows.
    """
    ids, n_tokens = scored.token_ids, len(scored.token_ids)
    text = lf(scored.candidate.text)
    n_before = len(tokenizer.decode(ids)) - len(text)  # letters in the first token that were typed already

    def end(i: int) -> int:
        return len(tokenizer.decode(ids[: i + 1])) - n_before

    chosen: set[int] = set()
    for span in spans:
        first = bisect_right(range(n_tokens), len(text[: span.start].rstrip(BLANK)), key=end)
        last = bisect_left(range(n_tokens), max(span.end, span.start + 1), key=end)
        chosen.update(range(first, min(last + 1, n_tokens)))
    return math.exp(sum(scored.token_log_probs[i] for i in chosen))


def _begun(word: Word) -> tuple[float, float]:
    """Return the probability (0..1) of a candidate that takes the word as whole, and what to subtract from it.

    The code base's evidence for such a candidate counts whole words; for other candidates it counts letters.
    """
    log_probability = math.log(max(word.probability, LEAST))
    return (1.0, word.log_prob - log_probability) if word.text else (word.probability, word.log_prob)


def _raised(log_prob: float, evidence: float) -> float:
    """Return the probability (0..1) of a text by the model's `log_prob` (nats) and by `evidence` (0..1) together."""
    probability = min(math.exp(log_prob), 1.0)
    return probability + evidence * (1 - probability)


class TimedReranker:
    """`rerank` for as many candidates as fit the time, estimated from how long reading took the last time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._ms_per_char = 0.0

    def __call__(
        self,
        prompt: PromptContext,
        candidates: Sequence[Candidate],
        cancel: CancelToken,
        evidence: Evidence = NO_EVIDENCE,
        left_ms: float | None = None,
        least: int = 0,
    ) -> list[ScoredCandidate]:
        """Return the candidates that can be read in `left_ms`, at least `least` of them, most probable first.

        `left_ms` is milliseconds from now, None for no limit. Empty when cancelled.
        """
        n_context = len(prompt.tail) + len(prompt.scored_suffix)
        if left_ms is not None:
            candidates = in_turn(candidates)
            ends = accumulate(len(c.text) + n_context for c in candidates)
            n_fit = sum(end * self._ms_per_char < left_ms for end in ends)
            candidates = candidates[: max(n_fit, least)]
        started = time.perf_counter()
        scored = rerank(self._engine, prompt, candidates, cancel, evidence)
        if scored:
            n_read = sum(len(s.candidate.text) + n_context for s in scored)
            self._ms_per_char = (time.perf_counter() - started) * 1000 / n_read
        return scored


def in_turn(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the first candidate of every source, then the second of every source, and so on."""
    seen: Counter[str] = Counter()
    ranks: list[int] = []
    for candidate in candidates:
        ranks.append(seen[candidate.source])
        seen[candidate.source] += 1
    return [candidate for _, candidate in sorted(zip(ranks, candidates, strict=True), key=lambda pair: pair[0])]
