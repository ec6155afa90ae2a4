"""How the tasks are asked and what the table says of the answers."""

from __future__ import annotations

import sys

import pytest

from infill.bench.instruct.run import Answer, answers, figures, rewritten
from infill.bench.instruct.tasks import ALREADY, read_tasks
from infill.bench.main import arguments
from infill.types import Filled, NoFill, Request, RewriteRequest
from tests.infill.fake_filler import FakeFiller, filled

TASKS = [placed for placed in read_tasks() if placed.language == "go"]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the sandbox is POSIX")


class Told(FakeFiller):
    takes_instructions = True


def a_good_answer(request: Request) -> Filled | NoFill:
    assert isinstance(request, RewriteRequest)
    placed = next(p for p in TASKS if p.task.instruction == request.instruction and p.selection == request.selection)
    if placed.task.kind == ALREADY:
        return NoFill("nothing_better", "it is so already")
    span = request.selection
    return filled(request, placed.task.good[0].removesuffix("\n"), span=(span.start, span.end))


def test_the_tasks_are_asked_as_a_user_asks_and_the_answers_judged() -> None:
    filler = Told(a_good_answer)
    samples = answers("x", TASKS, lambda placed: rewritten(filler, placed, 3))
    assert all(sample.right for sample in samples)
    assert {sample.verdict for sample in samples} == {"done", "unchanged"}
    assert all(request.seed == 3 for request in filler.requests)
    assert samples[0].new == TASKS[0].task.good[0].removesuffix("\n")
    rows = dict(figures(samples))
    n = sum(placed.task.kind != ALREADY for placed in TASKS)
    assert rows["done as the instruction says"] == rows["- in go"] == f"100.0 % ({n} of {n})"
    assert rows["left alone what is done already"] == "100.0 % (3 of 3)"


def test_a_model_that_follows_no_instructions_is_not_given_any() -> None:
    filler = FakeFiller(lambda _: NoFill("empty_fill", "nothing"))
    (sample,) = answers("x", TASKS[:1], lambda placed: rewritten(filler, placed, 0))
    (request,) = filler.requests
    assert request.instruction is None
    assert (sample.verdict, sample.reason, sample.detail, sample.new) == ("unchanged", "empty_fill", "nothing", None)


def test_harm_and_doing_nothing_are_counted_apart() -> None:
    def ask(placed: object) -> Answer:
        return Answer("package feed\n")

    rows = dict(figures(answers("x", TASKS[:2], ask)))
    assert rows["code made worse"] == "100.0 % (2 of 2)" and rows["- how"] == "changes outside the selection 2"
    rows = dict(figures(answers("x", TASKS, lambda _: Answer())))
    assert rows["done as the instruction says"].startswith("0.0 %")
    assert rows["left alone what is done already"].startswith("100.0 %")
    assert rows["- with which reasons"] == f"none: the same text {len(TASKS) - 3}"


def test_the_command_knows_the_bench() -> None:
    assert arguments(["instruct", "--limit", "5"]).what == ["instruct"]
