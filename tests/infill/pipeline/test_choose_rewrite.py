"""What is left of an answer whose parts are not all sure enough."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from infill.pipeline.choose_rewrite import Chooser, Denoised, Ranked
from infill.pipeline.job import Job
from infill.prompt.context import PromptContext
from infill.prompt.segments import Segment
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.timing import Timings
from infill.types import Hole, RewriteRequest, Span
from model.types import CancelToken, Score
from tests.infill.fake_engine import FakeEngine

PROMPT = PromptContext((), "", (), (), "\n")
UNSURE = 0.4  # the probability of each text that the engine is unsure of


class Unsure(FakeEngine):
    """Sure of every character but the first of each of these texts."""

    def __init__(self, *unsure: str) -> None:
        super().__init__()
        self._unsure = unsure

    def score(
        self, prompt_ids: Sequence[int], continuations: Sequence[Sequence[int]], cancel: CancelToken
    ) -> list[Score]:
        scores: list[Score] = []
        for row in continuations:
            text = self.tokenizer.decode(row)
            log_probs = [0.0] * len(row)
            for found in (text.find(unsure) for unsure in self._unsure):
                if found >= 0:
                    log_probs[found] = math.log(UNSURE)
            scores.append(Score(tuple(log_probs), (0.0,) * len(row)))
        return scores


def sure(engine: FakeEngine, code: str, free: Sequence[str], new: tuple[str, ...], empty: bool) -> Ranked | None:
    """What is sure at 0.5 of `new` in place of the texts `free`, which stand in `code` one after the other."""
    language = by_id("python")
    assert language is not None
    segments: list[Segment] = []
    at = 0
    for text in free:
        start = code.index(text, at)
        at = start + len(text)
        ids = tuple(engine.tokenizer.encode(text))
        segments.append(Segment(Span(start, at), ids, (len(ids),), empty))
    span = Span(0, len(code))
    request = RewriteRequest(code, "python", selection=span, strength=None if empty else 0.5)
    hole = Hole(span, "selection", "", multiline=True)
    job = Job(request, parse(language, code), hole, PROMPT, CancelToken(), Timings())
    denoised = Denoised((new,), 1, "converged")
    chooser = Chooser(engine, job, segments, denoised, [{} for _ in segments], lambda share: True)
    found, _ = chooser.ranked([whole for whole in chooser.wholes() if whole.texts == new])
    return chooser.sure(found[0], 0.5)


@pytest.mark.parametrize(
    ("unsure", "left"),
    [((), "a = f\nb = g\n"), (("g",), "a = f\nb = ...\n"), (("f",), "a = ...\nb = g\n"), (("f", "g"), None)],
)
def test_a_placeholder_stays_where_what_was_to_come_is_not_sure(unsure: tuple[str, ...], left: str | None) -> None:
    found = sure(Unsure(*unsure), "a = ...\nb = ...\n", ("...", "..."), ("f", "g"), empty=True)
    assert (found and found.whole.candidate.text) == left
    if found is not None:
        assert found.whole.n_left == len(unsure)


def test_what_is_left_parses_too() -> None:
    code, new = "a = (..., ...)\n", ("f(1", "2)")
    whole = sure(Unsure(), code, ("...", "..."), new, empty=True)
    assert whole is not None and whole.whole.candidate.text == "a = (f(1, 2))\n"
    assert sure(Unsure("2)"), code, ("...", "..."), new, empty=True) is None


def test_a_refinement_is_all_or_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infill.pipeline.choose_rewrite.MARGIN", 0.0)  # this is about confidences
    code, new = "a = old_width * old_height\n", ("w", "h")
    whole = sure(Unsure("old_"), code, ("old_width", "old_height"), new, empty=False)
    assert whole is not None and whole.whole.candidate.text == "a = w * h\n"
    assert sure(Unsure("old_", "old_height", "h"), code, ("old_width", "old_height"), new, empty=False) is None
