"""Several fills of one text: each sees the ones before, and every span comes back in the original's terms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infill.cli.edits import FilledText, FillOptions, fill_nothing, fill_text
from infill.types import Filled, FillRequest, Hole, NoFill, Span
from model.types import CancelToken
from tests.infill.fake_filler import Answer, FakeFiller, filled


def run(text: str, offsets: list[int], answer: Answer) -> tuple[FilledText, FakeFiller]:
    filler = FakeFiller(answer)
    return fill_text(filler, text, offsets, FillOptions("python"), CancelToken()), filler


def around(text: str, answers: dict[str, tuple[int, int, str]]) -> Answer:
    """Answer by the character behind the offset: replace from so far before it to so far after it."""

    def answer(request: FillRequest) -> Filled:
        at = request.offset
        assert at is not None
        before, after, text = answers[request.text[at]]
        return filled(request, text, span=(at - before, at + after))

    return answer


def spans(result: FilledText) -> list[tuple[int, int] | str]:
    """Span of each outcome's best completion, or the reason there is none."""
    return [
        outcome.result.reason
        if isinstance(outcome.result, NoFill)
        else (outcome.result.completions[0].span.start, outcome.result.completions[0].span.end)
        for outcome in result.outcomes
    ]


def test_later_fills_see_earlier_ones_whatever_the_order_given():
    result, filler = run("a b c", [5, 1, 3], lambda request: filled(request, f"<{request.offset}>"))
    assert [request.text for request in filler.requests] == ["a b c", "a<1> b c", "a<1> b<6> c"]
    assert [request.offset for request in filler.requests] == [1, 6, 11]
    assert result.text == "a<1> b<6> c<11>"
    assert [outcome.offset for outcome in result.outcomes] == [5, 1, 3]
    assert spans(result) == [(5, 5), (1, 1), (3, 3)]
    holes = [outcome.result.hole for outcome in result.outcomes]
    assert [hole.span.start for hole in holes if hole] == [5, 1, 3]


def test_options_reach_the_filler():
    filler = FakeFiller(lambda request: filled(request, "x"))
    options = FillOptions("rust", seed=7, candidates=3, deadline_ms=40)
    fill_text(filler, "ab", [1], options, CancelToken())
    assert filler.requests == [FillRequest(text="ab", language="rust", offset=1, candidates=3, seed=7, deadline_ms=40)]


@given(st.text("ab\n", max_size=12), st.lists(st.text("xy\n", max_size=4), max_size=6), st.data())
def test_insertions_equal_one_splice_from_the_back(text: str, fills: list[str], data: st.DataObject):
    places = st.integers(0, len(text))
    offsets = data.draw(
        st.lists(places, unique=True, min_size=len(fills), max_size=len(fills))
        if len(fills) <= len(text) + 1
        else st.just([])
    )
    by_place = dict(zip(sorted(offsets), fills, strict=False))
    upcoming = iter(by_place.values())
    result, _ = run(text, offsets, lambda request: filled(request, next(upcoming)))
    expected = text
    for place in sorted(by_place, reverse=True):
        expected = expected[:place] + by_place[place] + expected[place:]
    assert result.text == expected
    assert spans(result) == [(place, place) for place in offsets]


def test_a_span_that_shrinks_or_grows_the_text_shifts_the_rest():
    text = "1passx2passx3"
    answer = around(text, {"1": (0, 5, ""), "2": (0, 5, "return 2"), "3": (0, 1, "end")})
    result, _ = run(text, [0, 6, 12], answer)
    assert result.text == "xreturn 2xend"
    assert spans(result) == [(0, 5), (6, 11), (12, 13)]


def test_a_position_inside_an_earlier_fill_is_superseded_and_not_asked():
    text = "1pass.2"
    result, filler = run(text, [0, 2, 6], around(text, {"1": (0, 5, "X"), "2": (0, 1, "Y")}))
    assert result.text == "X.Y"
    assert spans(result) == [(0, 5), "superseded", (6, 7)]
    assert len(filler.requests) == 2


def test_a_position_at_the_end_of_an_earlier_span_is_behind_its_text():
    text = "1pass2"
    result, _ = run(text, [0, 5], around(text, {"1": (0, 5, "longer"), "2": (0, 0, "<>")}))
    assert result.text == "longer<>2"
    assert spans(result) == [(0, 5), (5, 5)]


@pytest.mark.parametrize("reach", [1, 3])
def test_a_fill_that_would_undo_an_earlier_one_is_not_applied(reach: int):
    text = "1 2"
    result, _ = run(text, [0, 2], around(text, {"1": (0, 1, "one"), "2": (reach + 1, 1, "two")}))
    assert result.text == "one 2"
    assert spans(result) == [(0, 1), "superseded"]


def test_a_span_before_an_earlier_fill_lands_before_it():
    text = "a1b2"
    result, _ = run(text, [1, 3], around(text, {"1": (0, 1, "one"), "2": (5, 5 - 5, "A")}))
    # The second hole's span is [0, 5) of "aoneb2", which holds the first fill: refused.
    assert (result.text, spans(result)[1]) == ("aoneb2", "superseded")
    answers = {"1": (0, 1, "one")}

    def answer(request: FillRequest) -> Filled:
        if request.offset == 5:
            return filled(request, "A", span=(0, 1))
        return around(text, answers)(request)

    result, _ = run(text, [1, 3], answer)
    assert result.text == "Aoneb2"
    assert spans(result) == [(1, 2), (0, 1)]


def test_candidates_are_kept_in_order_and_only_the_best_is_applied():
    result, _ = run("ab", [1], lambda request: filled(request, "best", "second"))
    assert result.text == "abestb"
    outcome = result.outcomes[0].result
    assert isinstance(outcome, Filled)
    assert [completion.text for completion in outcome.completions] == ["best", "second"]


def test_text_is_spliced_as_it_is():
    result, _ = run("a\r\nb\r", [1], lambda request: filled(request, "x\r\n\ny"))
    assert result.text == "ax\r\n\ny\r\nb\r"


def test_no_fill_keeps_its_reason_and_its_hole_in_the_originals_terms():
    def answer(request: FillRequest) -> Filled | NoFill:
        assert request.offset is not None
        if request.offset == 0:
            return filled(request, "12345")
        hole = Hole(Span(request.offset, request.offset), "block", "", True)
        return NoFill("not_confident", "so so", hole)

    result, _ = run("a b", [0, 2], answer)
    assert result.text == "12345a b"
    assert result.outcomes[1].result == NoFill("not_confident", "so so", Hole(Span(2, 2), "block", "", True))


def test_a_place_given_twice_is_filled_once():
    heard: list[int] = []
    filler = FakeFiller(lambda request: filled(request, "x"))
    result = fill_text(
        filler,
        "ab",
        [1, 1],
        FillOptions("python"),
        CancelToken(),
        lambda outcome: heard.append(outcome.offset),
    )
    assert (result.text, spans(result), heard) == ("axb", [(1, 1), (1, 1)], [1])


def test_after_a_cancel_nothing_more_is_asked():
    cancel = CancelToken()

    def answer(request: FillRequest) -> Filled:
        cancel.cancel()
        return filled(request, "x")

    filler = FakeFiller(answer)
    result = fill_text(filler, "ab", [0, 1], FillOptions("python"), cancel)
    assert (result.text, spans(result)) == ("xab", [(0, 0), "cancelled"])
    assert len(filler.requests) == 1


def test_fill_nothing_leaves_the_text():
    result = fill_nothing("ab", [0, 2], NoFill("unknown_language"))
    assert (result.text, spans(result)) == ("ab", ["unknown_language", "unknown_language"])
