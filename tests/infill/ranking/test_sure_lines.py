"""Of several lines, unasked, only those that are sure together."""

from __future__ import annotations

import math

import pytest

from infill.candidates.sources import Candidate
from infill.ranking.reranker import ScoredCandidate
from infill.ranking.sure_lines import sure_lines

TOKENS = ("if", " a:", "\n    ", "b()", "\n", "c()")


def scored(*probabilities: float, text: str = "if a:\n    b()\nc()", typed: str = "") -> ScoredCandidate:
    log_probs = tuple(math.log(p) for p in probabilities)
    texts = (typed + TOKENS[0], *TOKENS[1:])
    candidate = Candidate(text, (), (), 1, "converged", "left_to_right")
    n = len(log_probs)
    return ScoredCandidate(candidate, -9.0, math.exp(sum(log_probs)), tuple(range(n)), log_probs, texts, (0.0,) * n)


@pytest.mark.parametrize(
    ("probabilities", "shown"),
    [
        ((1, 1, 1, 1, 1, 1), ["if a:\n    b()\nc()", "if a:\n    b()", "if a:"]),
        ((1, 1, 1, 1, 1, 0.2), ["if a:\n    b()", "if a:"]),
        ((1, 1, 1, 1, 0.2, 1), ["if a:"]),  # whether the line ends there is not sure
        ((0.9, 0.9, 0.9, 0.2, 1, 1), ["if a:"]),
        ((1, 0.2, 1, 1, 1, 1), ["if a:"]),  # none is sure: the least that can be said, to be judged as it is
    ],
)
def test_lines_are_kept_as_far_as_they_are_sure(probabilities: tuple[float, ...], shown: list[str]) -> None:
    found = sure_lines(scored(*probabilities), 0.5)
    assert [one.candidate.text for one in found] == shown


def test_a_cut_has_the_probability_of_its_tokens_and_of_the_line_break() -> None:
    first = sure_lines(scored(0.9, 0.8, 0.9, 0.1, 0.1, 0.1), 0.5)[-1]
    assert first.confidence == pytest.approx(0.9 * 0.8 * 0.9) and first.token_texts == ("if", " a:")


def test_letters_that_were_typed_count_for_nothing() -> None:
    found = sure_lines(scored(1, 1, 1, 1, 0.2, 1, typed="el"), 0.5)
    assert [one.candidate.text for one in found] == ["if a:"]
    assert found[0].token_texts == ("elif", " a:")


def test_line_breaks_stay_as_the_document_has_them() -> None:
    found = sure_lines(scored(1, 1, 1, 1, 1, 0.2, text="if a:\r\n    b()\r\nc()"), 0.5)
    assert [one.candidate.text for one in found] == ["if a:\r\n    b()", "if a:"]


def test_a_longer_one_never_ranks_above_a_shorter() -> None:
    found = sure_lines(scored(0.99, 0.99, 0.99, 0.99, 0.99, 0.99), 0.5)
    assert [one.log_prob for one in found] == sorted(one.log_prob for one in found)
