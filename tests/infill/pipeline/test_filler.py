"""The pipeline: what reaches the model, which candidate wins, and every named way to say nothing."""

from __future__ import annotations

import msgspec
import pytest

from infill.pipeline.filler import ModelFiller
from infill.types import Context, Filled, FillRequest, NoFill, RewriteRequest, Span
from model.types import CancelToken
from tests.infill.fake_engine import PREFIX, SUFFIX, FakeEngine


def fill(engine: FakeEngine, marked: str, **options: object) -> Filled | NoFill:
    offset = marked.index("‸")
    request = FillRequest(text=marked.replace("‸", ""), language=options.pop("language", "python"), offset=offset)
    request = type(request)(**{f: getattr(request, f) for f in request.__struct_fields__} | options)
    return ModelFiller(engine, "fake").fill(request, CancelToken())


def texts(result: Filled | NoFill) -> list[str]:
    assert isinstance(result, Filled), result
    return [c.text for c in result.completions]


AREA = "def area(w, h):\n    return w * ‸\n"


def test_the_judge_chooses() -> None:
    engine = FakeEngine(["hh", "h", "w"], log_probs={"w * h\n": -0.1, " h\n": -0.1})
    assert texts(fill(engine, AREA)) == ["h"]


def test_candidates_of_all_sources_are_ranked_together() -> None:
    engine = FakeEngine(["a", "b"], "h", log_probs={"h\n": -0.1, "b\n": -0.2})
    result = fill(engine, AREA, candidates=3)
    assert texts(result) == ["h", "b", "a"]
    assert [c.source for c in result.completions] == ["left_to_right", "diffusion", "diffusion"]


def test_what_is_less_sure_than_asked_for_is_no_answer() -> None:
    engine = FakeEngine(["h"], log_probs={" h\n": -0.1})
    sure = fill(engine, AREA)
    assert isinstance(sure, Filled)
    confidence = sure.completions[0].confidence
    assert texts(fill(engine, AREA, least_confidence=confidence)) == ["h"]
    unsure = fill(engine, AREA, least_confidence=confidence + 0.01)
    assert isinstance(unsure, NoFill) and unsure.reason == "not_confident" and unsure.hole == sure.hole


def test_what_was_suggested_is_a_candidate_and_a_warm_canvas() -> None:
    engine = FakeEngine(["a"], log_probs={"w * h)\n": -0.1})
    fill(engine, AREA, suggested="h)")
    *cold, warm = engine.canvases
    assert [c.warm for c in cold] == [False] * len(cold) and warm.warm
    free = [i for i, is_free in zip(warm.canvas_ids, warm.hole_mask, strict=True) if is_free]
    assert engine.tokenizer.decode(free) == "h)"
    assert {c.source for c in fill(engine, AREA, suggested="h", candidates=9).completions} == {"diffusion", "suggested"}


def test_the_word_that_is_written_anew_is_left_out_of_what_was_suggested() -> None:
    engine = FakeEngine(["a"], log_probs={"q.b\n": -0.1})
    typed = AREA.replace("‸", "q‸")
    assert texts(fill(engine, typed, suggested="ther.b")) == [".b"]


def test_blank_lines_may_be_left_to_who_asks() -> None:
    engine = FakeEngine(["pass"], log_probs={"pass": -0.1}, speaks_on_blank_lines=False)
    blank = "def f():\n    ‸\n"
    unasked = fill(engine, blank, trigger="automatic")
    assert isinstance(unasked, NoFill) and unasked.reason == "blank_line" and engine.canvases == []
    assert texts(fill(engine, blank, trigger="manual")) == ["pass"]
    engine.canvases = []
    assert isinstance(fill(engine, AREA, trigger="automatic"), NoFill) and engine.canvases, "a line is tried"


def test_on_a_blank_line_what_the_file_says_in_other_names_may_be_shown_unasked() -> None:
    engine = FakeEngine(["pass"], log_probs={"pass": -0.1}, speaks_on_blank_lines=False, show_threshold=0.25)
    setters = "".join(
        f"def set_{x}(self, {x}):\n    self.{x} = check({x})\n    log({x})\n\n" for x in ("a1", "b2", "c3")
    )
    shown = fill(engine, setters + "def set_d4(self, d4):\n    self.d4 = check(d4)\n    ‸\n", trigger="automatic")
    assert texts(shown) == ["log(d4)"] and engine.canvases == []


