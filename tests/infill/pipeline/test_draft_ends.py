"""The end of a draft: where what follows the hole is likelier than what was written on."""

from __future__ import annotations

import threading

import pytest

from infill.pipeline.draft_ends import COMPARED, ended, likeliest_end
from infill.pipeline.filler import ModelFiller
from infill.prompt.context import PromptContext
from infill.types import Filled, FillRequest, Hole, NoFill, Span, Trigger
from model.types import CancelToken
from tests.infill.fake_engine import FakeEngine

PROMPT = PromptContext((1,), "", (), (), "")
BODY = Hole(Span(0, 0), "block", "", multiline=True)
DRAFT = "for j in b:\n    if a[j]:\n        n += 1"
AFTER = "\n    for k in c:\n        n += k\n"


def end(log_probs: dict[str, float], following: str = AFTER, hole: Hole = BODY, draft: str = DRAFT) -> str:
    return ended(FakeEngine(log_probs=log_probs), PROMPT, hole, draft, following, CancelToken()).text


def test_the_draft_ends_where_what_follows_is_likelier() -> None:
    assert end({"for j in b:\n    for": -0.1, "if a[j]": -0.5}) == "for j in b:"


def test_it_goes_on_where_what_was_written_is_likelier() -> None:
    assert end({"if a[j]:\n        n": -0.1}) == DRAFT


def test_a_hole_with_nothing_below_takes_all_of_it_without_asking() -> None:
    engine = FakeEngine()
    assert ended(engine, PROMPT, BODY, DRAFT, "\n", CancelToken()).text == DRAFT
    assert not engine.judged


def test_no_more_is_read_than_is_compared() -> None:
    engine = FakeEngine()
    ended(engine, PROMPT, BODY, DRAFT, AFTER * 20, CancelToken())
    assert max(map(len, engine.judged[1:])) <= len(DRAFT) + COMPARED


HEADERS = ["if a:", "if a:\n    b()\nelif c:"]


@pytest.mark.parametrize(
    ("log_probs", "draft", "chosen"),
    [
        ({"if a:\n    b()\nelif c:\n    x": -0.1}, "if a:\n    b()\nelif c:\n    d()\n", 1),
        ({"if a:\n    x": -0.1}, "if a:\n    b()\nelif c:\n    d()\n", 0),
        ({}, "if a:\n    b()\nelif c:\n    x()\n", 1),  # the draft goes on with what follows by itself
    ],
)
def test_of_several_headers_the_likeliest_is_the_end(log_probs: dict[str, float], draft: str, chosen: int) -> None:
    engine = FakeEngine(log_probs=log_probs)
    assert likeliest_end(engine, PROMPT, HEADERS, draft, "\n    x()\n", CancelToken()) == HEADERS[chosen]


def test_in_the_middle_of_a_line_the_rest_of_it_decides() -> None:
    middle = Hole(Span(0, 0), "token", "", multiline=False)
    assert end({"a, b)": -0.1}, ") + 1\n", middle, "a, b, c, d") == "a, b"


def test_a_causal_model_drafts_and_does_not_denoise() -> None:
    engine = FakeEngine(("never",), "a + b\n", denoises=False, is_causal=True, suffix_from_hole=True)
    text = "def add(a, b):\n    return \n"
    answer = ModelFiller(engine, "fake").fill(FillRequest(text, "python", offset=len(text) - 1), CancelToken())
    assert isinstance(answer, Filled) and answer.completions[0].text == "a + b"
    assert not engine.canvases and answer.completions[0].source == "left_to_right"


def test_a_body_may_begin_at_the_indentation_that_the_draft_has() -> None:
    """The line below is deeper than a line of the body would be: it belongs to a header that is missing."""
    engine = FakeEngine(
        (), "    for j in b:", {"    for j in b:": -0.1}, denoises=False, is_causal=True, suffix_from_hole=True
    )
    text = "for i in a:\n\n        print(i)\n"
    answer = ModelFiller(engine, "fake").fill(FillRequest(text, "python", offset=len("for i in a:\n")), CancelToken())
    assert isinstance(answer, Filled) and answer.completions[0].text == "    for j in b:"


class SlowEngine(FakeEngine):
    """Its draft ends with its time."""

    def draft(self, prompt_ids, max_tokens, cancel, starts_with="", stop=None, never=()) -> list[int]:
        ended = threading.Event()
        cancel.on_cancel(ended.set)
        assert ended.wait(30)
        return super().draft(prompt_ids, max_tokens, cancel, starts_with, stop, never)


@pytest.mark.parametrize(("trigger", "draft", "reason"), [("automatic", "a +", "deadline"), ("manual", "", "deadline")])
def test_an_unfinished_line_is_not_shown_unasked_and_nothing_else_is_read(
    trigger: Trigger, draft: str, reason: str
) -> None:
    engine = SlowEngine((), draft, denoises=False, is_causal=True, suffix_from_hole=True)
    text = "def add(a, b):\n    return \n"
    request = FillRequest(text, "python", offset=len(text) - 1, trigger=trigger, deadline_ms=20)
    answer = ModelFiller(engine, "fake").fill(request, CancelToken())
    assert isinstance(answer, NoFill) and answer.reason == reason
    assert not engine.judged
