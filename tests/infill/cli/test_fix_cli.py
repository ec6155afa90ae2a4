"""`infill fix` with the embedded model: the real command, from diagnostics of other programs to a changed file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infill.cli.main import main
from tests.infill.cli.acting import Command

TWO = "import os\n\n\ndef total(values, name):\n    print(Path(name), Path(name))\n    return os.sep, sum(valeus)\n"
MENDED = TWO.replace("valeus", "values")


@pytest.fixture
def fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Command:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text(TWO)
    return Command("fix", monkeypatch, capsysbinary)


@pytest.mark.parametrize(
    ("place", "given"),
    [
        ("a.py:6", []),
        ("a.py:6", ["--message", '"valeus" is not defined']),
        ("a.py:6:24", ["--code", "F821", "--source", "ruff"]),
    ],
)
def test_a_misspelt_name_is_mended_with_a_message_a_code_or_nothing(
    fix: Command, tmp_path: Path, place: str, given: list[str]
) -> None:
    code, out, err = fix(place, *given)
    assert (code, (tmp_path / "a.py").read_text()) == (0, TWO)
    subprocess.run(["git", "apply"], input=out, cwd=tmp_path, check=True)
    assert (tmp_path / "a.py").read_text() == MENDED
    assert "a.py:6-6: changed in " in err


def test_without_a_message_a_missing_colon_and_a_missing_import_are_seen(fix: Command, tmp_path: Path) -> None:
    (tmp_path / "b.py").write_text("def f(x):\n    if x\n        return 1\n    return 2\n")
    assert fix("a.py:5", "b.py:2", "--write")[0] == 0
    assert (tmp_path / "b.py").read_text() == "def f(x):\n    if x:\n        return 1\n    return 2\n"
    assert "from pathlib import Path\n" in (tmp_path / "a.py").read_text()


def test_where_nothing_is_wrong_nothing_changes(fix: Command) -> None:
    code, out, err = fix("a.py:4")
    assert (code, out) == (1, b"") and "nothing is wrong there" in err and "give --message" in err


def test_json_has_changes_of_the_text_as_it_was(fix: Command) -> None:
    code, out, _ = fix("a.py:5", "a.py:6", "--json")
    first, second = (json.loads(line) for line in out.splitlines())
    assert code == 0 and first["changes"][0]["text"] == "from pathlib import Path\n"
    assert TWO[slice(*second["changes"][0]["span"])] == "valeus" and second["changes"][0]["text"] == "values"
    assert (second["first"], second["status"], second["reason"]) == (6, "filled", None)


def _ruff() -> object:
    def at(row: int, column: int, name: str) -> dict[str, object]:
        end = {"row": row, "column": column + len(name)}
        return {
            "filename": "a.py", "location": {"row": row, "column": column}, "end_location": end, "code": "F821",
            "message": f"Undefined name `{name}`", "fix": None, "url": "x", "noqa_row": row, "cell": None,
        }  # fmt: skip

    return [at(5, 11, "Path"), at(5, 23, "Path"), at(6, 24, "valeus")]


def _pyright() -> object:
    def at(line: int, column: int, name: str, severity: str = "error") -> dict[str, object]:
        span = {"start": {"line": line, "character": column}, "end": {"line": line, "character": column + len(name)}}
        said = f'"{name}" is not defined'
        return {"file": "a.py", "severity": severity, "message": said, "range": span, "rule": "reportUndefinedVariable"}

    every = [at(4, 10, "Path"), at(4, 22, "Path"), at(5, 23, "valeus"), at(0, 7, "os", "information")]
    return {"version": "1", "generalDiagnostics": every, "summary": {}}


def _sarif() -> object:
    def at(line: int, column: int, name: str) -> dict[str, object]:
        region = {"startLine": line, "startColumn": column, "endLine": line, "endColumn": column + len(name)}
        place = {"physicalLocation": {"artifactLocation": {"uri": "a.py"}, "region": region}}
        return {"ruleId": "F821", "message": {"text": f"Undefined name `{name}`"}, "locations": [place]}

    results = [at(5, 11, "Path"), at(5, 23, "Path"), at(6, 24, "valeus")]
    return {"version": "2.1.0", "runs": [{"tool": {}, "results": results}, {"tool": {}, "results": None}]}


LINES = '{"file": "a.py", "line": 5, "code": "F821", "column": 11}\n\n{"file":"a.py","line":6,"message":"valeus?"}\n'


@pytest.mark.parametrize("given", [_ruff(), _pyright(), _sarif(), LINES], ids=["ruff", "pyright", "sarif", "lines"])
def test_diagnostics_of_other_programs_are_mended_together(fix: Command, tmp_path: Path, given: object) -> None:
    text = given if isinstance(given, str) else json.dumps(given, indent=1)
    (tmp_path / "d.json").write_text(text.replace("valeus?", "`valeus` is unknown: cannot find it"))
    assert fix("--diagnostics", "d.json", "--write")[0] == 0
    after = (tmp_path / "a.py").read_text()
    assert after.count("from pathlib import Path\n") == 1
    assert after.replace("from pathlib import Path\n", "") == MENDED


def test_what_ruff_really_prints_is_mended(fix: Command, tmp_path: Path) -> None:
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--output-format", "json", "a.py"]
    said = subprocess.run(ruff, cwd=tmp_path, capture_output=True).stdout
    assert fix("--diagnostics", "-", "--write", stdin=said)[0] == 0
    assert subprocess.run(ruff, cwd=tmp_path, capture_output=True).returncode == 0


def test_places_say_which_diagnostics(fix: Command, tmp_path: Path) -> None:
    (tmp_path / "d.json").write_text(json.dumps(_ruff()))
    assert fix("--diagnostics", "d.json", "a.py:6", "--write")[0] == 0
    assert (tmp_path / "a.py").read_text() == MENDED
    code, out, err = fix("--diagnostics", "d.json", "other.py")
    assert (code, out) == (0, b"") and "no diagnostic reports a fault here" in err


def test_columns_of_pyright_count_utf16(fix: Command, tmp_path: Path) -> None:
    text = 'def f(values):\n    return "\N{GRINNING FACE}", vlaues, valeus\n'
    (tmp_path / "a.py").write_text(text)
    span = {"start": {"line": 1, "character": 25}, "end": {"line": 1, "character": 31}}
    one = {"file": "a.py", "severity": "error", "message": '"valeus" is not defined', "range": span}
    (tmp_path / "d.json").write_text(json.dumps({"generalDiagnostics": [one]}))
    assert fix("--diagnostics", "d.json", "--write")[0] == 0
    assert (tmp_path / "a.py").read_text() == text.replace("valeus", "values")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--diagnostics", "d.json"], "d.json:1: is no diagnostic"),
        (["--diagnostics", "e.json"], "e.json[0]: is no diagnostic"),
        (["--diagnostics", "f.json"], "f.json: is no SARIF"),
        (["--diagnostics", "g.json"], "line 99 is outside the text"),
        (["--diagnostics", "none.json"], "none.json: no such file"),
        (["--diagnostics", "d.json", "--message", "x"], "the diagnostics have their own"),
        (["--diagnostics", "-", "-:1"], "cannot both come from standard input"),
        (["a.py"], "is not FILE:LINE or FILE:LINE:COL"),
        (["a.py:99"], "a.py:99: line 99 is outside the text"),
        ([], "give FILE:LINE, or --diagnostics"),
    ],
)
def test_bad_input_is_named(fix: Command, tmp_path: Path, given: list[str], said: str) -> None:
    (tmp_path / "d.json").write_text("no json\n")
    (tmp_path / "e.json").write_text('[{"line": 1}]')
    (tmp_path / "f.json").write_text('{"runs": 3}')
    (tmp_path / "g.json").write_text('{"file": "a.py", "line": 99, "message": "x"}')
    code, _, err = fix(*given)
    assert code == 2 and said in err


def test_standard_input_is_mended(fix: Command) -> None:
    code, out, _ = fix("-:2", "--write", stdin=b"def f(count):\n    return cuont + 1\n")
    assert (code, out) == (0, b"def f(count):\n    return count + 1\n")


def test_the_help_of_the_command_names_both(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert "  fix " in out and "  hints " in out
