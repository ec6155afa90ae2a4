"""Fixing what another server reports: by code alone, by the model's judgement, by the model's words, or not at all."""

from __future__ import annotations

import pytest

from infill.holes.find_target import find_target
from infill.holes.target import SelectionTarget, applied
from infill.pipeline.action_request import Asking, action_request
from infill.pipeline.filler import ModelFiller
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Filled, NoFill, Span
from model.types import CancelToken
from tests.infill.fake_engine import FakeEngine
from tests.infill.pipeline.test_instruct import ScriptedEditor


def fixed(engine: FakeEngine, text: str, reported: str, message: str) -> str | NoFill:
    """Return the whole text after the fix."""
    row = by_id("python")
    assert row is not None
    problem = Span(text.index(reported), text.index(reported) + len(reported))
    target = find_target(parse(row, text), "fix", Span(problem.start, problem.start), problem)
    assert isinstance(target, SelectionTarget) and target.problem == problem
    filler = ModelFiller(engine, "fake")
    asked = action_request(target, "python", Asking("fix", diagnostics=(message,)), filler.takes_instructions)
    answer = filler.fill(asked, CancelToken())
    return applied(text, target.changes(answer.completions[0])) if isinstance(answer, Filled) else answer


@pytest.mark.parametrize("engine", [FakeEngine(), ScriptedEditor([])])
def test_what_code_can_mend_needs_no_model(engine: FakeEngine) -> None:
    text = "import os\n\n\ndef f(values):\n    return sum(valeus) + os.x\n"
    assert fixed(engine, text, "valeus", '"valeus" is not defined') == text.replace("valeus", "values")
    assert not engine.judged and not engine.prompts


def test_an_import_goes_to_the_top() -> None:
    text = "import os\n\n\ndef f(p):\n    return Path(p) / os.sep\n"
    right = text.replace("import os\n", "import os\nfrom pathlib import Path\n")
    assert fixed(FakeEngine(), text, "Path", '"Path" is not defined') in (
        right,
        "from pathlib import Path\n" + text,
    )


@pytest.mark.parametrize("best", ["print(f)(x)", "print(f(x))"])
def test_of_several_ways_the_model_says_which(best: str) -> None:
    engine = FakeEngine(log_probs={best: -0.1})
    assert fixed(engine, "print(f(x)\n", "(", '"(" was not closed') == best + "\n"
    assert best + "\n" in engine.judged


BROKEN = "def f(a, b):\n    x = a +* b\n    return x\n"


def test_what_code_cannot_mend_is_told_to_the_model() -> None:
    engine = ScriptedEditor(["    x = a * b\n    return x\n```"])
    assert fixed(engine, BROKEN, "*", "Expected expression") == BROKEN.replace("+* b", "* b")
    (told,) = engine.told
    assert told.instruction == "Fix this error: Expected expression"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("    x = a +* (b)\n    return x\n```", "still be there"),
        ("    x = multiply(a, b)\n    return x\n```", "more than the error is changed"),
        ("    x = a * c\n    return x\n```", "c is new"),
    ],
)
def test_an_answer_that_is_no_fix_is_not_shown(answer: str, why: str) -> None:
    found = fixed(ScriptedEditor([answer]), BROKEN, "*", "Expected expression")
    assert isinstance(found, NoFill) and found.reason in ("not_as_asked", "breaks_parse") and why in found.detail


def test_a_name_that_nothing_is_like_is_left_alone_at_once() -> None:
    engine = ScriptedEditor([])
    found = fixed(engine, "def f():\n    return wholly_unknown\n", "wholly_unknown", '"wholly_unknown" is not defined')
    assert isinstance(found, NoFill) and found.reason == "nothing_better" and "wholly_unknown" in found.detail
    assert not engine.tasks


def test_an_answer_of_a_model_without_words_must_remove_the_error_too() -> None:
    engine = FakeEngine(fills=["x = a +* a"], log_probs={"x = a +* a": 0.0})
    found = fixed(engine, BROKEN, "*", "Expected expression")
    assert isinstance(found, NoFill)
