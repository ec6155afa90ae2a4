"""A model asked plainly: what it sees, and what is taken of its answer."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import pytest

from infill.bench import plain
from infill.bench.docstrings import Undocumented
from infill.bench.fix.planted import Planted
from infill.bench.instruct.tasks import read_tasks
from infill.types import NoFill, Span
from model.edits import Edit, EditPrompt, EditTask
from model.types import CancelToken, Stop


class Writes:
    """An engine whose every answer is one text, in tokens of a character."""

    info = SimpleNamespace(takes_instructions=True)
    tokenizer = SimpleNamespace(decode=lambda ids: "".join(map(chr, ids)))

    def __init__(self, text: str) -> None:
        self.text, self.prompts = text, list[EditPrompt]()

    def edit(self, task: EditTask, cancel: CancelToken, ends: object = None) -> Edit:
        raise AssertionError("a plain question has no draft to verify")

    def edit_prompt(self, prompt: EditPrompt) -> list[int]:
        self.prompts.append(prompt)
        return [1]

    def draft(self, prompt_ids: Sequence[int], most: int, cancel: CancelToken, stop: Stop) -> list[int]:
        written = ""
        for character in self.text:
            written += character
            if stop(written, 0.0):
                break
        return [ord(character) for character in written]


def test_the_selection_alone_is_shown_without_its_indentation_and_the_fence_ends_the_answer() -> None:
    (placed,) = (placed for placed in read_tasks() if placed.name == "python/clamp with min")
    engine = Writes("v = min(pixel * gain, 255)\nnew_row.append(int(v))\n```\nHere you are.")
    assert plain.can_be_asked(engine)  # type: ignore[arg-type]
    answer = plain.instructed(engine, placed)  # type: ignore[arg-type]
    assert answer.text == placed.with_answer(placed.task.good[0])
    (prompt,) = engine.prompts
    assert prompt.shown.startswith("v = pixel * gain\nif v > 255:\n    v = 255") and not prompt.begun
    assert prompt.instruction == placed.task.instruction
    assert plain.instructed(Writes("```"), placed).reason == "empty_fill"  # type: ignore[arg-type]


def test_a_fix_replaces_the_line_of_the_diagnostic() -> None:
    broken = "def f(a):\n    return (a\n\n\nx = 1\n"
    planted = Planted(
        "python", "x", "missing bracket", "", broken, Span(21, 22), '"(" was not closed', Span(10, 23), "", ")"
    )
    engine = Writes("return (a)\n```")
    assert plain.fixed(engine, planted) == broken.replace("(a\n\n", "(a)\n\n")  # type: ignore[arg-type]
    assert engine.prompts[0].shown == "return (a" and planted.message in engine.prompts[0].instruction


@pytest.mark.parametrize(
    "answer", ['def f(a):\n    """Say it."""\n    return 5\n```', "def f(a):\n    return a\n```", "no code"]
)
def test_only_the_docstring_of_an_answer_is_taken(answer: str) -> None:
    text = "class A:\n    def f(a):\n        return a\n"
    one = Undocumented("x", text, 1, "f", "def f(a):\n    return a\n", "It.")
    found = plain.documented(Writes(answer), one)  # type: ignore[arg-type]
    if "Say" in answer:
        assert found == 'class A:\n    def f(a):\n        """Say it."""\n        return a\n'
    else:
        assert isinstance(found, NoFill)
