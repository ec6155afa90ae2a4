"""How probable texts are by what a server answered: the judge's numbers without a causal pass.

A server reads no text that it did not write. What its answers say in a hole is as probable as their tokens were; where
it does not tell log-probabilities, as the share of answers that another one confirms. Of a text that no answer has,
the beginning that one has counts as answered, and every character after it as likely as not.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import msgspec

from model.http.align import bare
from model.http.prompt import Asked
from model.types import Score

UNKNOWN = math.log(0.5)  # of a character that no answer has
UNCONFIRMED = math.log(0.001)  # of an answer that stands alone, without log-probabilities: it may be anything


class Written(msgspec.Struct, frozen=True):
    """What one answer has in each hole, and there for each character what its tokens lost (nats), if that is known."""

    texts: tuple[str, ...]
    surprisals: tuple[tuple[float, ...], ...] | None


class AnswerScores:
    """What the answers to one question make of texts for its holes."""

    def __init__(self, prompt_ids: Sequence[int], question: Asked, answers: Sequence[Written]) -> None:
        self.prompt_ids = tuple(prompt_ids)
        self._question, self._answers = question, answers
        self._counts = [Counter(bare(a.texts[n]) for a in answers) for n in range(len(question.present))]

    def score(self, row: str) -> Score:
        """The log-probability of each hole's text, on its first character, and 0 for every other one of the row."""
        log_probs = [0.0] * len(row)
        for n, (start, end) in enumerate(self._holes(row)):
            if start < end:
                log_probs[start] = self._log_prob(n, row[start:end])
        return Score(tuple(log_probs), (0.0,) * len(row))

    def _holes(self, row: str) -> list[tuple[int, int]]:
        """Where the holes are in a row that holds the fixed text, or the beginning of it behind the last hole."""
        first, *between, last = self._question.fixed
        at = len(first) if row.startswith(first) else 0
        end = len(row)
        n = next((n for n in range(min(len(last), end - at), 0, -1) if row.endswith(last[:n])), 0)
        end -= n or row.endswith("\n")
        found: list[tuple[int, int]] = []
        for fixed in between:
            here = row.find(fixed, at, end)
            if here < 0:
                break
            found.append((at, here))
            at = here + len(fixed)
        return [*found, (at, end)]

    def _log_prob(self, n: int, text: str) -> float:
        """Of a text in hole `n`: the best that any answer makes of it."""
        wanted = bare(text)
        best = UNCONFIRMED + len(wanted) * UNKNOWN
        for answer in self._answers:
            said = bare(answer.texts[n])
            shared = next((i for i, (a, b) in enumerate(zip(wanted, said, strict=False)) if a != b), None)
            n_shared = min(len(wanted), len(said)) if shared is None else shared
            if n_shared:
                own = self._answered(n, answer, n_shared)
                best = max(best, own + (len(wanted) - n_shared) * UNKNOWN)
        return best

    def _answered(self, n: int, answer: Written, n_chars: int) -> float:
        """Of the first characters, blanks not counted, that an answer has in a hole."""
        if answer.surprisals is None:
            n_equal = self._counts[n][bare(answer.texts[n])]
            return math.log((n_equal - 1) / len(self._answers)) if n_equal > 1 else UNCONFIRMED
        total, left = 0.0, n_chars
        for char, lost in zip(answer.texts[n], answer.surprisals[n], strict=True):
            if not left:
                break
            total -= lost
            left -= not char.isspace()
        return total
