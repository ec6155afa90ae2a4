"""The project's formatter is used where it was used before, and never on lines that nobody asked for."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from infill.verify.formatter import Formatter

BIN = Path(sys.executable).parent
GOOD, LONG, BAD = "x = 1\n", "x = [1,2]\n", "y  =  2\n"


@pytest.fixture(autouse=True)
def ruff_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(BIN), prepend=os.pathsep)


def formatter(root: Path, setting: str = "auto") -> tuple[Formatter, list[str]]:
    said: list[str] = []
    return Formatter(str(root), setting, said.append), said


def test_a_configured_formatter_formats_what_it_formatted_before(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\nline-length = 120\n")
    ruff, said = formatter(tmp_path)
    assert ruff.finished("a.py", "python", GOOD, LONG) == "x = [1, 2]\n"
    assert ruff.finished("a.py", "python", BAD, BAD + LONG) == BAD + LONG
    assert ruff.finished("a.go", "go", GOOD, LONG) == LONG and said == []


def test_what_it_cannot_format_stays_and_is_told(tmp_path: Path) -> None:
    (tmp_path / "ruff.toml").write_text("")
    ruff, said = formatter(tmp_path)
    assert ruff.finished("a.py", "python", GOOD, "x = (\n") == "x = (\n"
    assert said == ["ruff: cannot format a.py (CalledProcessError)"]


def test_no_formatter_without_a_setting_of_the_project_or_with_none(tmp_path: Path) -> None:
    assert formatter(tmp_path)[0].finished("a.py", "python", GOOD, LONG) == LONG
    (tmp_path / "ruff.toml").write_text("")
    assert formatter(tmp_path, "none")[0].finished("a.py", "python", GOOD, LONG) == LONG


def test_one_that_is_not_installed_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "ruff.toml").write_text("")
    ruff, said = formatter(tmp_path)
    for name in ("a.py", "b.py"):
        assert ruff.finished(name, "python", GOOD, LONG) == LONG
    assert said == ["ruff formats this project, but is not on the path: changes stay as written"]


def test_a_command_of_ones_own(tmp_path: Path) -> None:
    assert formatter(tmp_path, "sed 's/,/, /g'")[0].finished("a.py", "python", GOOD, LONG) == "x = [1, 2]\n"
