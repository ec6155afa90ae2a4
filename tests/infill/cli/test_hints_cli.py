"""`infill hints` with the embedded model: what the code decides is written, functions that have types are not asked."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.infill.cli.acting import Command

CODE = '''def greet(name="you", loud=False):
    """Greet."""
    return f"hi {name}"


class Box:
    def __len__(self):
        return 3

    def typed(self, n: int) -> int:
        def inner(deep=True):
            print(deep)

        return n
'''


@pytest.fixture
def hints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Command:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text(CODE)
    return Command("hints", monkeypatch, capsysbinary)


RIGHT = (
    CODE.replace('name="you", loud=False):', 'name: str = "you", loud: bool = False) -> str:')
    .replace("__len__(self):", "__len__(self) -> int:")
    .replace("inner(deep=True):", "inner(deep: bool = True) -> None:")
)


def test_all_functions_of_a_file_get_what_the_code_decides(hints: Command, tmp_path: Path) -> None:
    code, out, err = hints("a.py")
    assert (code, (tmp_path / "a.py").read_text()) == (0, CODE) and err.count("changed in") == 3
    subprocess.run(["git", "apply"], input=out, cwd=tmp_path, check=True)
    assert (tmp_path / "a.py").read_text() == RIGHT
    code, out, err = hints("a.py", "--write")
    assert (code, out) == (1, b"") and "no function there lacks a type" in err


def test_only_functions_that_begin_in_the_lines(hints: Command, tmp_path: Path) -> None:
    code, out, _ = hints("a.py:7-9", "--json")
    (record,) = (json.loads(line) for line in out.splitlines())
    assert code == 0 and (record["first"], [c["text"] for c in record["changes"]]) == (7, [" -> int"])
    assert hints("a.py:11", "--write")[0] == 0
    assert "inner(deep: bool = True) -> None:" in (tmp_path / "a.py").read_text()


def test_what_nothing_decides_stays_without_and_is_said(hints: Command, tmp_path: Path) -> None:
    (tmp_path / "b.py").write_text("def f(zq, loud=True):\n    print(zq, loud)\n")
    code, _, err = hints("b.py", "--write", "--min-confidence", "1")
    assert code == 1 and "1 left" in err
    assert (tmp_path / "b.py").read_text().startswith("def f(zq, loud: bool = True) -> None:\n")


@pytest.mark.parametrize("given", ["a.py:9-3", "a.py:99", "none.py"])
def test_bad_places_are_named(hints: Command, given: str) -> None:
    code, _, err = hints(given)
    assert code == 2 and given in err


SCRIPT = """import { log } from "./log.js";

/** Greets.
 * @param name who
 */
export function greet(name = "you", loud = false) {
  log(name, loud);
  return `hi ${name}`;
}

class Box {
  area(w) {
    return w * 2;
  }
}

function pad(text, n) {
  return text + " ".repeat(n);
}
log(pad(greet(), 2 * 3));
"""


def test_javascript_gets_the_tags_that_its_code_decides(hints: Command, tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text(SCRIPT)
    code, out, err = hints("a.js")
    assert code == 1 and "1 left (the code does not decide the type)" in err
    subprocess.run(["git", "apply"], input=out, cwd=tmp_path, check=True)
    tags = " * @param {string} name who\n * @param {boolean} [loud]\n * @returns {string}\n */"
    right = SCRIPT.replace(" * @param name who\n */", tags)
    right = right.replace("  area", "  /**\n   * @returns {number}\n   */\n  area")
    right = right.replace("function pad", "/**\n * @param {number} n\n * @returns {string}\n */\nfunction pad")
    assert (tmp_path / "a.js").read_text() == right
    code, out, err = hints("a.js", "--write")
    assert (code, out) == (1, b"") and (tmp_path / "a.js").read_text() == right


def test_typescript_is_left_alone(hints: Command, tmp_path: Path) -> None:
    (tmp_path / "a.ts").write_text(SCRIPT)
    code, _, err = hints("a.ts", "--write")
    assert code == 1 and "nothing to hint" in err and (tmp_path / "a.ts").read_text() == SCRIPT
