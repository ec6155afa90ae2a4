"""The benchmarks' own logic: what is cut out, what counts as right, what bad data gets for an answer."""

from __future__ import annotations

import ast
import gzip
import json
import sys
from pathlib import Path

import msgspec
import pytest

from infill.bench.fills import goes_as_far
from infill.bench.hints import hint_alone, unhinted
from infill.bench.hole_sampling import begun_holes, block_holes, line_holes, typed_holes
from infill.bench.humaneval import answer, read_tasks
from infill.bench.humaneval_tasks import Task
from infill.bench.main import VARIANTS, main
from infill.bench.refine import Corrupted, RefineSample, answers, corrupted_lines, figures, nothing
from infill.bench.reliability import rows, tokens
from infill.bench.sandbox import passes
from infill.bench.tables import share, table
from infill.bench.values import ValuesSample, unwritten
from infill.bench.values import figures as value_figures
from infill.types import Completion, Filled, Hole, InputError, NoFill, Part, Request, Span
from model.types import CancelToken

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "infill").rglob("*.py"))
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

    def fill(self, request: Request, cancel: CancelToken) -> Filled | NoFill:
        if self.text is None:
            return NoFill("not_confident")
        assert request.offset is not None
        span = Span(request.offset, request.offset)
        done = Completion(span, self.text, 0.9, (self.text,), (0.1,), 2, "converged", "diffusion")
        return Filled(Hole(span, "block", "", True), (done,), request.seed)


class Refiner(Fixed):
    """Refines by changing these parts of what is asked about."""

    def __init__(self, parts: tuple[Part, ...]) -> None:
        self.parts = parts

    def fill(self, request: Request, cancel: CancelToken) -> Filled | NoFill:
        span, text, at = request.selection, "", 0
        assert span is not None
        if not self.parts:
            return NoFill("nothing_better")
        for part in self.parts:
            text, at = text + request.text[at : part.span.start] + part.text, part.span.end
        text += request.text[at : span.end]
        done = Completion(span, text, 0.9, (), (), 2, "converged", "diffusion", self.parts)
        return Filled(Hole(span, "selection", "", True), (done,), request.seed)


def compiles(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def test_line_holes_end_with_their_line_and_are_the_same_again() -> None:
    holes = line_holes(FILES, 30, seed=3)
    assert len(holes) == 30 and holes == line_holes(FILES, 30, seed=3) != line_holes(FILES, 30, seed=4)
    for hole in holes:
        assert hole.answer.strip() and "\n" not in hole.answer
        assert hole.text[hole.span.end :].split("\n")[0].strip() == ""


def test_block_holes_are_whole_bodies() -> None:
    holes = block_holes(FILES, 20, seed=0)
    assert len(holes) == 20
    for hole in holes:
        with_pass = hole.text[: hole.span.start] + "pass" + hole.text[hole.span.end :]
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


@pytest.mark.skipif(sys.platform == "win32", reason="the sandbox is POSIX")
@pytest.mark.parametrize("split", ["body", "multi-line", "random-span"])
def test_other_splits_are_made_of_the_single_lines(tmp_path: Path, split: str) -> None:
    lines = ["    w, h = size\n", "    a = w * h\n", "    return a\n"]
    head, test = "def area(size):\n", "def check(candidate):\n    assert candidate((2, 3)) == 6\n"
    holes = [
        Task(f"SingleLine/X/7/L{n}", "area", head + "".join(lines[:n]), "".join(lines[n + 1 :]), lines[n], test)
        for n in (1, 0, 2)
    ]
    (tmp_path / "HumanEval-SingleLineInfilling.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, holes)))
    made = read_tasks(tmp_path, split, seed=1)
    assert made and made == read_tasks(tmp_path, split, seed=1)
    assert split == "body" or made != read_tasks(tmp_path, split, seed=2)
    for task in made:
        assert task.prompt + task.canonical_solution + task.suffix == head + "".join(lines)
        assert passes(task.program(task.canonical_solution))[0] and not passes(task.program("    x\n"))[0]
        n_breaks = task.canonical_solution.count("\n")
        assert {"body": n_breaks == 3, "multi-line": n_breaks >= 2}.get(split, task.canonical_solution.strip() != "")


def test_bad_data_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match=r"SingleLineInfilling.*--data"):
        read_tasks(tmp_path, "multi-line")
    (tmp_path / "bad.jsonl").write_text('{"task_id": 1}\n')
    assert main(["humaneval", "--data", str(tmp_path / "bad.jsonl")]) == 2
    assert "bad.jsonl" in capsys.readouterr().err


def test_every_column_of_a_table_has_the_same_rows() -> None:
    text = table("head", {"a": [("x", "1"), ("y", "2")], "b": [("x", "3"), ("y", "4")]})
    assert text.splitlines()[2:] == ["| figure | a | b |", "|---|---|---|", "| x | 1 | 3 |", "| y | 2 | 4 |"]
    assert share(1, 3) == "33.3 % (1 of 3)" and share(0, 0) == "-"


def test_a_run_prints_its_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["line", "--limit", "3", "--source", str(ROOT / "infill/pipeline/filler.py"), "--json"]) == 0
    out, err = capsys.readouterr()
    samples = [json.loads(line) for line in out.splitlines()]
    assert len(samples) == 3 and {s["variant"] for s in samples} == {next(iter(VARIANTS))}
    assert "exact match" in err and "3 holes" in err


