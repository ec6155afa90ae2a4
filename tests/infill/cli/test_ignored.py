"""`infill` refuses files that are ignored and says by which rule."""

from __future__ import annotations

from pathlib import Path

from tests.infill.conftest import CODE, Run
from tests.infill.ignore.trees import posix, write


def test_an_ignored_file_is_refused_and_the_remedy_named(run: Run, area: Path, tmp_path: Path) -> None:
    (tmp_path / ".dgignore").write_text("# private\narea.*\n")
    code, out, err = run("fill", "--write", "area.py:2:16")
    assert (code, out, run.opened) == (2, b"", [])
    assert err == "infill: area.py: is ignored: area.* (.dgignore:2); --no-ignore fills it anyway\n"
    assert area.read_bytes() == CODE
    code, out, _ = run("fill", "--no-ignore", "area.py:2:16")
    assert code == 0 and b"+    return w * h" in out


def test_one_ignored_file_among_others_refuses_the_run(run: Run, area: Path, tmp_path: Path) -> None:
    (tmp_path / "credentials.json").write_text("{}")
    code, _, err = run("fill", "area.py:2:16", "credentials.json:1:1")
    assert (code, run.requests) == (2, [])
    assert "credentials* (built-in secret files)" in err


@posix
def test_every_name_of_a_file_is_judged(run: Run, area: Path, tmp_path: Path) -> None:
    (tmp_path / "private.py").symlink_to("area.py")
    (tmp_path / ".dgignore").write_text("private.py\n")
    code, _, err = run("fill", "area.py:2:16", "private.py:1:1")
    assert code == 2 and "private.py: is ignored" in err


def test_standard_input_is_not_judged(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".dgignore").write_text("*\n")
    code, out, _ = run("fill", "-:2:16", stdin=CODE)
    assert code == 0 and b"return w * h" in out


def test_the_current_folder_is_the_workspace(run: Run, tmp_path: Path) -> None:
    write(tmp_path, {".dgignore": "*.py\n", "a/b/x.py": "x = 1\n"})
    code, _, err = run("fill", "a/b/x.py:1:1")
    assert code == 2 and "*.py (.dgignore:1)" in err
