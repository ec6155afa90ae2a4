"""How the word at the cursor goes on, by where it stands elsewhere and by what the model thinks."""

from __future__ import annotations

import math
from typing import ClassVar

import pytest

from infill.prompt.context import PromptContext
from infill.retrieval.words import LEAST_MODEL, MODEL, SEEN, UNSEEN, log_prob_typed, weighed, words_begun
from infill.types import Span
from model.types import CancelToken, Score
from tests.infill.fake_engine import FakeEngine


def found(text: str, texts: tuple[str, ...] = (), known: tuple[str, ...] = ()) -> dict[str, float]:
    at = text.index("‸")
    return words_begun(text.replace("‸", ""), Span(at, at), texts, known)


def test_what_stands_elsewhere_and_what_is_known() -> None:
    words = found("range_of = 1\nrate = 2\nra‸\nrandom()", ("raw = 3",), ("range", "print"))
    assert set(words) == {"nge_of", "te", "ndom", "w", "nge", ""}
    assert sum(words.values()) == pytest.approx(1)
    assert words["w"] < words["te"], "another file says less"
    assert words["nge"] == words[""] == min(words.values()), "they are seen nowhere"


def test_an_attribute_is_no_keyword() -> None:
    assert set(found("os.path.ex‸", known=("except", "exec"))) == {""}


@pytest.mark.parametrize("text", ["", "‸", "x = ‸", "x.‸y", "x = (‸)", "x = 1\nx‸_1"])
def test_there_is_no_word(text: str) -> None:
    assert found(text or "‸", ("x = 1",), ("x",)) == {}


@pytest.mark.parametrize(
    "text,likeliest",
    [
        ("self.token\ntoken_ids\ntoken_ids\nself.to‸", "ken"),  # after the same tokens
        ("token_ids\ntoken_ids\nself.token\nx = to‸", "ken_ids"),  # after others: what is frequent
        ("return text\n  test()\n  test()\n  te‸", "st"),  # in its line it is the first
        ("tests\r\n  test()\r\n  test()\r\n  te‸", "st"),
        ("if test:\n  tests\n  tests\nif te‸\n", "st"),
        ("  te‸\n  test()\n  x = text\n  y = text + text", "st"),  # what follows is read too
        ("total, top, top = 1\nx = top‸", ""),  # the word is whole as it is
        ("total, top, topmost = 1\nx = top.y\nx = top‸", ""),
    ],
)
def test_the_likeliest_stands_after_the_same_tokens(text: str, likeliest: str) -> None:
    assert next(iter(found(text))) == likeliest


def test_a_long_line_of_letters_is_no_word() -> None:
    data = "a" * 1_000_000
    assert found(data + "‸") == {}
    assert set(found(f"{data} = 1\nabc = 2\nx = a‸")) == {"bc", ""}


def test_the_order_does_not_depend_on_that_of_sets() -> None:
    known = tuple(f"pa{letter}" for letter in "zyxwvut")
    assert list(found("pa‸", known=known)) == ["", *(word[2:] for word in sorted(known))]


class WordEngine(FakeEngine):
    """Tokens are words, the longest that fit; each is always as probable as is said here."""

    PROBABILITIES: ClassVar = {"return": 0.04, "retry": 1e-9, "re": 0.005, "x": 0.1}

    def __init__(self) -> None:
        super().__init__()
        self.tokenizer.encode = self._encode  # type: ignore[method-assign]
        self.tokenizer.decode = lambda ids: "".join([*self.PROBABILITIES][i] for i in ids)  # type: ignore[method-assign]

    def _encode(self, text: str) -> list[int]:
        ids: list[int] = []
        while text:
            word = max((w for w in self.PROBABILITIES if text.startswith(w)), key=len)
            ids.append([*self.PROBABILITIES].index(word))
            text = text[len(word) :]
        return ids

    def score(self, prompt_ids, continuations, cancel):
        logs = [math.log(p) for p in self.PROBABILITIES.values()]
        return [Score(tuple(logs[i] for i in c), (0.0,) * len(c)) for c in continuations]


AROUND = PromptContext((), "re", (), (), "\n")


def test_letters_typed_are_the_beginning_of_every_word_with_them() -> None:
    rows, logs = [[0], [2], [2, 3]], [[math.log(0.04)], [math.log(0.005)], [math.log(0.005), math.log(0.1)]]
    typed = log_prob_typed(WordEngine().tokenizer, "re", rows, logs)
    assert typed == pytest.approx(math.log(0.04 + 0.005)), "each way to begin counts once"


def test_the_model_is_weighed_against_where_a_word_stands() -> None:
    words = weighed(WordEngine(), AROUND, {"turn": 0.3, "try": 0.6, "": 0.1}, ["x = 1", "turn x"], CancelToken())
    typed = math.log(0.04 + 1e-9 + 0.005)
    own = {"turn": math.log(0.04), "try": math.log(1e-9), "": math.log(0.005), "x": math.log(0.005 * 0.1)}
    assert {w.text: w.log_prob for w in words} == pytest.approx(own)
    seen = {"turn": 0.3, "try": 0.6, "": 0.1, "x": 0.1}
    weights = {w: math.exp(MODEL * max(own[w] - typed, LEAST_MODEL) + SEEN * math.log(seen[w])) for w in own}
    weights["x"] *= math.exp(UNSEEN)
    expected = {w: weight / sum(weights.values()) for w, weight in weights.items()}
    assert {w.text: w.probability for w in words} == pytest.approx(expected)
    assert [w.text for w in words] == sorted(expected, key=lambda w: -expected[w])


def test_without_a_word_or_scores_there_is_nothing_to_weigh(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = WordEngine()
    assert weighed(engine, AROUND, {}, ["x"], CancelToken()) == []
    monkeypatch.setattr(engine, "score", lambda prompt_ids, rows, cancel: [Score((), ()) for _ in rows])
    assert weighed(engine, AROUND, {"x": 1.0}, [], CancelToken()) == [], "cancelled"
