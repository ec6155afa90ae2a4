"""Doubts: what is unlikely and would be written otherwise, in any text, with offsets of the text as it is."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from infill.pipeline.doubts import MAX_CHARS, find_doubts
from infill.pipeline.filler import ModelFiller
from infill.types import Doubt, Doubts, FillRequest, NoFill, Span
from model.types import CancelToken, Fill, Score
from tests.infill.fake_engine import FakeEngine


class Doubtful(FakeEngine):
    """Disbelieves every `?`, and would have put `suggestion` there, with so many nats of doubt of its own."""

    def __init__(self, suggestion: str = "!", entropy: float = 0.1) -> None:
        super().__init__()
        self._suggestion, self._entropy = suggestion, entropy
        self.n_read = 0

    def score(self, prompt_ids, continuations: Sequence[Sequence[int]], cancel) -> list[Score]:
        self.n_read += sum(map(len, continuations))
        rows = [[-12.0 if i == ord("?") + 10 else -0.1 for i in c] for c in continuations]
        return [Score(tuple(row), (0.1,) * len(row)) for row in rows]

    def denoise(self, prompt_ids, canvases, budget, cancel, seed, on_draft=None) -> list[Fill]:
        ids = [self.tokenizer.encode(self._suggestion * sum(c.hole_mask)) for c in canvases]
        return [Fill(tuple(i), (self._entropy,) * len(i), 2, "converged") for i in ids]


def doubts(text: str, engine: FakeEngine | None = None, selection: Span | None = None) -> tuple[Doubt, ...]:
    found = find_doubts(engine or Doubtful(), text, selection or Span(0, len(text)), 0, CancelToken())
    assert isinstance(found, Doubts)
    return found.doubts


def test_a_doubt_has_its_place_probability_and_what_the_model_would_put() -> None:
    (one, two) = doubts("a = ?\r\nb😋 = ??\r\n")
    assert one == Doubt(Span(4, 5), 6e-06, "!")
    assert (two.span, two.suggestion) == (Span(12, 14), "!!")  # neighbours are one


@pytest.mark.parametrize("engine", [Doubtful("?"), Doubtful(entropy=2.0), Doubtful(" ")])
def test_no_doubt_where_the_model_would_put_the_same_or_is_not_sure_or_has_nothing(engine: Doubtful) -> None:
    assert doubts("a = ?\n", engine) == ()


def test_only_the_selection_is_read() -> None:
    assert [d.span for d in doubts("?\n?\n?\n", selection=Span(2, 4))] == [Span(2, 3)]


def test_a_long_text_is_read_in_pieces_up_to_a_limit() -> None:
    text = "x = ?\n" * 4000
    engine = Doubtful()
    found = doubts(text, engine)
    assert [d.span.start for d in found] == list(range(4, MAX_CHARS, 6))
    assert engine.n_read < MAX_CHARS * 1.2
    assert [d.span.start for d in doubts("?" + "y" * 3000 + "?")] == [0, 3001]


def test_a_cancel_ends_it() -> None:
    token = CancelToken()
    token.cancel()
    answer = find_doubts(Doubtful(), "?", Span(0, 1), 0, token)
    assert isinstance(answer, NoFill) and answer.reason == "cancelled"


def test_a_language_that_the_model_does_not_know_is_a_reason() -> None:
    filler = ModelFiller(Doubtful(), "fake")
    answer = filler.doubts(FillRequest(text="?", language="rust"), CancelToken())
    assert isinstance(answer, NoFill) and answer.reason == "untrained_language"
    answer = filler.doubts(FillRequest(text="x = ?", language="python"), CancelToken())
    assert isinstance(answer, Doubts) and len(answer.doubts) == 1
