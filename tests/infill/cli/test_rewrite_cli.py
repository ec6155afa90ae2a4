"""`infill rewrite`, `refine` and `fill --holes` with a scripted filler: output, files, exit codes, refusals."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import msgspec
import pytest

from infill.types import Completion, Filled, FillRequest, Hole, NoFill, Part, Request, Span
from tests.infill.conftest import CODE, Run
from tests.infill.fake_filler import FakeFiller

HOLES = b"def f(a):\r\n    if a:\r\n        pass\r\n    return ...\r\n\r\n\r\ndef g():\r\n    pass\r\n"


def answer(request: Request) -> Filled | NoFill:
    """`NEW` in every free segment."""
    if isinstance(request, FillRequest):
        span = Span(request.offset, request.offset + 4)
        parts = (Part(span, "NEW"),)
    else:
        span = request.selection
        at, free = span.start, list[Span]()
        for frozen in (*request.frozen, Span(span.end, span.end)):
            if frozen.start > at:
                free.append(Span(at, frozen.start))
            at = frozen.end
        parts = tuple(Part(each, "NEW") for each in free)
    completion = Completion(span, "", 0.5, (), (), 3, "converged", "diffusion", parts)
    return Filled(Hole(span, "selection", "", True), (completion,), request.seed, {"denoise": 5.0})


@pytest.fixture
def rewriting(run: Run) -> Run:
    run.answer = answer
    return run


def test_lines_are_rewritten_as_a_diff_that_git_applies(rewriting: Run, area: Path, tmp_path: Path):
    code, out, err = rewriting("rewrite", "area.py:2-2", "--seed", "3", "--deadline-ms", "90")
    assert (code, area.read_bytes()) == (0, CODE)
    (request,) = rewriting.requests
    assert request.selection is not None and request.text[request.selection.start :][:12] == "    return w"
    assert (request.strength, request.seed, request.deadline_ms, request.instruction) == (None, 3, 90.0, None)
    subprocess.run(["git", "apply"], input=out, cwd=tmp_path, check=True)
    assert area.read_bytes() == b"def area(w, h):\nNEW\n"
    assert "area.py:2-2: changed in " in err and "1 place, diffusion, 3 steps, converged" in err


def test_an_instruction_that_cannot_be_followed_is_said(rewriting: Run, area: Path):
    code, _, err = rewriting("rewrite", "area.py:1-2", "--instruction", "faster")
    assert code == 0 and "fake follows no instructions: the lines are written anew without yours" in err
    assert rewriting.requests[0].instruction is None


@pytest.mark.parametrize(
    ("given", "strength"), [("low", 0.15), ("medium", 0.4), ("high", 0.8), ("0.25", 0.25), ("1", 1.0)]
)
def test_a_strength_has_a_name_or_is_a_share(rewriting: Run, area: Path, given: str, strength: float):
    assert rewriting("refine", "area.py:1-2", "--strength", given)[0] == 0
    assert rewriting.requests[0].strength == strength


def test_the_usual_strength_is_medium(rewriting: Run, area: Path):
    rewriting("refine", "area.py:1-2")
    assert rewriting.requests[0].strength == 0.4


def test_every_hole_of_every_function_and_nothing_else(rewriting: Run, tmp_path: Path):
    (tmp_path / "h.py").write_bytes(HOLES)
    code, out, _ = rewriting("fill", "--holes", "--write", "h.py")
    assert (code, out) == (0, b"")
    assert (tmp_path / "h.py").read_bytes() == HOLES.replace(b"pass", b"NEW").replace(b"...", b"NEW")
    first, second = rewriting.requests
    assert len(first.frozen) == 2 and second.offset is not None  # a whole body has a way of its own


def test_json_names_changes_of_the_text_as_it_was(rewriting: Run, tmp_path: Path):
    (tmp_path / "h.py").write_bytes(HOLES)
    code, out, err = rewriting("fill", "--holes", "--json", "h.py")
    first, second = (json.loads(line) for line in out.splitlines())
    assert code == 0 and (first["first"], first["last"], second["first"]) == (2, 4, 8)
    assert [HOLES.decode()[slice(*c["span"])] for c in first["changes"]] == ["pass", "..."]
    assert first["status"] == "filled" and first["seed"] == 0 and first["reason"] is None
    assert [json.loads(line)["timings_ms"] for line in err.splitlines()] == [{"denoise": 5.0}] * 2


def test_a_hole_that_is_left_is_told_and_exit_1(run: Run, tmp_path: Path):
    def first_only(request: Request) -> Filled | NoFill:
        whole = answer(request)
        assert isinstance(whole, Filled)
        best = whole.completions[0]
        left = {"parts": best.parts[:1], "n_left": len(best.parts) - 1}
        return msgspec.structs.replace(whole, completions=(msgspec.structs.replace(best, **left),))

    (tmp_path / "h.py").write_bytes(HOLES)
    run.answer = first_only
    code, out, err = run("fill", "--holes", "--write", "h.py")
    assert (code, out) == (1, b"")
    assert (tmp_path / "h.py").read_bytes() == HOLES.replace(b"pass", b"NEW")
    assert "1 place, 1 left, diffusion" in err and "1 place, diffusion" in err
    (tmp_path / "h.py").write_bytes(HOLES)
    records = [json.loads(line) for line in run("fill", "--holes", "--json", "h.py")[1].splitlines()]
    assert [record["left"] for record in records] == [1, 0]
    assert [change["confidence"] for change in records[0]["changes"]] == [1.0]


def test_nothing_better_is_exit_1_with_the_reason(run: Run, area: Path):
    run.answer = lambda request: NoFill("nothing_better", "the present text is the most probable")
    code, out, err = run("refine", "area.py:1-2", "--write")
    assert (code, out, area.read_bytes()) == (1, b"", CODE)
    assert "nothing_better (the present text is the most probable)" in err
    assert json.loads(run("refine", "area.py:1-2", "--json")[1])["reason"] == "nothing_better"


def test_a_file_without_holes_is_exit_1_and_needs_no_model(rewriting: Run, area: Path):
    code, out, err = rewriting("fill", "--holes", "area.py")
    assert (code, out, rewriting.opened) == (1, b"", [])
    assert "no function has a hole" in err


def test_standard_input_passes_through(rewriting: Run):
    assert rewriting("rewrite", "--write", "-:2-2", stdin=CODE)[:2] == (0, b"def area(w, h):\nNEW\n")
    assert rewriting("fill", "--holes", "--write", "-", stdin=HOLES)[1].count(b"NEW") == 3


def test_several_ranges_of_one_file_by_two_names(rewriting: Run, area: Path, tmp_path: Path):
    (tmp_path / "link.py").symlink_to("area.py")
    assert rewriting("rewrite", "--write", "link.py:2-2", "area.py:1-1")[0] == 0
    assert area.read_bytes() == b"NEW\nNEW\n"


@pytest.mark.parametrize(
    ("argv", "complaint"),
    [
        (["rewrite", "area.py:1-9"], "area.py:1-9: line 9 is outside the text"),
        (["rewrite", "area.py:2-1"], "area.py:2-1: is not FILE:FIRST-LAST"),
        (["rewrite", "area.py:1:1"], "area.py:1:1: is not FILE:FIRST-LAST"),
        (["rewrite", "area.py:1-2", "./area.py:2-2"], "./area.py:2-2: overlaps area.py:1-2"),
        (["refine", "missing.py:1-1"], "missing.py: no such file"),
        (["fill", "--holes", "missing.py"], "missing.py: no such file"),
        (["refine", "area.py:1-1", "--language", "klingon"], "--language klingon: is not one of"),
    ],
)
def test_bad_input_is_one_line_and_touches_nothing(rewriting: Run, area: Path, argv: list[str], complaint: str):
    code, out, err = rewriting(*argv, "--write")
    assert (code, out, rewriting.opened, area.read_bytes()) == (2, b"", [], CODE)
    assert err.startswith(f"infill: {complaint}") and err.count("\n") == 1


@pytest.mark.parametrize("strength", ["2", "-1", "nan", "much"])
def test_a_bad_strength_is_a_usage_error(rewriting: Run, area: Path, strength: str):
    assert rewriting("refine", "area.py:1-1", f"--strength={strength}")[0] == 2


@pytest.mark.parametrize(
    "argv", [["rewrite", "area.py:1-1"], ["refine", "area.py:1-1"], ["fill", "--holes", "area.py"]]
)
def test_an_ignored_file_is_refused_unless_told(rewriting: Run, area: Path, tmp_path: Path, argv: list[str]):
    (tmp_path / ".dgignore").write_text("area.py\n")
    code, _, err = rewriting(*argv)
    assert (code, rewriting.requests) == (2, []) and "is ignored: area.py (.dgignore:1)" in err
    assert rewriting(*argv, "--no-ignore")[0] in (0, 1)


def test_the_least_confidence_reaches_the_model(rewriting: Run, tmp_path: Path) -> None:
    (tmp_path / "holes.py").write_bytes(HOLES)
    assert rewriting("fill", "--holes", "holes.py", "--min-confidence", "0.25")[0] == 0
    assert rewriting("rewrite", "holes.py:2-3", "--min-confidence", "1")[0] == 0
    assert rewriting("fill", "holes.py:2:1", "--min-confidence", ".5")[0] == 0
    assert [r.least_confidence for r in rewriting.requests] == [0.25, 0.25, 1.0, 0.5]
    code, _, err = rewriting("fill", "holes.py:2:1", "--min-confidence", "2")
    assert code == 2 and "'2' is not a number from 0 to 1" in err


def test_holes_in_bulk_are_filled_only_with_what_the_model_would_show_unasked(
    rewriting: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeFiller, "show_threshold", 0.3)
    (tmp_path / "holes.py").write_bytes(HOLES)
    rewriting("fill", "--holes", "holes.py")
    rewriting("fill", "--holes", "holes.py", "--min-confidence", "0")
    rewriting("fill", "holes.py:2:1")
    rewriting("rewrite", "holes.py:2-3")
    assert [r.least_confidence for r in rewriting.requests] == [0.3, 0.3, 0.0, 0.0, 0.0, 0.0]

    rewriting.answer = lambda request: NoFill("not_confident", "0.01 < 0.30")
    code, _, err = rewriting("fill", "--holes", "holes.py")
    assert code == 1 and "not_confident (0.01 < 0.30; --min-confidence 0 accepts every fill)" in err
    assert "accepts every fill" not in rewriting("fill", "--holes", "holes.py", "--min-confidence", "0.2")[2]


def test_a_stub_has_no_holes(run: Run, area: Path) -> None:
    stub = area.with_suffix(".pyi")
    stub.write_text("def area(w: int, h: int) -> int: ...\n\ndef more():\n    ...\n")
    code, out, err = run("fill", "--holes", stub)
    assert code == 1 and not out and "nothing to fill" in err


def test_what_is_open_on_purpose_is_left_alone(run: Run, area: Path) -> None:
    area.write_text(
        "class Reader(Protocol):\n    def read(self):\n        ...\n"
        "\n\nclass File:\n    @abstractmethod\n    def close(self):\n        pass\n"
    )
    code, out, err = run("fill", "--holes", area)
    assert code == 1 and not out and "nothing to fill" in err
