"""The tasks of `infill bench instruct` prove themselves: good answers pass their checks, bad ones and none do not."""

from __future__ import annotations

import functools
import sys
from collections import Counter
from pathlib import Path

import pytest

from infill.bench.instruct.checks import WORSE, is_made, is_right, verdict
from infill.bench.instruct.tasks import ALREADY, Placed, read_tasks
from infill.bench.sandbox import passes
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import InputError

TASKS = read_tasks()
LEAST = {"python": 24, "typescript": 12, "go": 12, "rust": 12}

passes_before = functools.cache(passes)
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the sandbox is POSIX")


def test_there_are_enough_tasks_and_each_is_one_of_its_kind() -> None:
    changes = Counter(placed.language for placed in TASKS if placed.task.kind != ALREADY)
    assert all(changes[language] >= least for language, least in LEAST.items()), changes
    assert changes.total() >= 64 and len(TASKS) - changes.total() >= 12
    assert len({placed.name for placed in TASKS}) == len(TASKS)
    for placed in TASKS:
        lines, selected = placed.text.count("\n"), placed.task.old.count("\n")
        assert 20 <= lines <= 75 and 1 <= selected <= 15, f"{placed.name}: {lines} lines, {selected} selected"


@pytest.mark.parametrize("placed", TASKS, ids=lambda placed: placed.name)
def test_a_task_tells_good_answers_from_bad_ones(placed: Placed) -> None:
    task = placed.task
    row = by_id(placed.language)
    assert row is not None and not parse(row, placed.text).problems, "the file parses before"
    passed, why = passes_before(f"{placed.text}\n{placed.still}") if placed.still else (True, "")
    assert passed, f"its tests pass before: {why}"
    assert bool(task.good) == (task.kind != ALREADY) and task.bad
    for answer in task.good:
        found = verdict(placed, placed.with_answer(answer))
        assert found == "done" and is_right(placed, found), f"{found}: {answer}"
    for answer in task.bad:
        found = verdict(placed, placed.with_answer(answer))
        assert found not in ("done", "unchanged") and not is_right(placed, found), f"{found}: {answer}"
    assert verdict(placed, None) == verdict(placed, placed.text) == "unchanged"
    assert is_right(placed, "unchanged") == (task.kind == ALREADY)
    assert verdict(placed, placed.with_answer(task.old)) == "unchanged"


@pytest.mark.parametrize("placed", TASKS, ids=lambda placed: placed.name)
def test_the_check_itself_finds_the_change_missing_in_the_old_code(placed: Placed) -> None:
    row = by_id(placed.language)
    assert row is not None
    assert not is_made(placed, placed.text, parse(row, placed.text), placed.selection)


FIRST = next(placed for placed in TASKS if placed.name == "python/average of nothing")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (FIRST.text.replace("import", "from x import", 1), "changes outside the selection"),
        (FIRST.with_answer(FIRST.task.old + "    ("), "breaks the parse"),
        (FIRST.with_answer("    pass\n"), "fails a test that passed"),
        (FIRST.with_answer("    # so\n" + FIRST.task.old), "harmless"),
        ("# all\n" + FIRST.text, "changes outside the selection"),
    ],
)
def test_what_makes_the_code_worse_has_a_name(text: str, found: str) -> None:
    assert verdict(FIRST, text) == found
    assert (found in WORSE) == (found != "harmless")


def test_a_name_that_is_used_outside_may_not_go() -> None:
    (ignored,) = (placed for placed in TASKS if placed.task.name == "set for the ignored")
    assert verdict(ignored, ignored.with_answer('SKIPPED = {"door"}\n')) == "loses a name used outside"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("language = 5", "not a file of tasks"),
        (
            'language = "go"\ncode = "a a"\n[[tasks]]\nname="n"\nkind="k"\ninstruction="i"\nold="a"\nbad=[]',
            "exactly once",
        ),
    ],
)
def test_data_that_cannot_be_used_is_named(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(InputError, match="no tasks"):
        read_tasks(tmp_path)
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(InputError, match=why):
        read_tasks(tmp_path)
