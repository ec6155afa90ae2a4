"""Type hints: what the code decides needs no model, which is asked for the rest in a text that has it."""

from __future__ import annotations

from infill.holes.find_target import find_target
from infill.holes.target import SelectionTarget, applied
from infill.pipeline.action_request import LEAST_SURE_HINT, Asking, action_request
from infill.pipeline.filler import ModelFiller
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Filled, NoFill, Span
from model.types import CancelToken
from tests.infill.fake_engine import FakeEngine

CODE = "class Box:\n    pass\n\n\ndef fill(box, deep=False, name='x'):\n    print(box, deep, name)\n"


def hinted(engine: FakeEngine, text: str) -> tuple[str, Filled] | NoFill:
    python = by_id("python")
    assert python is not None
    at = text.index("def ")
    target = find_target(parse(python, text), "type_hints", Span(at, at))
    assert isinstance(target, SelectionTarget)
    asked = action_request(target, "python", Asking("type_hints"), takes_instructions=False)
    assert asked.least_confidence == LEAST_SURE_HINT
    answer = ModelFiller(engine, "fake").fill(asked, CancelToken())
    if isinstance(answer, NoFill):
        return answer
    return applied(text, target.changes(answer.completions[0])), answer


def test_what_the_code_decides_needs_no_model() -> None:
    engine = FakeEngine()
    found = hinted(engine, CODE.replace("box, deep=", "deep="))
    assert not isinstance(found, NoFill)
    assert "def fill(deep: bool = False, name: str = 'x') -> None:" in found[0]
    assert not engine.prompts and not engine.judged


def test_the_model_is_asked_for_the_rest_and_sees_what_is_decided() -> None:
    text = "def fill(box: Box, deep: bool=False, name: str='x') -> None:"
    engine = FakeEngine(fills=["Box"], log_probs={text: -0.001}, line_lengths=(4,))
    found = hinted(engine, CODE)
    assert not isinstance(found, NoFill)
    assert "def fill(box: Box, deep: bool = False, name: str = 'x') -> None:" in found[0]
    assert any("deep: bool=False, name: str='x') -> None" in judged for judged in engine.judged)


def test_what_the_model_is_not_sure_of_is_left_out_and_the_rest_stays() -> None:
    engine = FakeEngine(fills=["Box"], line_lengths=(4,))  # every text has a probability far below what is asked for
    found = hinted(engine, CODE)
    assert not isinstance(found, NoFill)
    after, answer = found
    assert "def fill(box, deep: bool = False, name: str = 'x') -> None:" in after
    (left,) = answer.completions[0].left
    assert answer.completions[0].n_left == 1 and left.why


def in_javascript(engine: FakeEngine, text: str) -> tuple[str, Filled] | NoFill:
    javascript = by_id("javascript")
    assert javascript is not None
    target = find_target(parse(javascript, text), "type_hints", Span(0, 0))
    assert isinstance(target, SelectionTarget)
    asked = action_request(target, "javascript", Asking("type_hints"), takes_instructions=True)
    answer = ModelFiller(engine, "fake").fill(asked, CancelToken())
    assert not engine.prompts and not engine.judged, "types in comments are for the code alone"
    if isinstance(answer, NoFill):
        return answer
    return applied(text, target.changes(answer.completions[0])), answer


def test_types_in_comments_are_only_those_that_the_code_decides() -> None:
    text = "function fill(box, deep = false) {\n  return `${box}`;\n}\n"
    found = in_javascript(FakeEngine(fills=["Box"]), text)
    assert not isinstance(found, NoFill)
    after, answer = found
    assert after == f"/**\n * @param {{boolean}} [deep]\n * @returns {{string}}\n */\n{text}"
    (left,) = answer.completions[0].left
    assert left.why == "the code does not decide the type"


def test_where_the_code_decides_no_type_of_a_comment_the_reason_says_so() -> None:
    nothing = in_javascript(FakeEngine(fills=["Box"]), "function fill(box) {\n  return box;\n}\n")
    assert isinstance(nothing, NoFill)
    assert (nothing.reason, nothing.detail) == ("no_target", "the code does not decide the type")