def test_corrupted_lines_differ_from_the_file_in_one_token_of_the_same_kind() -> None:
    lines = corrupted_lines(FILES, 40, seed=1)
    assert len(lines) == 40 and lines == corrupted_lines(FILES, 40, seed=1) != corrupted_lines(FILES, 40, seed=2)
    for line in lines:
        right = line.text[line.token.start : line.token.end]
        assert "\n" not in line.text[line.line.start : line.line.end]
        assert line.line.start <= line.token.start < line.token.end <= line.line.end and line.wrong != right
        assert right.isidentifier() == line.wrong.isidentifier()
        at, broken = line.broken_token, line.broken
        assert broken[: at.start] + right + broken[at.end :] == line.text
    assert sum(compiles(line.broken) for line in lines) > 36, "nearly all are wrong in meaning only"


def test_a_wrong_token_is_found_repaired_or_left() -> None:
    text = "total = width * height\n"
    line = Corrupted("a.py", text, Span(0, 22), Span(8, 13), "height", 5)
    assert line.broken == "total = height * height\n"

    def sample(*parts: Part) -> RefineSample:
        return answers(Refiner(parts), [line], seed=0)[0]

    good = sample(Part(Span(8, 14), "width"))
    assert (good.touched, good.touched_other, good.repaired) == (True, False, True)
    other = sample(Part(Span(8, 14), "depth"))
    assert (other.touched, other.touched_other, other.repaired) == (True, False, False)
    beside = sample(Part(Span(17, 23), "depth"))
    assert (beside.touched, beside.touched_other, beside.repaired) == (False, True, False)
    left = sample()
    assert (left.touched, left.touched_other, left.repaired, left.refined) == (False, False, False, None)
    rows = dict(figures([good, other, beside, left]))
    assert rows["found: the refinement changes the wrong token"] == "50.0 % (2 of 4)"
    assert rows["a token of the line picked blindly is the wrong one"] == "20.0 %"
    assert rows["right lines changed: a false alarm"] == "75.0 % (3 of 4)" and good.alarm is not None
    assert rows["right afterwards, of the wrong and the right lines"] == "25.0 % (2 of 8)"
    idle = dict(figures([nothing(each) for each in (good, other, beside, left)]))
    assert idle["right lines changed: a false alarm"] == "0.0 % (0 of 4)"
    assert idle["right afterwards, of the wrong and the right lines"] == "50.0 % (4 of 8)"


