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

from infill.candidates.sources import Candidate
from infill.prompt.context import PromptContext, lf
from infill.retrieval.words import LEAST, Word, first_word
from infill.syntax.indentation import BLANK
from infill.types import Span
from model.types import CancelToken, Engine, Tokenizer

# Where the model and the code base both speak for a text, it is likelier than by the surer of them: how much each of
# them counts once more, and what nothing said is worth. Words have that weighed in. Fitted; see model/train/LOG.md.
MODEL_AGAIN, SAID_AGAIN, LEAST_SAID = 0.1, 0.6, 0.03


class Judged(msgspec.Struct, frozen=True):
    """A candidate with its total log-probability (suffix included) and its own probability (0..1), evidence included.

    Where there is evidence for any of them, the log-probabilities only rank them.

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
    around: PromptContext,
    candidates: Sequence[Candidate],
    cancel: CancelToken,
    evidence: Mapping[str, float] | None = None,
    words: Sequence[Word] = (),
) -> list[Judged]:
    """Candidates, most probable first; empty when cancelled.

    `evidence` is how probable texts are by what the code base says elsewhere: either the model or that is right.
    `words` are the ways to go on with the word before the hole, and how probable they are whatever the model thinks.
    """
    if not candidates:
        return []
    encode, suffix = engine.tokenizer.encode, around.scored_suffix or "\n"
    texts = [around.tail + lf(c.text) for c in candidates]
    rows, tail_ids = [encode(text + suffix) for text in texts], encode(around.tail)
    scores = engine.score(around.prompt_ids, rows, cancel)
    if any(not score.log_probs for score in scores):
        return []
    by_text = {word.text: word for word in words}
    judged: list[Judged] = []
    for candidate, text, row, score in zip(candidates, texts, rows, scores, strict=True):
        n_own = min(len(encode(text)), len(row))
        # What is typed already is certain, unless the fill goes on in its last token.
        own = slice(len(tail_ids) if row[: len(tail_ids)] == tail_ids else 0, n_own)
        word = by_text.get(first_word(candidate.text), words[-1]) if words else None
        whole, typed = (1.0, sum(score.log_probs[: own.start])) if word is None else _begun(word)
        found = (evidence or {}).get(candidate.text, 0.0)
        confidence = whole * _raised(sum(score.log_probs[:n_own]) - typed, found)
        n_told = n_own if suffix.strip() else len(row)  # what stands below says more of where the line ends
        told = sum(score.log_probs[:n_told]) - typed
        total = sum(score.log_probs)
        gain = math.log(_raised(told, found)) - told if found else 0.0
        gain += MODEL_AGAIN * total + SAID_AGAIN * math.log(LEAST_SAID + found) if evidence and not words else 0.0
        judged.append(
            Judged(
                candidate=candidate,
                log_prob=total - (typed if words else 0.0) + gain + math.log(max(whole, LEAST)),
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


def _begun(word: Word) -> tuple[float, float]:
    """The probability (0..1) that a word is whole, for a candidate that takes it as that, and what to deduct from it.

    What the code base says of such a candidate, it says of a whole word; of others, of the letters.
    """
    log_probability = math.log(max(word.probability, LEAST))
    return (1.0, word.log_prob - log_probability) if word.text else (word.probability, word.log_prob)


def _raised(log_prob: float, evidence: float) -> float:
    """The probability with what speaks for it besides: either is enough."""
    probability = min(math.exp(log_prob), 1.0)
    return probability + evidence * (1 - probability)


class TimedReranker:
    """`judge`, of as many candidates as the time allows, by what reading took the last time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._ms_per_char = 0.0

    def __call__(
        self,
        around: PromptContext,
        candidates: Sequence[Candidate],
        cancel: CancelToken,
        left_ms: float | None,
        least: int = 0,
        evidence: Mapping[str, float] | None = None,
        words: Sequence[Word] = (),
    ) -> list[Judged]:
        """Candidates, most probable first: those that can be read in `left_ms`, and `least` in any case."""
        n_around = len(around.tail) + len(around.scored_suffix)
        if left_ms is not None:
            candidates = in_turn(candidates)
            ends = accumulate(len(c.text) + n_around for c in candidates)
            n_fit = sum(end * self._ms_per_char < left_ms for end in ends)
            candidates = candidates[: max(n_fit, least)]
        started = time.perf_counter()
        judged = judge(self._engine, around, candidates, cancel, evidence, words)
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