def test_a_body_not_yet_written_is_not_filled_with_another_placeholder() -> None:
    engine = FakeEngine(["pass", "return 1", "# TODO: all"], log_probs={"pass": -0.01, "return": -1.0})
    assert texts(fill(engine, "def f():\n    ...‸\n", candidates=3)) == ["return 1"]
    engine = FakeEngine(["pass"], log_probs={"pass": -0.1})
    assert texts(fill(engine, "def f():\n    x = 1\n    ‸\n")) == ["pass"], "a line on the way may be anything"


def test_what_does_not_parse_is_passed_over() -> None:
    engine = FakeEngine(["h +* )", "h"], log_probs={"h +* )": -0.01, " h\n": -1.0})
    assert texts(fill(engine, AREA)) == ["h"]


def test_the_best_is_cut_back_when_nothing_parses() -> None:
    result = fill(FakeEngine(["h))", "h]"], log_probs={"h))": -0.1}), AREA)
    assert texts(result) == ["h"] and result.completions[0].source == "cut_back"


def test_nothing_parses_at_all() -> None:
    result = fill(FakeEngine([")]", "]}"]), AREA)
    assert isinstance(result, NoFill) and result.reason == "breaks_parse" and result.hole is not None


def test_blank_fills_are_no_fills() -> None:
    result = fill(FakeEngine(["  ", ""]), AREA)
    assert isinstance(result, NoFill) and result.reason == "empty_fill"


@pytest.mark.parametrize("trigger,shown", [("automatic", False), ("manual", True)])
def test_unasked_it_is_silent_below_the_threshold(trigger: str, shown: bool) -> None:
    result = fill(FakeEngine(["h"], log_probs={" h": -2.0}), AREA, trigger=trigger)
    assert isinstance(result, Filled) is shown
    if not shown:
        assert result.reason == "not_confident" and "0.14" in result.detail


def test_an_untrained_language_is_named() -> None:
    result = fill(FakeEngine(["1"]), "let x = ‸;\n", language="rust")
    assert isinstance(result, NoFill) and result.reason == "untrained_language" and "rust" in result.detail
    assert isinstance(fill(FakeEngine(["1"], languages=None), "fn f() { let x = ‸; }\n", language="rust"), Filled)


@pytest.mark.parametrize("trigger,shown", [("automatic", False), ("manual", True)])
def test_in_some_languages_a_model_writes_only_when_asked(trigger: str, shown: bool) -> None:
    engine = FakeEngine(["x"], languages=None, manual_languages=("html",))
    result = fill(engine, "<p ‸></p>\n", language="html", trigger=trigger)
    assert isinstance(result, Filled) is shown
    assert shown or result.reason == "manual_language"
    assert getattr(fill(engine, "a = ‸\n", trigger=trigger), "reason", "") != "manual_language"


def test_an_unknown_language_is_named() -> None:
    result = fill(FakeEngine(["1"]), "x = ‸\n", language="cobol")
    assert isinstance(result, NoFill) and result.reason == "unknown_language" and "cobol" in result.detail


def test_cancelled_before_the_judge() -> None:
    cancel = CancelToken()
    engine = FakeEngine(["h"])
    real = engine.denoise
    engine.denoise = lambda *a, **k: cancel.cancel() or real(*a, **k)  # type: ignore[method-assign]
    request = FillRequest(text="x = \n", language="python", offset=4)
    result = ModelFiller(engine, "fake").fill(request, cancel)
    assert isinstance(result, NoFill) and result.reason == "cancelled"


def test_the_unfinished_word_is_clamped_not_encoded() -> None:
    engine = FakeEngine(["urn 1"])
    fill(engine, "def f():\n    ret‸\n")
    canvas = engine.canvases[0]
    clamped = [i for i, free in zip(canvas.canvas_ids, canvas.hole_mask, strict=True) if not free]
    assert engine.tokenizer.decode(clamped) == "ret\n"
    assert engine.tokenizer.decode(engine.prompts[0]).endswith("    ")


def test_the_prompt_survives_typing_inside_a_word() -> None:
    engine = FakeEngine(["x"])
    for typed in ("v", "va", "val", "valu"):
        fill(engine, f"import os\n\ndef f(value):\n    return {typed}‸\n\ndef g():\n    pass\n")
    assert len({tuple(p) for p in engine.prompts}) == 1


