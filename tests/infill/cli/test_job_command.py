"""`infill run`, and `fill`, `rewrite`, `refine` on a tree, with a scripted filler: output, files, exit codes."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from infill.types import Filled, FillRequest, NoFill, Request, RewriteRequest
from tests.infill.conftest import Run
from tests.infill.fake_filler import filled
from tests.infill.ignore.trees import write

AREA = "def area(w, h):\n    # FILL: the product\n    pass\n\n\ndef mean(v):\n    return ...\n"
DONE = "def area(w, h):\n    return 1\n\n\ndef mean(v):\n    return 2\n"


def answer(request: Request) -> Filled | NoFill:
    """`return 1` for the hole of a body, `2` for a value."""
    if isinstance(request, FillRequest):
        return filled(request, "return 1")
    start = request.frozen[0].end if request.frozen else request.selection.start
    return filled(request, "2", span=(start, start + 3))


@pytest.fixture
def tree(run: Run, tmp_path: Path) -> Path:
    run.answer = answer
    write(tmp_path, {"src/area.py": AREA, "src/other.py": "x = 1\n"})
    return tmp_path


def last(err: str) -> str:
    return err.splitlines()[-1]


def test_the_usual_output_is_a_diff_that_git_applies(run: Run, tree: Path) -> None:
    code, out, err = run("fill", "--marker", "FILL")
    assert code == 0 and (tree / "src/area.py").read_text() == AREA
    assert last(err) == "2 holes of 2 filled; 1 file would change"
    assert "[1/2] src/area.py:2: answered in " in err
    subprocess.run(["git", "apply"], input=out, cwd=tree, check=True)
    assert (tree / "src/area.py").read_text() == DONE


def test_dry_run_lists_the_places_and_opens_no_model(run: Run, tree: Path) -> None:
    code, out, err = run("fill", "--marker=FILL", "--dry-run", "src")
    assert (code, out, run.opened) == (0, b"src/area.py:2-3\nsrc/area.py:7-7\n", [])
    assert err == "2 holes in 1 of 2 files\n"


def test_write_changes_the_files_and_a_second_run_has_nothing_to_do(run: Run, tree: Path) -> None:
    code, out, err = run("fill", "--marker", "FILL", "--write")
    assert (code, out) == (0, b"") and (tree / "src/area.py").read_text() == DONE
    assert last(err) == "2 holes of 2 filled; 1 file changed"
    run.opened.clear()
    code, out, err = run("fill", "--marker", "FILL", "--write")
    assert (code, out, run.opened) == (0, b"", [])


def test_check_says_with_its_exit_code_that_something_would_change(run: Run, tree: Path) -> None:
    code, out, _ = run("fill", "--marker", "FILL", "--check")
    assert (code, out) == (1, b"") and (tree / "src/area.py").read_text() == AREA
    (tree / "src/area.py").write_text(DONE)
    assert run("fill", "--marker", "FILL", "--check")[0] == 0


def test_a_hole_without_an_answer_is_told_and_the_others_are_filled(run: Run, tree: Path) -> None:
    run.answer = lambda r: answer(r) if isinstance(r, RewriteRequest) else NoFill("empty_fill", "the model is lost")
    code, out, err = run("fill", "--marker", "FILL")
    assert code == 1 and b"+    return 2" in out and b"return 1" not in out
    assert "src/area.py:2: nothing to show in " in err and "empty_fill (the model is lost)" in err
    assert last(err) == "1 hole of 2 filled; 1 file would change"


@pytest.mark.parametrize("text", ["pass", "...", "# TODO: write", "raise NotImplementedError"])
def test_an_answer_that_is_a_placeholder_itself_is_none(run: Run, tree: Path, text: str) -> None:
    run.answer = lambda r: filled(r, text) if isinstance(r, FillRequest) else NoFill("empty_fill")
    code, out, err = run("fill", "--marker", "FILL")
    assert (code, out) == (1, b"") and "the answer is a placeholder itself" in err


def test_a_file_that_changed_meanwhile_is_left_and_the_rest_is_written(run: Run, tree: Path) -> None:
    write(tree, {"src/b.py": AREA})

    def meanwhile(request: Request) -> Filled | NoFill:
        (tree / "src/area.py").write_text("theirs = 1\n")
        return answer(request)

    run.answer = meanwhile
    code, _, err = run("fill", "--marker", "FILL", "--write")
    assert (
        code == 1 and (tree / "src/area.py").read_text() == "theirs = 1\n" and (tree / "src/b.py").read_text() == DONE
    )
    assert "src/area.py:2: left: changed on disk since it was read" in err
    assert last(err) == "2 holes of 4 filled; 1 file changed"


def test_the_request_has_what_the_options_say(run: Run, tree: Path) -> None:
    run("refine", "--select", "no-docstring", "--strength", "low", "--seed", "5", "--deadline-ms", "70", "src")
    (first, _) = run.requests
    assert isinstance(first, RewriteRequest)
    assert (first.strength, first.seed, first.deadline_ms, first.least_confidence) == (0.15, 5, 70, 0.0)


def test_a_job_file_and_options_over_it(run: Run, tree: Path) -> None:
    (tree / "job.toml").write_text('seed = 3\n[select]\npaths = ["nowhere"]\nselector = "marker:FILL"\n')
    assert run("run", "job.toml")[2] == "infill: nowhere: no such file or folder\n"
    code, _, _ = run("run", "job.toml", "src", "--min-confidence", "0.25")
    assert code == 0 and {(r.seed, r.least_confidence) for r in run.requests} == {(3, 0.25)}


def test_an_instruction_for_a_model_that_follows_none_is_refused(run: Run, tree: Path) -> None:
    code, out, err = run("rewrite", "--select", "no-docstring", "--instruction", "say it", "--write")
    assert (code, out, run.requests) == (2, b"", [])
    assert last(err) == "infill: fake follows no instructions; infill model fetch qwen-0.5b gets a model that does"


def test_overlapping_answers_are_refused_where_they_are_applied(run: Run, tree: Path) -> None:
    run.answer = lambda r: filled(r, "y = 3\n", span=(0, len(AREA)))
    code, _, err = run("fill", "--marker", "FILL", "--write")
    assert code == 1 and (tree / "src/area.py").read_text() == "y = 3\n"
    assert "src/area.py:7: left: superseded (it would replace what an earlier hole changed)" in err


def test_what_breaks_the_file_is_refused(run: Run, tree: Path) -> None:
    run.answer = lambda r: filled(r, "return (") if isinstance(r, FillRequest) else answer(r)
    code, _, err = run("fill", "--marker", "FILL", "--write")
    assert code == 1 and "src/area.py:2: left: breaks_parse" in err
    assert (tree / "src/area.py").read_text() == AREA.replace("...", "2")


def test_reports(run: Run, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run.answer = lambda r: answer(r) if isinstance(r, RewriteRequest) else NoFill("not_confident", "a|b")
    (tree / "step.md").write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "step.md")
    outputs = ("--patch", "p.diff", "--sarif", "r.sarif", "--summary", "step.md", "--github")
    code, out, err = run("fill", "--marker", "FILL", *outputs)
    assert (code, out) == (1, b"")
    assert b"+    return 2" in (tree / "p.diff").read_bytes()
    assert "::warning file=src/area.py,line=2,endLine=3,title=infill fill::nothing to show: not_confident (a|b)" in err
    assert "::notice file=src/area.py,line=7,endLine=7,title=infill fill::confidence 0.75" in err
    summary = (tree / "step.md").read_text()
    assert summary.startswith("before\n## infill fill\n\n1 of 2 holes changed in 1 of 2 files; selector `marker:FILL`")
    assert (
        "| `src/area.py:2-3` | | left: not_confident (a\\|b) |\n| `src/area.py:7` | 0.75 | changed by diff" in summary
    )
    report = json.loads((tree / "r.sarif").read_text())
    left, done = report["runs"][0]["results"]
    assert (left["level"], done["level"], "fixes" in left) == ("warning", "note", False)
    place = done["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "src/area.py"
    (replacement,) = done["fixes"][0]["artifactChanges"][0]["replacements"]
    region = {"startLine": 7, "startColumn": 12, "endLine": 7, "endColumn": 15}
    assert replacement == {"deletedRegion": region, "insertedContent": {"text": "2"}}


def test_candidates_that_differ_in_blanks_are_one(run: Run, tree: Path) -> None:
    run.answer = lambda r: filled(r, "return 1", "return 1 ", "return 1\n", "return 2")
    (tree / "src/area.py").write_text("def area(w, h):\n    # FILL\n")
    _, out, _ = run("fill", "--marker", "FILL", "--json", "--candidates", "4")
    (record,) = [json.loads(line) for line in out.splitlines()]
    assert [c["changes"][0]["text"] for c in record["candidates"]] == ["return 1", "return 2"]


def test_json_is_a_record_for_each_hole_with_what_would_change(run: Run, tree: Path) -> None:
    run.answer = lambda r: answer(r) if isinstance(r, RewriteRequest) else NoFill("empty_fill", "nothing")
    code, out, _ = run("fill", "--marker", "FILL", "--json")
    left, changed = [json.loads(line) for line in out.splitlines()]
    at = AREA.index("...")
    assert code == 1 and (left["status"], left["why"], left["changes"]) == ("left", "empty_fill (nothing)", [])
    assert changed["changes"] == [{"span": [at, at + 3], "text": "2"}] and changed["candidates"][changed["chosen"]]
    assert (changed["file"], changed["first"], changed["confidence"]) == ("src/area.py", 7, 0.75)


@pytest.mark.parametrize("command", ["run", "fill --marker X", "rewrite --select X", "refine --select X"])
def test_the_documents_name_every_option(run: Run, tree: Path, command: str) -> None:
    docs = Path(__file__).parents[3] / "docs"
    said = (docs / "ci.md").read_text() + (docs / "command-line.md").read_text()
    code, out, _ = run(*command.split(), "--help")
    options = set(re.findall(r"(?m)^  (--[a-z-]+)", out.decode()))
    assert code == 0 and len(options) > 30
    assert not {option for option in options if f"{option}`" not in said and f"{option} " not in said}


def test_log_json_is_one_event_a_line_and_holds_no_code(run: Run, tree: Path) -> None:
    code, out, err = run("fill", "--marker", "FILL", "--log-json")
    events = [json.loads(line) for line in err.splitlines()]
    assert code == 0 and out
    assert [e["event"] for e in events] == ["plan", "hole", "hole", "outcome", "outcome", "end"]
    assert (events[0]["holes"], events[1]["file"], events[3]["status"], events[5]["changed"]) == (
        2, "src/area.py", "changed", 2
    )  # fmt: skip
    assert "return" not in err


def test_the_same_bytes_whatever_the_order_of_the_paths(run: Run, tree: Path) -> None:
    write(tree, {"src/b.py": AREA})
    run.answer = lambda r: filled(r, f"return {len(r.text)}") if isinstance(r, FillRequest) else answer(r)
    outs = [run("fill", "--marker", "FILL", *paths)[1] for paths in (["src"], ["src/b.py", "src/area.py"])]
    assert outs[0] == outs[1] and outs[0]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("fill", "--marker", "a b"), "selector 'marker:a b': is not one of"),
        (("fill", "--marker", "FILL", "--transaction"), "--transaction needs --write"),
        (("fill", "--marker", "FILL", "--write", "--check"), "--write does not work with --check"),
        (("fill", "--marker", "FILL", "--patch", "no/p.diff"), "no/p.diff: cannot be written"),
        (("rewrite", "--select", "calls:f", "--freeze", "x"), "freeze.parts 'x': is not one of"),
        (("run",), "name the job's file"),
        (("run", "no.toml"), "no.toml: no such file"),
        (("fill", "--marker", "FILL", "none"), "none: no such file or folder"),
    ],
)
def test_wrong_usage_is_refused_before_a_model_is_opened(
    run: Run, tree: Path, argv: tuple[str, ...], said: str
) -> None:
    code, out, err = run(*argv)
    assert (code, out, run.opened) == (2, b"", []) and said in err


def test_without_the_option_the_commands_take_places_as_before(run: Run, tree: Path) -> None:
    code, _, err = run("fill", "src/area.py:7:5", "--", "--marker")
    assert code == 2 and "--marker: is not FILE:LINE:COL" in err


def test_changed_alone_takes_no_path(run: Run, tree: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tree, check=True)
    git = ["git", "-c", "user.name=n", "-c", "user.email=e@x.org"]
    subprocess.run([*git, "commit", "-qm", "x", "--allow-empty"], cwd=tree, check=True)
    assert run("fill", "--marker", "FILL", "--changed", "src", "--dry-run")[1].count(b"\n") == 2
    subprocess.run([*git, "add", "."], cwd=tree, check=True)
    subprocess.run([*git, "commit", "-qm", "y"], cwd=tree, check=True)
    assert run("fill", "--marker", "FILL", "--changed", "src", "--dry-run")[1] == b""
    assert run("fill", "--marker", "FILL", "--changed=HEAD~1", "src", "--dry-run")[1].count(b"\n") == 2


def test_more_candidates_come_from_more_seeds_and_are_told_apart(run: Run, tree: Path) -> None:
    seen: list[int] = []

    def seeded(request: Request) -> Filled | NoFill:
        seen.append(request.seed)
        return filled(request, f"return {request.seed}") if isinstance(request, FillRequest) else NoFill("empty_fill")

    run.answer = seeded
    (tree / "src/area.py").write_text("def f():\n    pass\n")
    _, out, err = run("fill", "--marker", "FILL", "--candidates", "3", "--log-json")
    assert seen == [0, 1, 2] and b"return 0" in out
    assert next(e for e in map(json.loads, err.splitlines()) if e["event"] == "hole")["candidates"] == 3
