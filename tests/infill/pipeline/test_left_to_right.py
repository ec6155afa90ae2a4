"""What stands in the hole of a causal model's draft: asked, all of it; unasked, what is sure, in whole lines."""

from __future__ import annotations

import threading

import pytest

from infill.pipeline.filler import ModelFiller
from infill.types import Filled, FillRequest, NoFill, Trigger
from model.types import CancelToken, Score
from tests.infill.fake_engine import FakeEngine

BODY = "def total(items):\n    \n"
LINE = "def add(a, b):\n    return \n"
CAUSAL = {"least_line": 0.0, "draft_tokens": (40, 64), "denoises": False, "is_causal": True, "suffix_from_hole": True}


def answer(engine: FakeEngine, text: str, trigger: Trigger, deadline_ms: float | None = None) -> Filled | NoFill:
    request = FillRequest(text, "python", offset=len(text) - 1, trigger=trigger, deadline_ms=deadline_ms)
    return ModelFiller(engine, "fake").fill(request, CancelToken())


def text_of(result: Filled | NoFill) -> str:
    assert isinstance(result, Filled), result
    return result.completions[0].text


class Ticking(FakeEngine):
    """Writes a character a call of `stop`, as sure as `sure`, and waits for the end of its time after `in_time`."""

    sure, in_time = -0.0001, 1000
    n_written = 0

    def draft(self, prompt_ids, max_tokens, cancel, starts_with="", stop=None, never=()) -> list[int]:
        ids: list[int] = []
        for n, char in enumerate(starts_with + self._draft_text):
            self.n_written = n + 1
            if n == self.in_time:
                ended = threading.Event()
                cancel.on_cancel(ended.set)
                assert ended.wait(30)
                return ids
            ids += self.tokenizer.encode(char)
            if len(ids) >= max_tokens or stop is None or stop(self.tokenizer.decode(ids), self.sure * n):
                return ids
        return ids


def test_unasked_a_body_is_cut_to_the_lines_that_its_time_was_enough_for() -> None:
    engine = Ticking((), "n = 0\n    for item in items:", {"n = 0": -0.001}, **CAUSAL)
    engine.in_time = 14
    assert text_of(answer(engine, BODY, "automatic", 300)) == "n = 0"


def test_unasked_nothing_is_said_where_not_one_line_was_done_in_time() -> None:
    engine = Ticking((), "n = compute(items)", **CAUSAL)
    engine.in_time = 10
    result = answer(engine, BODY, "automatic", 300)
    assert isinstance(result, NoFill) and result.reason == "deadline" and not engine.judged


def test_a_body_that_takes_more_tokens_than_allowed_ends_with_a_whole_line() -> None:
    engine = Ticking((), "n = 0\n    m = n + 1", {"n = 0": -0.1}, **CAUSAL | {"draft_tokens": (16, 20)})
    assert text_of(answer(engine, BODY, "manual")) == "n = 0"


@pytest.mark.parametrize("text", [LINE, BODY])
def test_unasked_a_draft_that_is_too_unsure_is_given_up_at_once(text: str) -> None:
    engine = Ticking((), "some_long_call(a, b, c)\n", **CAUSAL)
    engine.sure = -0.5
    result = answer(engine, text, "automatic")
    assert isinstance(result, NoFill) and result.reason == "not_confident" and not engine.judged


def test_asked_for_an_unsure_draft_is_finished() -> None:
    engine = Ticking((), "some_long_call(a, b, c)\n", **CAUSAL)
    engine.sure = -0.5
    assert text_of(answer(engine, LINE, "manual")) == "some_long_call(a, b, c)"


def test_unasked_only_the_lines_of_a_body_that_are_sure_are_shown() -> None:
    engine = Sure((), "n = 0\n    n += guess()", **CAUSAL)
    assert text_of(answer(engine, BODY, "automatic")) == "n = 0"
    assert text_of(answer(engine, BODY, "manual")) == "n = 0\n    n += guess()"


class Sure(Ticking):
    """Sure of the first twelve characters only."""

    def score(self, prompt_ids, continuations, cancel):
        scores = super().score(prompt_ids, continuations, cancel)
        return [
            type(s)(tuple(-0.001 if i < 12 else -3.0 for i in range(len(s.log_probs))), s.entropies) for s in scores
        ]


