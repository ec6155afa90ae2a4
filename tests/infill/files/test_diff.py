"""git and patch are the judges of a diff: applied, it must give the new bytes exactly."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from infill.files.diff import unified_diff
from infill.files.read import SourceFile

LONG = "".join(f"line {i}\n" for i in range(40))
CHANGES = {
    "one line": ("a\nb\nc\n", "a\nB\nc\n"),
    "far apart": (LONG, LONG.replace("line 5\n", "five\n5\n").replace("line 30\n", "")),
    "at the start": (LONG, "new\n" + LONG),
    "at the end": (LONG, LONG + "new\n"),
    "repeated lines": ("x\n" * 50, "x\n" * 25 + "y\n" + "x\n" * 25),
    "CRLF": ("a\r\nb\r\nc\r\n", "a\r\nb = 1\r\nnew\r\nc\r\n"),
    "mixed line ends": ("a\r\nb\nc\rd\n", "a\r\nb1\nc\rd2\n"),
    "only lone CR": ("a\rb\rc", "a\rB\rc"),
    "no final newline": ("a\nb", "a\nb + 1"),
    "no final newline, change above": ("a\nb", "A\nb"),
    "final newline added": ("a\nb", "a\nb\n"),
    "final newline removed": ("a\nb\n", "a\nb"),
    "CRLF, no final newline": ("a\r\nb", "a\r\nb\r\nc"),
    "byte order mark": ("\ufeffa\nb\n", "\ufeffa1\nb\n"),
    "other separators": ("a\u2028b\f\nc\x85d\ve\n", "a\u2028b\f\nc\x85d\ve!\n"),
    "from empty": ("", "a\nb\n"),
    "to empty": ("a\n", ""),
}


def apply(command: list[str], folder: Path, patch: str) -> None:
    environment = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(command, cwd=folder, input=patch.encode(), env=environment, check=True, capture_output=True)


@pytest.mark.parametrize(("before", "after"), CHANGES.values(), ids=CHANGES.keys())
@pytest.mark.parametrize("command", [["git", "apply"], ["patch", "-p1", "--binary"]], ids=["git", "patch"])
def test_tools_apply_the_diff(tmp_path: Path, command: list[str], before: str, after: str):
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    if (command[0], after) == ("patch", ""):
        command = [*command, "--posix"]  # GNU patch else removes a file that becomes empty
    (tmp_path / "a.py").write_bytes(before.encode())
    apply(command, tmp_path, unified_diff("a.py", before, after))
    assert (tmp_path / "a.py").read_bytes() == after.encode()


@pytest.mark.parametrize("name", ["two words.py", 'q"uo\\te.py', "tab\there.py", "größe.py", "n\new.py"])
@pytest.mark.parametrize("command", [["git", "apply"], ["patch", "-p1"]], ids=["git", "patch"])
def test_tools_find_oddly_named_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], name: str):
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / name).write_text("a\n")
    apply(command, tmp_path, unified_diff(tmp_path / "sub" / name, "a\n", "b\n"))
    assert (tmp_path / "sub" / name).read_text() == "b\n"


def test_the_diff_of_a_linked_file_names_the_file_that_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "real.py").write_bytes(b"a\n")
    (tmp_path / "link.py").symlink_to("real.py")
    apply(["git", "apply"], tmp_path, SourceFile.read("link.py").diff("b\n").decode())
    assert (tmp_path / "real.py").read_bytes() == b"b\n"


def test_a_diff_below_the_top_of_a_repository_applies_where_it_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "sub").mkdir()
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "sub" / "a.py").write_bytes(b"a\n")
    monkeypatch.chdir(tmp_path / "sub")
    apply(["git", "apply"], tmp_path / "sub", SourceFile.read("a.py").diff("b\n").decode())
    assert (tmp_path / "sub" / "a.py").read_bytes() == b"b\n"


def test_a_file_outside_the_folder_is_named_from_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    name = (tmp_path / "..a.py").as_posix()
    assert unified_diff(tmp_path / "..a.py", "a", "b").startswith(f"--- a{name}\n+++ b{name}\n@@ -1 +1 @@\n")


def test_equal_texts_have_no_diff():
    assert unified_diff("a.py", LONG, LONG) == ""


def test_a_diff_of_a_large_file_shows_the_change_and_three_lines_around_it():
    before = "".join(f"{i}\n" for i in range(200_000))
    diff = unified_diff("a.py", before, before.replace("\n100000\n", "\nnew\n100000\n"))
    lines = ["@@ -99998,6 +99998,7 @@", " 99997", " 99998", " 99999", "+new", " 100000", " 100001", " 100002"]
    assert diff.splitlines()[2:] == lines


def test_an_empty_side_starts_at_line_0():
    assert "@@ -0,0 +1,2 @@" in unified_diff("a.py", "", "a\nb\n")
    assert "@@ -1 +0,0 @@" in unified_diff("a.py", "a\n", "")
