"""`infill fill --holes` in a long file: what is done for a function does not depend on how many others there are."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from infill.types import NoFill
from tests.infill.conftest import Run

pytestmark = pytest.mark.reports
FUNCTION = "def f{}(a, b):\n    pass\n\n\n# {}\n\n\n"
METHOD = "    def f{}(self, b):\n        pass\n\n    x = '{}'\n\n"
ARROW = "const f{} = (a, b) => {{\n  // TODO: {}\n}};\n"
FORMS = {
    "functions": ("a.py", "", FUNCTION, "words"),
    "not ASCII": ("a.py", "", FUNCTION, "é😋"),
    "methods": ("a.py", "class A:\n", METHOD, "words"),
    "raises": ("a.py", "class A:\n", METHOD.replace("pass", "raise NotImplementedError"), "words"),
    "arrows": ("a.js", "", ARROW, "words"),
}


def seconds(run: Run, path: Path, text: str, n_holes: int) -> float:
    path.write_text(text)
    began = time.process_time()
    code, _, err = run("fill", "--holes", path.name)
    assert (code, err.count("nothing to show")) == (1, n_holes), err[-1000:]
    return time.process_time() - began


@pytest.mark.parametrize("form", FORMS)
def test_the_time_is_linear(run: Run, tmp_path: Path, form: str):
    name, head, one, word = FORMS[form]
    run.answer = lambda _: NoFill("empty_fill")

    def took(n: int) -> float:
        return seconds(run, tmp_path / name, head + "".join(one.format(i, word) for i in range(n)), n)

    took(10)
    few, many = min(took(1000), took(1000)), took(8000)
    assert many < 20 * few  # 8 times as much; the square would be 64 times


def test_places_and_overlaps_are_told_as_before(run: Run, area: Path):
    area.write_bytes(b"x = 1\r\ndef f():\r\n    pass\r\n\rdef g():\n    y = ...\n")
    run.answer = lambda _: NoFill("empty_fill")
    _, _, err = run("fill", "--holes", "area.py")
    assert "area.py:3-3: " in err and "area.py:5-6: " in err