def test_reliability_counts_by_range_and_by_place() -> None:
    judged = tokens("(a, c)", [("(", 0.1), ("a", 0.2), (",", 0.3), (" c", 2.5), (")", 0.1)], "(a, b)")
    assert judged == [(0.1, True), (0.2, True), (0.3, True), (2.5, False), (0.1, True)]
    assert tokens("x", [("self.x", 0.1)], "x") == []
    assert rows(judged, (0.0, 0.3, 1.0)) == [
        ("0 to 0.3", "100.0 % (3 of 3)"),
        ("0.3 to 1", "100.0 % (1 of 1)"),
        ("1 and more", "0.0 % (0 of 1)"),
    ]


def test_values_are_cut_out_so_that_the_file_parses_and_comes_back_whole() -> None:
    drawn = unwritten(FILES, 30, 1)
    assert len(drawn) == 30 == len({(one.path, one.values) for one in drawn})
    assert drawn == unwritten(FILES, 30, 1) != unwritten(FILES, 30, 2)
    for one in drawn:
        assert compiles(one.holed) and len(one.values) in (2, 3)
        assert [one.holed[hole.start : hole.end] for hole in one.holes] == ["..."] * len(one.values)
        text = one.holed
        for hole, value in zip(reversed(one.holes), reversed(one.answers), strict=True):
            text = text[: hole.start] + value + text[hole.end :]
        assert text == one.text


def test_a_value_that_was_left_is_no_fill() -> None:
    whole = ValuesSample("", "a.py", ("1", "x"), ("1", "x"), (0.5, 0.9), 10.0)
    half = ValuesSample("", "a.py", ("1", "x"), (None, "x"), (0.0, 0.9), 30.0)
    wrong = ValuesSample("", "a.py", ("1", "x"), ("2", None), (0.4, 0.0), 20.0)
    rows = dict(value_figures([whole, half, wrong]))
    assert rows["places filled"] == "66.7 % (4 of 6)"
    assert rows["exact match of those"] == "75.0 % (3 of 4)"
    assert rows["exact match of all places"] == "50.0 % (3 of 6)"
    assert rows["functions with every place right"] == "33.3 % (1 of 3)"


def test_types_are_taken_away_so_that_the_file_parses_and_they_fit_back() -> None:
    drawn = unhinted(FILES, 30, 1)
    assert len(drawn) == 30 == len({(one.path, one.at) for one in drawn})
    assert drawn == unhinted(FILES, 30, 1) != unhinted(FILES, 30, 2)
    for one in drawn:
        assert compiles(one.holed) and len(one.answers) >= 2 and all(one.answers)
        text = one.holed
        for at, hint in zip(reversed(one.hole_offsets), reversed(one.hints), strict=True):
            text = text[:at] + one.text[hint.start : hint.end] + text[at:]
        assert text == one.text


def test_of_a_file_just_begun_there_is_nothing_below_the_hole() -> None:
    holes = begun_holes(FILES, 20, 1)
    assert len(holes) == 20 and holes == begun_holes(FILES, 20, 1)
    for hole in holes:
        assert hole.text.count("\n", 0, hole.span.start) < 60 and hole.text[hole.span.end :].strip(" ") == "\n"
        assert Path(hole.path).read_text("utf-8").startswith(hole.text)


@pytest.mark.parametrize(
    "fill,expected",
    [
        ("nge(n):", True),
        ("nge", True),
        ("nge(", True),
        ("ng", False),
        ("nge(n, 2):", False),
        ("", False),
        (None, False),
    ],
)
def test_a_fill_goes_as_far_as_the_answer_where_a_word_ends(fill: str | None, expected: bool) -> None:
    assert goes_as_far(fill, "nge(n):") is expected


def test_of_a_word_begun_the_first_letters_stand_there() -> None:
    holes = typed_holes(FILES, 20, 1)
    assert len(holes) == 20 and holes == typed_holes(FILES, 20, 1)
    for hole in holes:
        assert hole.text[hole.span.start - 2 : hole.span.start + 1].isidentifier()
        assert not hole.text[hole.span.start - 3].isidentifier()


@pytest.mark.parametrize("inserted", [": int", ": int = ", " -> int"])
def test_a_hint_is_compared_without_what_is_inserted_around_it(inserted: str) -> None:
    assert hint_alone(inserted) == "int"