def test_far_suffix_comes_before_prefix() -> None:
    engine = FakeEngine(["x"])
    fill(engine, "def f(a):\n    return ‸\n\ndef later():\n    pass\n")
    ids = engine.prompts[0]
    far = engine.tokenizer.decode(ids[ids.index(SUFFIX) : ids.index(PREFIX)])
    assert far == "\ndef later():\n    pass\n" and "def f(a)" in engine.tokenizer.decode(ids[ids.index(PREFIX) :])


@pytest.mark.parametrize("n_lines", [3, 40, 400, 3000])
def test_prompts_stay_within_the_budget(n_lines: int) -> None:
    engine = FakeEngine(["1"])
    lines = [f"value_{i} = {i}" for i in range(n_lines)]
    fill(engine, "\n".join([*lines, "x = ‸", *lines]) + "\n")
    assert 20 < len(engine.prompts[0]) <= engine.info.max_prompt_tokens


def test_one_endless_line_is_cut_to_the_budget() -> None:
    engine = FakeEngine(["1"])
    fill(engine, "x = [" + "1, " * 3000 + "‸]\n")
    assert len(engine.prompts[0]) <= engine.info.max_prompt_tokens


def test_crlf_documents_are_shown_to_the_model_as_lf_and_filled_as_crlf() -> None:
    engine = FakeEngine(["x = 1\n    return x"], log_probs={"return x": -0.1})
    result = fill(engine, "def f():\r\n    ‸\r\n\r\ndef g():\r\n    pass\r\n")
    assert texts(result) == ["x = 1\r\n    return x"]
    assert "\r" not in engine.tokenizer.decode(engine.prompts[0]) + "".join(engine.judged)


def test_a_selection_is_refilled_with_something_else() -> None:
    engine = FakeEngine(["w * h", "w + h"], log_probs={"w * h": -5.0, "w + h": -0.5})
    text = "def area(w, h):\n    return w * h\n"
    start = text.index("w * h")
    request = RewriteRequest(text=text, language="python", selection=Span(start, start + 5))
    result = ModelFiller(engine, "fake").fill(request, CancelToken())
    assert texts(result) == ["w + h"] and result.completions[0].span == Span(start, start + 5)
    assert {sum(c.hole_mask) for c in engine.canvases} == {3, 4, 5, 6, 7}


@pytest.mark.parametrize("strength", [None, 1.0])
@pytest.mark.parametrize("causal", [False, True])
def test_right_code_is_not_changed_to_what_is_hardly_more_probable(causal: bool, strength: float | None) -> None:
    probable = {"w * h": -0.6, "w + h": -0.5}
    engine = FakeEngine(["w + h"], "w + h", probable, is_causal=causal, denoises=not causal or bool(strength))
    text = "def area(w, h):\n    return w * h\n"
    start = text.index("w * h")
    request = RewriteRequest(text=text, language="python", selection=Span(start, start + 5), strength=strength)
    result = ModelFiller(engine, "fake").fill(request, CancelToken())
    assert isinstance(result, NoFill) and result.reason == "nothing_better"


@pytest.mark.parametrize("answer", ["pass", "...", "x = ...", "return ...", "raise NotImplementedError"])
def test_a_placeholder_is_not_filled_with_another(answer: str) -> None:
    text = "def area(w, h):\n    pass\n"
    result = ModelFiller(FakeEngine([answer]), "fake").fill(
        FillRequest(text=text, language="python", offset=text.index("pass")), CancelToken()
    )
    assert isinstance(result, NoFill), result


def test_what_is_cut_back_passes_the_same_checks() -> None:
    text = "def area(w, h):\n    pass\n"
    engine = FakeEngine(["x = ...\n    return (w"], log_probs={"x = ...": -0.1})
    result = ModelFiller(engine, "fake").fill(
        FillRequest(text=text, language="python", offset=text.index("pass")), CancelToken()
    )
    assert isinstance(result, NoFill), result


@pytest.mark.parametrize("answer", ["total = w", "print(w, h)", "for x in w:\n        h += x"])
def test_a_body_that_returns_nothing_where_a_value_is_promised_is_not_offered(answer: str) -> None:
    text = "def area(w, h) -> int:\n    pass\n"
    engine = FakeEngine([answer, "return w * h"], log_probs={answer: -0.01, "return": -1.0})
    request = FillRequest(text=text, language="python", offset=text.index("pass"))
    assert texts(ModelFiller(engine, "fake").fill(request, CancelToken())) == ["return w * h"]
    assert isinstance(ModelFiller(FakeEngine([answer]), "fake").fill(request, CancelToken()), NoFill)
    untyped = msgspec.structs.replace(request, text=text.replace(" -> int", ""), offset=request.offset - 7)
    assert texts(ModelFiller(FakeEngine([answer]), "fake").fill(untyped, CancelToken())) == [answer]


