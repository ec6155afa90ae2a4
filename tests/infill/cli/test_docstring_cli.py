"""`infill docstring`: places in, a diff out, and clear words where there is nothing to document."""

from __future__ import annotations

from pathlib import Path

import pytest

from infill.cli.main import main


@pytest.mark.parametrize(
    ("name", "text", "line", "said"),
    [
        ("a.py", 'def f(a):\n    """Says."""\n    return a\n', "1", "a.py:1: no_target (it has a docstring)"),
        ("a.go", "package a\n\n// f says.\nfunc f() {\n}\n", "4", "a.go:4: no_target (it has a comment above it)"),
        ("a.json", "{}\n", "1", "a.json:1: no_target (nothing there can have documentation)"),
        ("a.py", "x = 1\n", "9", "a.py:9: "),
        ("a.py", "x = 1\n", "x", "is not FILE:LINE"),
    ],
)
def test_nothing_to_document_is_said_without_a_model(
    name: str, text: str, line: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(text)
    monkeypatch.setattr("infill.cli.pieces.open_model", lambda _: pytest.fail("a model was opened"))
    assert main(["docstring", f"{name}:{line}"]) == (1 if "no_target" in said else 2)
    assert said in capsys.readouterr().err