def test_a_model_that_shows_whatever_it_writes_gives_no_draft_up() -> None:
    engine = FakeEngine((), "a + b\n", log_probs={"a + b": -0.1}, show_threshold=0.0, **CAUSAL)
    assert text_of(answer(engine, LINE, "automatic")) == "a + b"


@pytest.mark.parametrize(("language", "shown"), [("python", False), ("go", True)])
def test_a_language_may_have_a_threshold_of_its_own(language: str, shown: bool) -> None:
    engine = FakeEngine(
        (), "add(a, b)", languages=("python", "go"), language_thresholds={"go": 0.3}, takes_evidence=False, **CAUSAL
    )
    engine.score = lambda prompt, rows, cancel: [Score((-0.08,) * len(r), (0.1,) * len(r)) for r in rows]
    request = FillRequest("x = \n", language, offset=4, trigger="automatic")
    assert isinstance(ModelFiller(engine, "fake").fill(request, CancelToken()), Filled) == shown


@pytest.mark.parametrize(("trigger", "shown"), [("automatic", None), ("manual", "add(a, b)")])
def test_unasked_no_line_is_shown_that_was_cut_until_it_parsed(trigger: Trigger, shown: str | None) -> None:
    engine = FakeEngine((), "add(a, b) :", {"add(a, b) :": -0.01, "add(a, b)": -0.01}, **CAUSAL)
    result = answer(engine, "def f(a, b):\n    x = \n", trigger)
    assert (result.completions[0].text if isinstance(result, Filled) else None) == shown


SPAN = "def load(path):\n    with open(‸(handle)\n"


def across(draft: str, marked: str = SPAN, trigger: Trigger = "manual", sure: str = "") -> Filled | NoFill:
    engine = Ticking((), draft, {sure: -0.001}, **CAUSAL | {"reads_texts": True})
    text = marked.replace("‸", "")
    return ModelFiller(engine, "fake").fill(
        FillRequest(text, "python", offset=marked.index("‸"), trigger=trigger), CancelToken()
    )


def test_asked_inside_a_line_a_draft_goes_over_lines_to_the_rest_of_the_line() -> None:
    written = "path) as handle:\n        return json.load"
    told = across(f"{written}(handle)\n\n\ndef other():\n", sure=written)
    assert text_of(told) == written


def test_it_keeps_the_blanks_before_the_rest_of_the_line() -> None:
    marked = "def load(path):\n    check(pa‸return read(path)\n"
    told = across("th)\n    return read(path)\n", marked, sure="path)\n    retu")
    assert text_of(told) == "th)\n    "


def test_inside_a_word_of_the_rest_it_is_told_by_the_end_of_the_line() -> None:
    marked = "class A:\n    def __init__(self, transport):\n        self.name = na‸ansport\n"
    told = across("me\n        self.transport = transport\n", marked, sure="name\n        self.transport = trans")
    assert text_of(told) == "me\n        self.transport = tr"


def test_unasked_it_stays_in_its_line() -> None:
    engine = Ticking((), "path) as handle:\n        return json.load(handle)\n", **CAUSAL)
    text = SPAN.replace("‸", "")
    request = FillRequest(text, "python", offset=SPAN.index("‸"), trigger="automatic")
    told = ModelFiller(engine, "fake").fill(request, CancelToken())
    assert isinstance(told, NoFill) or "\n" not in text_of(told)


def test_asked_inside_a_line_what_leaves_nothing_broken_goes_first() -> None:
    marked = "def size(paths):\n    return [len(‸ for p in paths]\n"
    engine = FakeEngine(["paths", "p)"], "", {"(paths": -0.001, "(p)": -2.0})
    text = marked.replace("‸", "")
    asked = FillRequest(text, "python", offset=marked.index("‸"), trigger="manual")
    assert text_of(ModelFiller(engine, "fake").fill(asked, CancelToken())) == "p)"


def test_a_draft_ends_where_it_closes_what_the_editor_has_closed() -> None:
    engine = Ticking((), "len(items)) and more_of_this(items):\n", {"len(items)": -0.001}, **CAUSAL)
    marked = "def f(items):\n    if any(‸)\n"
    asked = FillRequest(marked.replace("‸", ""), "python", offset=marked.index("‸"), trigger="automatic")
    assert text_of(ModelFiller(engine, "fake").fill(asked, CancelToken())) == "len(items)"
    assert engine.n_written <= len("len(items))") + 1


