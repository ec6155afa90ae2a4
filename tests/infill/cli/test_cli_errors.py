"""Bad input to the `infill` command: one line, exit 2, nothing touched, no model loaded."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import infill.pipeline.filler
from infill.types import Filled, FillRequest, NoFill
from model.types import CheckpointError, ModelSpec, OnBytes
from tests.infill.conftest import CODE, Run
from tests.infill.fake_filler import FakeFiller, filled


@pytest.fixture
def bad(tmp_path: Path, area: Path) -> Path:
    (tmp_path / "latin.py").write_bytes(b"caf\xe9")
    (tmp_path / "binary.py").write_bytes(b"a\0b")
    (tmp_path / "folder.py").mkdir()
    with open(tmp_path / "huge.py", "wb") as huge:
        huge.truncate(50_000_000)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "fifo.py")
    return tmp_path


BAD_INPUT = {
    "missing": (["missing.py:1:1"], "missing.py: no such file"),
    "not UTF-8": (["latin.py:1:1"], "latin.py: is not UTF-8 text (first bad byte at offset 3)"),
    "binary": (["binary.py:1:1"], "binary.py: is binary"),
    "folder": (["folder.py:1:1"], "folder.py: is a folder"),
    "huge": (["huge.py:1:1"], "huge.py: is too large (50.0 MB; the limit is 5 MB)"),
    "fifo": (["fifo.py:1:1"], "fifo.py: is not a regular file"),
    "line": (["area.py:9:1"], "area.py:9:1: line 9 is outside the text, which has 3 lines"),
    "column": (["area.py:1:99"], "area.py:1:99: column 99 is outside line 1, which has 15 characters"),
    "no position": (["area.py"], "area.py: is not FILE:LINE:COL"),
    "language": (["area.py:1:1", "--language", "klingon"], "--language klingon: is not one of bash, "),
    "good and bad": (["area.py:1:1", "missing.py:1:1"], "missing.py: no such file"),
}


@pytest.mark.parametrize(("argv", "complaint"), BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_bad_input_is_one_line_and_touches_nothing(run: Run, bad: Path, argv: list[str], complaint: str):
    if argv[0].startswith("fifo") and not hasattr(os, "mkfifo"):
        pytest.skip("no pipes here")
    code, out, err = run("fill", "--write", *argv)
    assert (code, out, run.opened) == (2, b"", [])
    assert err.startswith(f"infill: {complaint}")
    assert err.count("\n") == 1
    assert (bad / "area.py").read_bytes() == CODE


@pytest.mark.parametrize(
    ("argv", "complaint"),
    [
        (["fill"], "the following arguments are required: FILE:LINE:COL"),
        (["fill", "area.py:1:1", "--candidates", "17"], "'17' is not a whole number from 1 to 16"),
        (["fill", "area.py:1:1", "--candidates", "0"], "argument --candidates: '0' is not"),
        (["fill", "area.py:1:1", "--seed", "-1"], "argument --seed: '-1' is not a whole number"),
        (["fill", "area.py:1:1", "--deadline-ms", "nan"], "argument --deadline-ms: 'nan' is not"),
        (["fill", "area.py:1:1", "--wat"], "unrecognized arguments: --wat"),
        (["fill", "-:1:1", "--write", "--json"], "--write and --json would both print"),
        ([], "the following arguments are required: COMMAND"),
        (["fil"], "invalid choice: 'fil'"),
    ],
)
def test_a_usage_error_is_usage_and_one_line(run: Run, area: Path, argv: list[str], complaint: str):
    code, out, err = run(*argv)
    assert (code, out, run.opened) == (2, b"", [])
    usage, line = err.splitlines()
    assert usage.startswith("usage: infill ")
    assert complaint in line


def test_a_broken_checkpoint_is_one_line(run: Run, area: Path, monkeypatch: pytest.MonkeyPatch):
    def broken(spec: ModelSpec, on_bytes: OnBytes | None) -> FakeFiller:
        raise CheckpointError(f"{spec.model}: weights\nmissing")

    monkeypatch.setattr(infill.pipeline.filler, "open_filler", broken)
    code, out, err = run("fill", "area.py:1:1", "--write", "--model", "m")
    assert (code, out, err) == (2, b"", "infill: m: weights missing\n")


def test_a_missing_library_is_one_line(run: Run, area: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "infill.pipeline.filler", None)
    code, _, err = run("fill", "area.py:1:1")
    assert code == 2
    assert err.startswith("infill: the model cannot be loaded: ")
    assert err.count("\n") == 1


def test_a_file_changed_meanwhile_is_not_overwritten_nor_is_any_other(run: Run, area: Path, tmp_path: Path):
    (tmp_path / "b.py").write_bytes(b"b")

    def answer(request: FillRequest) -> Filled:
        (tmp_path / "b.py").write_bytes(b"theirs")
        return filled(request, "#")

    run.answer = answer
    code, out, err = run("fill", "--write", "area.py:1:1", "b.py:1:1")
    assert (code, out) == (2, b"")
    assert "b.py: changed on disk since it was read; nothing was written" in err
    assert (area.read_bytes(), (tmp_path / "b.py").read_bytes()) == (CODE, b"theirs")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["area.py", "b.py"]


def test_our_own_bug_shows_where_and_is_not_exit_1(run: Run, area: Path):
    def bug(request: FillRequest) -> Filled:
        raise ZeroDivisionError("a bug")

    run.answer = bug
    code, out, err = run("fill", "--write", "area.py:1:1")
    assert (code, out) == (2, b"")
    assert "in bug" in err
    assert "ZeroDivisionError: a bug" in err
    assert area.read_bytes() == CODE


def test_ctrl_c_is_quiet_and_writes_nothing(run: Run, area: Path):
    def interrupted(request: FillRequest) -> Filled | NoFill:
        if len(run.requests) > 1:
            raise KeyboardInterrupt
        return filled(request, "x")

    run.answer = interrupted
    code, out, err = run("fill", "--write", "area.py:1:1", "area.py:2:1")
    assert (code, out, area.read_bytes()) == (130, b"", CODE)
    assert "Traceback" not in err
