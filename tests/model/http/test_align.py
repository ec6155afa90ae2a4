"""Cases as data: source with a mark for each hole, `---`, a server's answer, `---`, and what is new in it as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.http.align import align
from model.http.prompt import Asked, joined

MARK = "‸"
FILES = sorted((Path(__file__).parent / "cases").glob("*.txt"))


def question(*fixed: str) -> Asked:
    return Asked("", "", "", "", fixed, ("",) * (len(fixed) - 1), (100,) * (len(fixed) - 1), "")


def found(answer: str, asked: Asked, complete: bool = True) -> list[str] | None:
    slices = align(answer, asked, complete)
    return None if slices is None else [answer[start:end] for start, end in slices]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    source, answer, wanted = path.read_text("utf-8").split("---\n")
    assert found(answer, question(*source.split(MARK))) == json.loads(wanted)


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        ("", None),
        ("Here it", None),
        ("```py", None),
        ("```python\n    return w *", None),
        ("```python\n    return w * h\n", ["h"]),
        ("```python\n    return w * h\n```", ["h"]),
        ("```python\n    return w * h\n    pri", ["h"]),
        ("<think>hm\n", None),
    ],
)
def test_of_an_unfinished_answer_whole_lines_count(answer: str, wanted: list[str] | None) -> None:
    assert found(answer, question("def area(w, h):\n    return w * ", "\n"), complete=False) == wanted


TEXTS = st.text("ab()\n ", max_size=20)


@given(st.text("ab()\n `<", max_size=60), TEXTS, TEXTS, st.booleans())
def test_any_answer_is_taken(answer: str, left: str, right: str, complete: bool) -> None:
    slices = align(answer, question(left, right), complete)
    assert slices is None or all(0 <= start <= end <= len(answer) for start, end in slices)


@pytest.mark.parametrize(
    ("near", "far", "wanted"),
    [
        (")\n\nprint", "\nprint(1)\n", ")\n\nprint(1)\n"),
        (")\n", "next\n", ")\nnext\n"),
        (")\nnext\n", "", ")\nnext\n"),
        (") # a long line that the budget cu", "next\n", ") # a long line that the budget cu\nnext\n"),
        ("\na\nb\na\n", "a\nc\n", "\na\nb\na\nc\n"),
        (")\nshort\nand more\n", "short\n", ")\nshort\nand more\n"),
    ],
)
def test_near_and_far_suffix_are_one_text(near: str, far: str, wanted: str) -> None:
    assert joined(near, far) == wanted