def test_unasked_what_stands_elsewhere_is_not_judged_where_the_model_is_unsure() -> None:
    text = "def f(a):\n    total = compute(a, 1)\n    other = 1\n    total = \n"
    engine = Ticking((), "some_long_call(a)\n", {"compute(a, 1)": -0.001}, **CAUSAL)
    engine.sure = -0.5
    result = answer(engine, text, "automatic")
    assert isinstance(result, NoFill) and result.reason == "not_confident" and not engine.judged
    assert text_of(answer(engine, text, "manual")) == "compute(a, 1)"


def test_unasked_only_what_the_model_writes_itself_is_judged() -> None:
    text = "def f(a):\n    total = compute(a, 1)\n    other = 1\n    total = \n"
    engine = Ticking((), "a + 1\n", {"a + 1": -0.001}, **CAUSAL)
    assert text_of(answer(engine, text, "automatic")) == "a + 1"
    assert not any("compute" in judged for judged in engine.judged)
    answer(engine, text, "manual")
    assert any("compute" in judged for judged in engine.judged)


class Repeating(FakeEngine):
    """Goes on with the line that follows, unless that is barred."""

    def draft(self, prompt_ids, max_tokens, cancel, starts_with="", stop=None, never=()) -> list[int]:
        text = "n = len(items)\n" if "return n" in never else "return n\n"
        written = f"{starts_with}{text}    return n\n"
        if stop is not None:
            stop(written, 0.0)
        return self.tokenizer.encode(written)


@pytest.mark.parametrize("log_prob, text", [(-0.1, "n = len(items)"), (-2.0, None)])
def test_asked_at_a_line_where_the_model_finds_nothing_missing_it_thinks_again(
    log_prob: float, text: str | None
) -> None:
    """Of 1,033 lines taken out of HumanEval 63 came back empty."""
    engine = Repeating((), "", {"n = len(items)": log_prob}, **CAUSAL)
    before = "def count(items):\n    "
    request = FillRequest(before + "\n    return n\n", "python", offset=len(before))
    result = ModelFiller(engine, "fake").fill(request, CancelToken())
    assert text_of(result) == text if text else isinstance(result, NoFill) and result.reason == "empty_fill"


class Choosing(FakeEngine):
    """Finds one word likely, and writes the rest of the line that is begun so."""

    def score(self, prompt_ids, continuations, cancel) -> list[Score]:
        texts = [self.tokenizer.decode(ids) for ids in continuations]
        likely = [-0.1 if "while" in text else -9.0 for text in texts]
        return [Score((each,) * len(text), (0.1,) * len(text)) for each, text in zip(likely, texts, strict=True)]

    def draft(self, prompt_ids, max_tokens, cancel, starts_with="", stop=None, never=()) -> list[int]:
        rest = " todo:\n        go()\n" if "while" in starts_with else self._draft_text
        return self.tokenizer.encode(starts_with + rest)


ORPHAN = "def work(todo):\n    start()\n\n        todo.pop()\n    return 1\n"


@pytest.mark.parametrize("draft", ["    todo.pop()\n    return 1", "    n = 1\n    while todo:\n        n += 1"])
def test_over_a_block_that_nothing_opens_the_missing_line_is_written(draft: str) -> None:
    """Of lines taken out of functions every sixth was a header, and the model went on with the block below it."""
    engine = Choosing((), draft, **CAUSAL)
    request = FillRequest(ORPHAN, "python", offset=ORPHAN.index("\n\n") + 1)
    result = ModelFiller(engine, "fake").fill(request, CancelToken())
    assert text_of(result) == ("    n = 1\n    while todo:" if "while" in draft else "    while todo:")


def test_unasked_no_header_is_begun_for_the_model() -> None:
    engine = Choosing((), "    todo.pop()\n    return 1", **CAUSAL)
    request = FillRequest(ORPHAN, "python", offset=ORPHAN.index("\n\n") + 1, trigger="automatic")
    assert isinstance(ModelFiller(engine, "fake").fill(request, CancelToken()), NoFill)
