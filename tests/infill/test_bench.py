"""The benchmarks' own logic: what is cut out, what counts as right, what bad data gets for an answer."""

from __future__ import annotations

import ast
import gzip
import json
import sys
from pathlib import Path

import pytest

from infill.bench import VARIANTS, main, share, table
from infill.bench_holes import block_holes, line_holes
from infill.bench_humaneval import Task, answer, read_tasks
from infill.types import Completion, Filled, FillRequest, Hole, InputError, NoFill, Span
from model.types import CancelToken

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "infill").glob("*.py"))
TASK = {
    "task_id": "Own/0/L0",
    "entry_point": "area",
    "prompt": "def area(w, h):\n",
    "suffix": "    return a\n",
    "canonical_solution": "    a = w * h\n",
    "test": "def check(f):\n    assert f(2, 3) == 6\n",
}


class Fixed:
    """Answers every request with one text at the cursor, or with nothing."""

    model_name, show_threshold = "fixed", 0.5

    def __init__(self, text: str | None) -> None:
        self.text = text

    def fill(self, request: FillRequest, cancel: CancelToken) -> Filled | NoFill:
        if self.text is None:
            return NoFill("not_confident")
        assert request.offset is not None
        span = Span(request.offset, request.offset)
        done = Completion(span, self.text, 0.9, (self.text,), (0.1,), 2, "converged", "diffusion")
        return Filled(Hole(span, "block", "", True), (done,), request.seed)


def test_line_holes_end_with_their_line_and_are_the_same_again() -> None:
    holes = line_holes(FILES, 30, seed=3)
    assert len(holes) == 30 and holes == line_holes(FILES, 30, seed=3) != line_holes(FILES, 30, seed=4)
    for hole in holes:
        assert hole.answer.strip() and "\n" not in hole.answer
        assert hole.text[hole.end :].split("\n")[0].strip() == ""


def test_block_holes_are_whole_bodies() -> None:
    holes = block_holes(FILES, 20, seed=0)
    assert len(holes) == 20
    for hole in holes:
        with_pass = hole.text[: hole.start] + "pass" + hole.text[hole.end :]
        before, after = (len(list(ast.walk(ast.parse(t)))) for t in (with_pass, hole.text))
        assert before <= after, "the function is still there, its body is not"
        assert hole.answer.count("\n") < 10 and not hole.answer.startswith('"""')


@pytest.mark.skipif(sys.platform == "win32", reason="the sandbox is POSIX")
@pytest.mark.parametrize(
    ("text", "passed", "exact"),
    [
        ("    a = w * h", True, True),
        ("    a = h * w", True, False),
        ("    a = w + h", False, False),
        (None, False, False),
    ],
)
def test_a_task_is_right_when_its_tests_pass(text: str | None, passed: bool, exact: bool) -> None:
    sample = answer(Fixed(text), "all", Task(**TASK), seed=0)
    assert (sample.passed, sample.exact) == (passed, exact)
    assert sample.reason == ("not_confident" if text is None else None)


@pytest.mark.parametrize("name", ["t.jsonl", "t.jsonl.gz", "HumanEval-SingleLineInfilling.jsonl.gz"])
def test_tasks_are_read_from_files_and_folders(tmp_path: Path, name: str) -> None:
    raw = (json.dumps(TASK) + "\n").encode()
    (tmp_path / name).write_bytes(gzip.compress(raw) if name.endswith("gz") else raw)
    data = tmp_path if name.startswith("HumanEval") else tmp_path / name
    assert read_tasks(data, "single-line") == [Task(**TASK)]


def test_bad_data_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match=r"MultiLineInfilling.*--data"):
        read_tasks(tmp_path, "multi-line")
    (tmp_path / "bad.jsonl").write_text('{"task_id": 1}\n')
    assert main(["humaneval", "--data", str(tmp_path / "bad.jsonl")]) == 2
    assert "bad.jsonl" in capsys.readouterr().err


def test_every_column_of_a_table_has_the_same_rows() -> None:
    text = table("head", {"a": [("x", "1"), ("y", "2")], "b": [("x", "3"), ("y", "4")]})
    assert text.splitlines()[2:] == ["| figure | a | b |", "|---|---|---|", "| x | 1 | 3 |", "| y | 2 | 4 |"]
    assert share(1, 3) == "33.3 % (1 of 3)" and share(0, 0) == "-"


def test_a_run_prints_its_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["line", "--limit", "3", "--source", str(FILES[0].parent / "filler.py"), "--json"]) == 0
    out, err = capsys.readouterr()
    samples = [json.loads(line) for line in out.splitlines()]
    assert len(samples) == 3 and {s["variant"] for s in samples} == {next(iter(VARIANTS))}
    assert "exact match" in err and "3 holes" in err
