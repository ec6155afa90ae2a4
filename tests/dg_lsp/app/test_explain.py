"""`dg-lsp explain`: one line a file, and the exit code for scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from dg_lsp.app.cli import main


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").touch()
    (tmp_path / ".gitignore").write_text("# logs\n*.log\ngen/*\n")
    (tmp_path / ".dgignore").write_text("!/gen/kept.py\n")
    (tmp_path / "gen").mkdir()
    for name in ("a.py", "a.log", "gen/kept.py", "gen/a.py"):
        (tmp_path / name).write_text("x = 1\n")
    return tmp_path


def explain(capsys: pytest.CaptureFixture[str], *files: str) -> tuple[object, str]:
    with pytest.raises(SystemExit) as end:
        main(["explain", *files])
    return end.value.code, capsys.readouterr().out


def test_each_file_has_its_rule_with_file_and_line(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = explain(capsys, "a.py", "a.log", "gen/a.py", "gen/kept.py", ".env", "./gen/../a.py")
    assert code == 1
    assert out.splitlines() == [
        "a.py: allowed",
        "a.log: ignored: *.log (.gitignore:2)",
        "gen/a.py: ignored: gen/* (.gitignore:3)",
        "gen/kept.py: allowed: !/gen/kept.py (.dgignore:1)",
        ".env: ignored: *.env (built-in secret files)",
        "./gen/../a.py: allowed",
    ]


def test_the_exit_code_is_0_when_all_are_allowed(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(capsys, "a.py", "gen/kept.py")[0] == 0


def test_rules_that_cannot_be_read_are_named(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / ".dgignore").write_bytes(b"\xff\xfe*\x00")
    assert explain(capsys, "a.py") == (1, f"a.py: ignored: is not UTF-8 ({folder.resolve()}/.dgignore)\n")


def test_what_else_would_keep_the_server_silent_is_said(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "notes.txt").write_text("x")
    (folder / "data.py").write_bytes(b"\x00")
    (folder / "big.py").write_text("x = 1\n" * 200_000)
    (folder / "packed.py").write_text(f"x = {[0] * 500}\n")
    (folder / "script").write_text("#!/usr/bin/env python3\n")
    code, out = explain(capsys, "notes.txt", "data.py", "big.py", "packed.py", "none.py", "gen", "script")
    assert code == 0
    assert out.splitlines() == [
        "notes.txt: allowed; but no language is known for this file name",
        "data.py: allowed; but is binary, not UTF-8 text (NUL byte at offset 0)",
        "big.py: allowed; but no suggestion while you type: file_too_large, 1200000 bytes, the limit is 1000000",
        "packed.py: allowed; but no suggestion while you type: generated_file, lines of 752 characters on average",
        "none.py: allowed; but no such file",
        "gen: allowed; but is a folder, not a file",
        "script: allowed",
    ]


def test_an_ignored_file_is_not_opened(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "binary.log").write_bytes(b"\x00")
    assert explain(capsys, "binary.log") == (1, "binary.log: ignored: *.log (.gitignore:2)\n")


@pytest.mark.parametrize("arguments", [[], ["--nonsense", "a.py"]])
def test_usage_is_2(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert explain(capsys, *arguments) == (2, "")


def test_serving_takes_no_files(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["a.py"])
    assert end.value.code == 2
