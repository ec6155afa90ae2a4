"""Rewriting to an instruction, with an engine whose answers a test writes down."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from infill.pipeline.filler import ModelFiller
from infill.types import Draft, Filled, NoFill, RewriteRequest, Span
from model.edits import Edit, EditPrompt, EditTask, Ends
from model.types import CancelToken
from tests.infill.fake_engine import FakeEngine

CODE = "def mean(xs):\n    return sum(xs) / len(xs)\n"
GUARD = 'def mean(xs):\n    if not xs:\n        raise ValueError("empty")\n    return sum(xs) / len(xs)\n```'
INNER = (
    '        if not xs:\n            raise ValueError("empty")\n'
    "        total = sum(xs)\n        return total / len(xs)\n```"
)
INSTRUCTION = "Raise a ValueError if xs is empty"


class ScriptedEditor(FakeEngine):
    """Answers in turn; `unsure` are the positions (characters) of the first at which it nearly wrote `second`."""

    def __init__(self, answers: Sequence[str], unsure: Sequence[int] = (), second: str = "X") -> None:
        super().__init__(takes_instructions=True, is_causal=True, denoises=False)
        self._answers, self._unsure, self._second = list(answers), unsure, second
        self.told: list[EditPrompt] = []
        self.tasks: list[EditTask] = []

    def edit_prompt(self, prompt: EditPrompt) -> list[int]:
        self.told.append(prompt)
        return self.tokenizer.encode(prompt.instruction)

    def edit(self, task: EditTask, cancel: CancelToken, ends: Ends | None = None) -> Edit:
        self.tasks.append(task)
        text = self._answers.pop(0)
        for n in range(len(text)):
            if ends is not None and ends(text[: n + 1]):
                text = text[: n + 1]
                break
        ids = tuple(self.tokenizer.encode(text))
        seconds = tuple(math.log(0.3) if i in self._unsure else -20.0 for i in range(len(ids)))
        return Edit(ids, (-0.01,) * len(ids), tuple(self.tokenizer.encode(self._second * len(ids))), seconds, 7)


def answer(
    engine: FakeEngine, text: str = CODE, selected: str = "", instruction: str = INSTRUCTION, **asked: object
) -> Filled | NoFill:
    selected = selected or text.strip()
    start = text.index(selected)
    selection = Span(start, start + len(selected))
    request = RewriteRequest(text, "python", selection=selection, instruction=instruction, **asked)  # type: ignore[arg-type]
    return ModelFiller(engine, "fake").fill(request, CancelToken())


def test_an_answer_is_a_diff_of_whole_lines() -> None:
    engine = ScriptedEditor([GUARD + "\nHere it is."])
    found = answer(engine)
    assert isinstance(found, Filled)
    (best,) = found.completions
    assert best.text == GUARD.removesuffix("\n```") and best.steps == 7
    (part,) = best.parts
    assert part.text == '    if not xs:\n        raise ValueError("empty")\n'
    assert part.span == Span(len("def mean(xs):\n"), len("def mean(xs):\n"))
    (told,) = engine.told
    assert (told.instruction, told.shown, told.begun) == (INSTRUCTION, CODE.strip(), "")
    (task,) = engine.tasks
    assert engine.tokenizer.decode(task.expected_ids) == CODE + "```"


def test_a_selection_in_a_method_keeps_its_place_and_its_indentation() -> None:
    text = "class Stats:\n    def mean(self, xs):\n        total = sum(xs)\n        return total / len(xs)\n"
    engine = ScriptedEditor([INNER])
    found = answer(engine, text, "total = sum(xs)")
    assert isinstance(found, Filled)
    assert found.completions[0].text == 'if not xs:\n            raise ValueError("empty")\n        total = sum(xs)'
    assert engine.told[0].begun == "class Stats:\n    def mean(self, xs):\n"


def test_where_the_first_answer_may_not_stand_others_are_asked_for() -> None:
    unchanged = CODE.strip() + "\n```"
    engine = ScriptedEditor([unchanged, "X" + GUARD, GUARD], unsure=(4, 18))
    found = answer(engine)
    assert isinstance(found, Filled)
    begun = [engine.tokenizer.decode(task.begins_ids) for task in engine.tasks]
    assert begun == ["", unchanged[:4] + "X", unchanged[:18] + "X"]


@pytest.mark.parametrize(
    ("answers", "reason", "why"),
    [
        ([CODE + "```"], "nothing_better", "changes nothing"),
        (["def mean(xs:\n    return 1\n```"], "breaks_parse", "none of 1"),
        (["def mean(xs):\n    return sum(xs) / len(xs)  # of xs\n```"], "not_as_asked", "ValueError is asked for"),
        (["```"], "not_as_asked", "the lines around"),
    ],
)
def test_no_answer_is_better_than_a_bad_one_and_says_why(answers: list[str], reason: str, why: str) -> None:
    found = answer(ScriptedEditor(answers))
    assert isinstance(found, NoFill) and found.reason == reason and why in found.detail


def test_a_rename_needs_no_model() -> None:
    engine = ScriptedEditor([])
    found = answer(engine, "tmp = 1\nprint(tmp)\n", instruction="Rename tmp to total")
    assert isinstance(found, Filled) and found.completions[0].text == "total = 1\nprint(total)"
    assert engine.tasks == []


def test_frozen_text_stays() -> None:
    engine = ScriptedEditor([GUARD.replace("sum(xs)", "sum( xs )")])
    frozen = (Span(CODE.index("sum"), CODE.index(" /")),)
    found = answer(engine, frozen=frozen)
    assert isinstance(found, NoFill) and "must stay as it is" in found.detail


def test_more_candidates_are_different_answers() -> None:
    other = GUARD.replace("empty", "no values")
    found = answer(ScriptedEditor([GUARD, other], unsure=(20,)), candidates=2)
    assert isinstance(found, Filled) and ["empty" in c.text for c in found.completions] == [True, False]


def test_crlf_and_what_is_watched() -> None:
    text, drafts = CODE.replace("\n", "\r\n"), list[Draft]()
    engine = ScriptedEditor([GUARD])
    request = RewriteRequest(text, "python", selection=Span(0, len(text)), instruction=INSTRUCTION)
    found = ModelFiller(engine, "fake").fill(request, CancelToken(), drafts.append)
    assert isinstance(found, Filled)
    assert found.completions[0].text == GUARD.removesuffix("\n```").replace("\n", "\r\n")
    assert [draft.text.count("\n") for draft in drafts] == [0, 1, 2, 3]


def test_an_answer_far_too_long_is_not_written_to_its_end() -> None:
    engine = ScriptedEditor(["def mean(xs):\n" + "    print(xs)\n" * 100])
    found = answer(engine)
    assert isinstance(found, NoFill) and found.reason == "not_as_asked" and "lines are added" in found.detail


def test_cancelled_and_late() -> None:
    cancel = CancelToken()
    cancel.cancel()
    request = RewriteRequest(CODE, "python", selection=Span(0, len(CODE)), instruction=INSTRUCTION)
    found = ModelFiller(ScriptedEditor([GUARD]), "fake").fill(request, cancel)
    assert isinstance(found, NoFill) and found.reason == "cancelled"
    late = answer(ScriptedEditor([GUARD]), deadline_ms=0.0)
    assert isinstance(late, NoFill) and late.reason == "deadline"


def test_without_an_instruction_nothing_is_edited() -> None:
    engine = ScriptedEditor([])
    answer(engine, instruction="  ")
    assert engine.told == []
