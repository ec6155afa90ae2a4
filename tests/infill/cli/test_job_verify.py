"""Jobs with a command that verifies, and with the journal: what is kept, what is asked again, and an untouched tree."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from infill.types import Filled, FillRequest, NoFill, Request
from tests.infill.conftest import Run
from tests.infill.fake_filler import filled
from tests.infill.ignore.trees import write

PYTHON = f"'{sys.executable}'"
TREE = {
    "calc.py": "def one():\n    # FILL\n    pass\n\n\ndef two():\n    # FILL\n    pass\n",
    "check.py": "import calc\nassert calc.one() in (None, 1) and calc.two() in (None, 2)\n",
    "tests.py": "import calc\nassert (calc.one(), calc.two()) == (1, 2)\n",
}
DONE = "def one():\n    return 1\n\n\ndef two():\n    return 2\n"


def answer(request: Request) -> Filled | NoFill:
    """Two candidates for each hole; for the second hole the second one is right."""
    assert isinstance(request, FillRequest)
    texts = ("return 1", "return 3") if "def one" in request.text[: request.offset][-20:] else ("return 1", "return 2")
    return filled(request, *texts[: request.candidates])


@pytest.fixture
def tree(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    run.answer = answer
    folder = tmp_path / "tree"
    write(folder, TREE)
    monkeypatch.chdir(folder)
    return folder


def fill(run: Run, *options: str) -> tuple[int, bytes, str]:
    return run("fill", "--marker", "FILL", "calc.py", *options)


def test_a_hole_keeps_the_first_candidate_with_which_the_command_passes(run: Run, tree: Path) -> None:
    code, _, err = fill(run, "--candidates", "2", "--verify", f"{PYTHON} check.py", "--write")
    assert (code, (tree / "calc.py").read_text()) == (0, DONE)
    assert "verify: fails with 2 holes changed" in err and "AssertionError" in err


def test_a_hole_without_such_a_candidate_is_left(run: Run, tree: Path) -> None:
    code, _, err = fill(run, "--verify", f"{PYTHON} check.py", "--write")
    assert code == 1 and (tree / "calc.py").read_text() == DONE.replace("    return 2\n", "    # FILL\n    pass\n")
    assert "calc.py:7: left: the command fails with it: exit status 1" in err


def test_tests_that_fail_before_pass_after(run: Run, tree: Path) -> None:
    code, _, _ = fill(run, "--candidates", "2", "--verify", f"{PYTHON} tests.py", "--write")
    assert (code, (tree / "calc.py").read_text()) == (0, DONE)


def test_the_tree_is_not_touched_by_the_command_nor_by_a_run_without_write(run: Run, tree: Path) -> None:
    spoil = f"{PYTHON} check.py && echo spoilt > calc.py && touch new && pwd > ../where"
    _, out, _ = fill(run, "--candidates", "2", "--verify", spoil)
    assert b"+    return 2" in out
    assert {path.name: path.read_text() for path in tree.iterdir()} == TREE
    assert list((tree.parent / "state").rglob("scratch")) == []


@pytest.mark.parametrize("repository", [True, False])
def test_the_command_is_run_where_the_user_is(
    run: Run, tree: Path, monkeypatch: pytest.MonkeyPatch, repository: bool
) -> None:
    write(tree, {"sub/x.py": "x = 1\n"})
    if repository:
        (tree / ".git").mkdir()
        monkeypatch.chdir(tree / "sub")
    path = "../calc.py" if repository else "calc.py"
    place = "x.py" if repository else "sub/x.py"
    code, _, err = run("fill", "--marker", "FILL", path, "--verify", f"test -f {place} && test -f {path}")
    assert code == 0, err


def test_a_job_file_has_it_all(run: Run, tree: Path) -> None:
    text = f"""[select]
paths = ["calc.py"]
selector = "marker:FILL"
[verify]
command = "{PYTHON} check.py"
[limits]
candidates = 2
"""
    (tree / "job.toml").write_text(text)
    assert run("run", "job.toml", "--write")[0] == 0 and (tree / "calc.py").read_text() == DONE


def test_a_command_that_hangs_is_ended_and_nothing_is_kept(run: Run, tree: Path) -> None:
    code, out, err = fill(run, "--verify", "sleep 543210", "--verify-seconds", "1")
    assert (code, out) == (1, b"") and "the command fails before and after: it took more than 1 s" in err


def test_what_was_seen_is_what_is_written_without_asking_again(run: Run, tree: Path) -> None:
    options = ("--candidates", "2", "--verify", f"{PYTHON} check.py")
    fill(run, *options)
    n_asked, opened = len(run.requests), list(run.opened)
    code, _, err = fill(run, *options, "--write", "--log-json")
    events = [json.loads(line) for line in err.splitlines()]
    assert (code, len(run.requests), run.opened) == (0, n_asked, opened)
    assert events[0]["kept"] == 2 and all(e["kept"] for e in events if e["event"] in ("hole", "verify"))
    assert (tree / "calc.py").read_text() == DONE


@pytest.mark.parametrize("changed", ["calc.py", "options"])
def test_another_file_or_job_is_asked_anew(run: Run, tree: Path, changed: str) -> None:
    fill(run)
    n_asked = len(run.requests)
    if changed == "calc.py":
        (tree / "calc.py").write_text("\n" + TREE["calc.py"])
    fill(run, *(("--seed", "1") if changed == "options" else ()))
    assert len(run.requests) == 2 * n_asked


def test_without_a_journal_nothing_is_kept(run: Run, tree: Path) -> None:
    for _ in range(2):
        fill(run, "--no-journal", "--verify", f"{PYTHON} check.py")
    assert len(run.requests) == 4 and not (tree.parent / "state").exists()


def test_all_or_none(run: Run, tree: Path) -> None:
    write(tree, {"a.py": TREE["calc.py"]})

    def meanwhile(request: Request) -> Filled | NoFill:
        (tree / "calc.py").write_text("theirs = 1\n")
        return answer(request)

    run.answer = meanwhile
    code, _, err = run("fill", "--marker", "FILL", "--write", "--transaction")
    assert code == 1 and (tree / "a.py").read_text() == TREE["calc.py"]
    assert "a.py:2: left: was not written, as all files are written or none" in err
    assert err.splitlines()[-1] == "0 holes of 4 filled; 0 files changed"


def test_the_formatter_of_the_project_has_the_last_word(run: Run, tree: Path) -> None:
    code, out, _ = fill(run, "--formatter", "sed 's/return 1/return  1/'")
    assert code == 0 and b"+    return  1" in out