def test_what_a_body_repeats_at_its_end_is_cut() -> None:
    text = "def show(w):\n    pass\n"
    request = FillRequest(text=text, language="python", offset=text.index("pass"))
    engine = FakeEngine(["n = len(w)\n    print(n)\n    print(n)\n    print(n)"])
    assert texts(ModelFiller(engine, "fake").fill(request, CancelToken())) == ["n = len(w)\n    print(n)"]


def test_a_deadline_is_shared_out() -> None:
    engine = FakeEngine(["h"])
    fill(engine, AREA, deadline_ms=500.0)
    fill(engine, AREA)
    assert engine.budgets[0].deadline_ms == 300 and engine.budgets[1].deadline_ms is None


def test_entropies_run_parallel_to_tokens_for_every_source() -> None:
    for engine in (FakeEngine(["h"]), FakeEngine([], "h"), FakeEngine(["h))"])):
        best = fill(engine, AREA).completions[0]
        assert len(best.token_texts) == len(best.token_entropies) > 0


def test_brackets_of_the_line_are_closed_for_a_draft_that_ran_out() -> None:
    engine = FakeEngine([], "w, h", log_probs={"(w, h)\n": -0.1})
    assert texts(fill(engine, "def area(w, h):\n    return max(‸\n")) == ["w, h)"]


def test_what_is_already_closed_to_the_right_is_not_closed_again() -> None:
    engine = FakeEngine(["w, h"], log_probs={"w, h": -0.1})
    fill(engine, "def area(w, h):\n    return max(‸)\n")
    assert not any("w, h))" in text for text in engine.judged)


def test_the_best_that_does_not_parse_comes_back_cut_and_is_judged_again() -> None:
    engine = FakeEngine(["h + 1 }", "w"], log_probs={" h + 1": -0.1, " w\n": -1.0})
    result = fill(engine, AREA, candidates=2)
    assert texts(result) == ["h + 1", "w"] and result.completions[0].source == "cut_back"


def test_a_draft_that_runs_on_may_stop_after_its_first_word() -> None:
    engine = FakeEngine([], "h" + " + w" * 40, log_probs={" h\n": -0.1})
    assert texts(fill(engine, AREA)) == ["h"]


@pytest.mark.parametrize(("marked", "text"), [(AREA.replace("w * ", "w"), "  # wide"), ("f(w)‸ > 0\n", " + 1")])
def test_unasked_a_line_gets_no_more_than_it_needs_and_asked_for_it_does(marked: str, text: str) -> None:
    engine = FakeEngine([text], log_probs={text: -0.01})
    assert texts(fill(engine, marked)) == [text]
    unasked = fill(engine, marked, trigger="automatic")
    assert isinstance(unasked, NoFill)


def test_what_the_code_base_says_more_often_is_believed_more() -> None:
    line = "    return w * ‸\n"
    others = "def a(w, h):\n    return w * d\n" * 3
    for text, context, expected in (
        ("def area(w, h):\n" + line, Context(), "h"),
        (others + "def area(w, h):\n" + line, Context(), "d"),
        ("def area(w, h):\n" + line, Context(texts=(others,)), "d"),
    ):
        engine = FakeEngine(["h"], log_probs={" h\n": -0.4, " d\n": -0.45})
        result = fill(engine, text, context=context, candidates=2)
        assert texts(result)[0] == expected
        sure = {c.text: c.confidence for c in result.completions}
        assert (sure.get("d", 0) > 0.7) is (expected == "d")


def test_what_lines_of_the_same_shape_say_is_believed_in_the_names_that_stand_here() -> None:
    others = "def a(x, y):\n    return x * y\n\ndef b(x, z):\n    return x * z\n\n"
    engine = FakeEngine(["w"], log_probs={" w\n": -0.4, " h\n": -0.45})
    best = fill(engine, others + "def area(w, h):\n    return w * ‸\n").completions[0]
    assert (best.text, best.source) == ("h", "nearby") and best.confidence > 0.7


def test_the_steps_are_told_and_may_be_capped() -> None:
    engine = FakeEngine(["h"], log_probs={"h": -0.1})
    assert fill(engine, AREA).steps == 3
    fill(engine, AREA, max_steps=2)
    fill(engine, AREA, max_steps=100)
    assert [budget.max_denoising_steps for budget in engine.budgets] == [4, 2, 4]
