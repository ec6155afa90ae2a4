"""The `infill` command with a scripted filler: what goes to stdout, to stderr, to disk, and the exit code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest

from infill.types import Filled, FillRequest, NoFill
from tests.infill.conftest import CODE, Run
from tests.infill.fake_filler import filled

FILLED = b"def area(w, h):\n    return w * h\n"


def nothing(request: FillRequest) -> NoFill:
    return NoFill("not_confident", "0.01 is under 0.3", None, {"hole": 1.0})


def only_first_line(request: FillRequest) -> Filled | NoFill:
    assert request.offset is not None
    return nothing(request) if "\n" in request.text[: request.offset] else filled(request, "#")


# What comes out


def test_a_diff_is_printed_that_git_applies(run: Run, area: Path, tmp_path: Path):
    code, out, err = run("fill", "area.py:2:16")
    assert code == 0
    assert area.read_bytes() == CODE
    subprocess.run(["git", "apply"], input=out, cwd=tmp_path, check=True)
    assert area.read_bytes() == FILLED
    told = err.splitlines()
    assert told[0].startswith("fake: loaded in ")
    assert re.fullmatch(
        r"area\.py:2:16: filled in \d+ ms: diffusion, 3 steps, converged, confidence 0\.75",
        told[1],
    )
    assert len(told) == 2


def test_write_changes_the_file_and_prints_no_data(run: Run, area: Path):
    area.write_bytes(b"\xef\xbb\xbf" + CODE.replace(b"\n", b"\r\n").rstrip())
    area.chmod(0o755)
    code, out, _ = run("fill", "--write", "area.py:2:13")
    assert (code, out) == (0, b"")
    assert area.read_bytes() == b"\xef\xbb\xbfdef area(w, h):\r\n    return wh *"
    assert area.stat().st_mode & 0o777 == 0o755


def test_json_is_one_line_per_position_in_the_order_given(run: Run, area: Path):
    run.answer = lambda request: filled(request, "h", "w")
    code, out, err = run("fill", "area.py:2:16", "--json", "./area.py:1:1", "--seed", "7", "--candidates", "2")
    assert code == 0
    lines = [json.loads(line) for line in out.splitlines()]
    first = {
        "span": [31, 31],
        "text": "h",
        "confidence": 0.75,
        "token_entropies": [{"token": "h", "entropy": 0.125}],
        "steps": 3,
        "stop_reason": "converged",
        "source": "diffusion",
    }
    second = first | {"text": "w", "token_entropies": [{"token": "w", "entropy": 0.125}]}
    place = {"file": "area.py", "line": 2, "column": 16, "status": "filled"}
    end = {"seed": 7, "candidates": [first, second], "reason": None, "detail": None}
    assert lines[0] == place | first | end
    assert [(line["file"], line["line"], line["span"]) for line in lines[1:]] == [("./area.py", 1, [0, 0])]
    times = [json.loads(line) for line in err.splitlines()]
    assert sorted(times[0]) == ["column", "file", "line", "milliseconds", "timings_ms"]
    assert [(time["file"], time["timings_ms"]) for time in times] == [
        ("./area.py", {"denoise": 5.0}),
        ("area.py", {"denoise": 5.0}),
    ]
    assert [(request.seed, request.candidates) for request in run.requests] == [(7, 2), (7, 2)]


def test_json_says_why_there_is_nothing(run: Run, area: Path):
    run.answer = nothing
    code, out, _ = run("fill", "area.py:2:16", "--json", "--write", "--seed", "5")
    assert code == 1
    line = json.loads(out)
    assert (line["status"], line["reason"], line["detail"]) == (
        "no_fill",
        "not_confident",
        "0.01 is under 0.3",
    )
    assert (line["span"], line["text"], line["candidates"], line["seed"]) == (None, None, [], 5)


def test_json_with_the_same_seed_is_the_same_bytes(run: Run, area: Path):
    assert run("fill", "area.py:2:16", "--json")[1] == run("fill", "area.py:2:16", "--json")[1]


def test_nothing_to_show_is_exit_1_with_the_reason_on_stderr(run: Run, area: Path):
    run.answer = nothing
    code, out, err = run("fill", "area.py:2:16")
    assert (code, out) == (1, b"")
    assert "area.py:2:16: nothing to show in" in err
    assert err.endswith("not_confident (0.01 is under 0.3)\n"), "times of the stages are for --explain"
    assert "not_confident (0.01 is under 0.3) [hole 1 ms]" in run("fill", "--explain", "area.py:2:16")[2]


@pytest.mark.parametrize("write", [True, False])
def test_what_was_filled_is_kept_when_something_was_not(run: Run, area: Path, write: bool):
    run.answer = only_first_line
    code, out, _ = run("fill", "area.py:1:16", "area.py:2:16", *(["--write"] if write else []))
    assert code == 1
    assert (b"+def area(w, h):#\n" in out) is not write
    assert area.read_bytes() == (CODE.replace(b":", b":#") if write else CODE)


def test_several_files_and_positions_in_one_go(run: Run, area: Path, tmp_path: Path):
    other = tmp_path / "odd:name.js"
    other.write_bytes(b"f()\ng()")
    run.answer = lambda request: filled(request, "1")
    code, _, _ = run("fill", "--write", "odd:name.js:2:3", "area.py:2:16", f"{other}:1:3")
    assert code == 0
    assert (other.read_bytes(), area.read_bytes()) == (b"f(1)\ng(1)", FILLED.replace(b"* h", b"* 1"))
    assert [request.language for request in run.requests] == ["javascript", "javascript", "python"]


def test_two_names_of_one_file_are_one_file(run: Run, area: Path, tmp_path: Path):
    (tmp_path / "link.py").symlink_to("area.py")
    assert run("fill", "--write", "area.py:2:16", "link.py:1:16")[0] == 0
    assert area.read_bytes() == FILLED.replace(b":", b":h")
    assert (tmp_path / "link.py").is_symlink()


def test_explain_tells_the_hole_and_what_came_of_it(run: Run, area: Path):
    assert (
        "area.py:2:16: hole line_end, characters 31 to 31, indent '    ', one line -> filled: diffusion"
        in (run("fill", "--explain", "area.py:2:16")[2])
    )
    run.answer = lambda request: NoFill("in_comment", "two\nlines", model="m")
    assert "lines) [by m]\n" in run("fill", "--explain", "area.py:2:16")[2]
    assert r"area.py:2:16: no hole -> in_comment (two\nlines)" in run("fill", "--explain", "area.py:2:16")[2]


def test_options_reach_the_filler(run: Run, area: Path):
    run("fill", "area.py:1:1", "--model", "m", "--deadline-ms", "90", "--language", "rust")
    request = run.requests[0]
    assert (run.opened, request.deadline_ms, request.language, request.trigger) == (
        ["m"],
        90.0,
        "rust",
        "manual",
    )


# Languages


def test_a_file_of_no_known_language_is_a_reason_and_needs_no_model(run: Run, tmp_path: Path):
    (tmp_path / "notes.xyz").write_bytes(b"text")
    code, out, err = run("fill", "notes.xyz:1:5")
    assert (code, out, run.opened) == (1, b"", [])
    assert "unknown_language (give --language ID)" in err
    assert run("fill", "notes.xyz:1:5", "--language", "python")[0] == 0


def test_an_editors_name_of_a_language_is_ours_by_the_time_the_filler_sees_it(run: Run, area: Path):
    run("fill", "area.py:1:1", "--language", "shellscript")
    assert run.requests[0].language == "bash"


# Standard input


def test_stdin_gives_a_diff_or_with_write_the_text(run: Run):
    code, out, _ = run("fill", "-:2:16", stdin=CODE)
    assert code == 0
    assert out.startswith(b"--- a/stdin\n+++ b/stdin\n@@ -1,2 +1,2 @@\n")
    assert run.requests[0].language == "python"
    code, out, _ = run("fill", "--write", "-:2:16", stdin=b"\xef\xbb\xbf" + CODE.replace(b"\n", b"\r\n"))
    assert (code, out) == (0, b"\xef\xbb\xbf" + FILLED.replace(b"\n", b"\r\n"))


def test_stdin_passes_through_when_nothing_was_found(run: Run):
    run.answer = nothing
    assert run("fill", "--write", "-:2:16", stdin=CODE)[:2] == (1, CODE)


def test_stdin_tells_its_language_by_its_first_line(run: Run):
    run("fill", "-:2:1", stdin=b"#!/bin/bash\n")
    assert run.requests[0].language == "bash"


def test_stdin_and_files_keep_the_order_given(run: Run, area: Path):
    _, out, _ = run("fill", "--json", "-:1:1", "area.py:1:1", "-:1:2", stdin=b"ab")
    assert [json.loads(line)["file"] for line in out.splitlines()] == ["-", "area.py", "-"]


# The rest of the face


def test_version_and_help(run: Run):
    code, out, _ = run("--version")
    assert (code, out.startswith(b"infill ")) == (0, True)
    code, out, _ = run("--help")
    assert (code, b"fill       fill code at positions" in out, b"bench    " in out) == (0, True, True)


def test_bench_gets_the_rest_of_the_arguments(run: Run, monkeypatch: pytest.MonkeyPatch):
    seen: list[list[str]] = []
    bench = types.ModuleType("infill.bench.main")
    monkeypatch.setattr(bench, "main", lambda argv: seen.append(argv) or 1, raising=False)
    monkeypatch.setitem(sys.modules, "infill.bench.main", bench)
    assert run("bench", "--help", "-x")[0] == 1
    assert seen == [["--help", "-x"]]


def test_colour_only_on_a_terminal(run: Run, area: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b" not in run("fill", "area.py:1:1")[2]
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert "\x1b[32mfilled\x1b[0m" in run("fill", "area.py:1:1")[2]
    assert run("fill", "x")[2].startswith("\x1b[31minfill:\x1b[0m x: is not")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run("fill", "area.py:1:1")[2]


def test_a_name_that_is_not_utf_8_is_still_json(run: Run, tmp_path: Path):
    name = os.fsdecode(b"caf\xe9.py")
    try:
        (tmp_path / name).write_bytes(b"x")
    except OSError:
        pytest.skip("the file system takes only UTF-8 names")
    code, out, _ = run("fill", f"{name}:1:1", "--json")
    assert (code, json.loads(out)["file"]) == (0, "caf\ufffd.py")
    code, out, _ = run("fill", f"{name}:1:1")
    assert out.startswith(b'--- "a/caf\\351.py"\n')
