"""How many candidates are judged when time is short, and which."""

from __future__ import annotations

import math

import pytest

from infill.candidates.sources import Candidate
from infill.prompt.context import PromptContext
from infill.prompt.segments import new_spans
from infill.ranking.reranker import (
    LEAST_RETRIEVED,
    MODEL_AGAIN,
    RETRIEVED_AGAIN,
    Evidence,
    TimedReranker,
    confidence_in,
    rerank,
)
from infill.retrieval.words import Word
from infill.types import Part, Source, Span
from model.types import CancelToken
from tests.infill.fake_engine import FakeEngine

AROUND = PromptContext((), "", (), (), "\n")


def candidate(text: str, source: Source) -> Candidate:
    return Candidate(text, (), (), 0, "converged", source)


FOUND = [
    *(candidate(text, "diffusion") for text in ("d1", "d2", "d3")),
    *(candidate(text, "left_to_right") for text in ("l1", "l2")),
    candidate("n1", "nearby"),
]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr("infill.ranking.reranker.time.perf_counter", lambda: now[0])
    return now


def slow_engine(clock: list[float]) -> FakeEngine:
    """Takes 10 ms for each candidate."""
    engine = FakeEngine()
    real = engine.score

    def score(prompt_ids, rows, cancel):
        clock[0] += 0.010 * len(rows)
        return real(prompt_ids, rows, cancel)

    engine.score = score  # type: ignore[method-assign]
    return engine


def test_what_cannot_be_read_in_time_is_not_begun(clock: list[float]) -> None:
    judge = TimedReranker(slow_engine(clock))
    assert len(judge(AROUND, FOUND, CancelToken(), left_ms=1)) == 6, "nothing is known of the time yet"
    for left_ms, expected in [(61, 6), (45, 4), (35, 3), (5, 0), (-5, 0), (None, 6)]:
        started = clock[0]
        judged = judge(AROUND, FOUND, CancelToken(), left_ms=left_ms)
        assert len(judged) == expected
        assert left_ms is None or clock[0] - started <= max(left_ms, 0) / 1000
    assert len(judge(AROUND, FOUND, CancelToken(), left_ms=-5, least=1)) == 1


def test_every_source_has_its_turn_when_time_is_short(clock: list[float]) -> None:
    judge = TimedReranker(slow_engine(clock))
    judge(AROUND, FOUND, CancelToken())
    judged = judge(AROUND, FOUND, CancelToken(), left_ms=45)
    assert {j.candidate.text for j in judged} == {"d1", "l1", "n1", "d2"}


@pytest.mark.parametrize(("suffix", "n_told"), [("\n", 2), ("\n\n", 3), ("\n)", 1), ("", 2)])
def test_evidence_speaks_for_the_lines_end_where_nothing_is_below(suffix: str, n_told: int) -> None:
    """A token for each character, each of them with the same probability."""
    around = PromptContext((), "", (), (), suffix)
    engine, asked = FakeEngine(log_probs={"a": -5}), [candidate("a", "nearby")]
    (judged,) = rerank(engine, around, asked, CancelToken(), Evidence({"a": 0.5}))
    own = math.exp(-5 * n_told)
    n_all = 1 + len(suffix or "\n")
    either = math.log(own + 0.5 * (1 - own)) - 5 * (n_all - n_told)
    again = RETRIEVED_AGAIN * math.log(LEAST_RETRIEVED + 0.5) - MODEL_AGAIN * 5 * n_all
    assert judged.log_prob == pytest.approx(either + again)
    assert judged.confidence == pytest.approx(math.exp(-5) + 0.5 * (1 - math.exp(-5)))


def test_of_texts_that_are_said_the_model_prefers_one() -> None:
    """`b` is said a little oftener; for the model `a` is far likelier, though neither is likely."""
    engine = FakeEngine(log_probs={"a": -8.0, "b": -20.0})
    asked = [candidate(text, "nearby") for text in ("a", "b")]
    found = rerank(engine, PromptContext((), "", (), (), "\n"), asked, CancelToken(), Evidence({"a": 0.3, "b": 0.35}))
    assert [j.candidate.text for j in found] == ["a", "b"]


def test_a_word_is_as_probable_as_it_was_weighed() -> None:
    """A token for each character; the model alone gives each text the same probability."""
    engine = FakeEngine(log_probs={"re": -2.0, "ret": -2.0, "ref": -2.0, "re(": -2.0, "rex": -2.0})
    around = PromptContext((), "re", (), (), "\n")
    words = [Word("t", -6.0, 0.5), Word("", -4.0, 0.3), Word("f", -6.0, 0.1)]
    asked = [candidate(text, "diffusion") for text in ("f", "(", "t", "x")]
    judged = {j.candidate.text: j for j in rerank(engine, around, asked, CancelToken(), Evidence(words=words))}
    expected = {"t": 0.5, "(": 0.3 * math.exp(-2), "f": 0.1, "x": 0.1}
    assert {text: j.confidence for text, j in judged.items()} == pytest.approx(expected)
    by_line = {text: j.log_prob for text, j in judged.items()}
    assert by_line == pytest.approx({text: math.log(p) - 2 for text, p in expected.items()}), "the line ends"


def test_evidence_of_what_follows_a_word_is_worth_as_much_as_the_word() -> None:
    engine = FakeEngine(log_probs={"re(": -2.0, "ret": -2.0})
    around = PromptContext((), "re", (), (), "\n")
    words = [Word("t", -6.0, 0.5), Word("", -4.0, 0.3)]
    asked = [candidate(text, "nearby") for text in ("(", "t")]
    said = {"(": 0.6, "t": 0.6}
    judged = {j.candidate.text: j for j in rerank(engine, around, asked, CancelToken(), Evidence(said, words))}
    own = math.exp(-2)
    assert judged["("].confidence == pytest.approx(0.3 * (own + 0.6 * (1 - own)))
    assert judged["t"].confidence == pytest.approx(0.5 + 0.6 * 0.5)


@pytest.mark.parametrize(("spans", "n_tokens"), [([(4, 6)], 3), ([(0, 1), (4, 5)], 3), ([(6, 6)], 1), ([], 0)])
def test_what_is_new_is_as_probable_as_its_own_tokens(spans: list[tuple[int, int]], n_tokens: int) -> None:
    """A token for each character, each of them with the same probability; the blank before counts too."""
    engine = FakeEngine(log_probs={"x = 12 + y": -0.5})
    around = PromptContext((), "", (), (), "\n")
    (judged,) = rerank(engine, around, [candidate("x = 12 + y", "diffusion")], CancelToken())
    got = confidence_in(judged, [Span(*span) for span in spans], engine.tokenizer)
    assert got == pytest.approx(math.exp(-0.5 * n_tokens))
    assert judged.confidence == pytest.approx(math.exp(-0.5 * 10))


def test_what_is_new_is_where_the_parts_are_in_the_new_text() -> None:
    text = "a\r\nb\r\nc = d\r\ne"
    parts = (Part(Span(3, 4), "long\r\ner"), Part(Span(10, 11), ""))
    new = "long\ner\nc = \n"
    spans = new_spans(text, Span(3, 13), parts)
    assert [new[span.start : span.end] for span in spans] == ["long\ner", ""] and spans[1].start == 12
