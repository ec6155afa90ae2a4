"""Continuations of the same words elsewhere in the file."""

from __future__ import annotations

import pytest

from infill.nearby import continuations

SHELF = """\
self.boxes = dict(boxes)
self.names = list(names)
return self.total(names)
return self.total(names)
return self.path
"""


@pytest.mark.parametrize(
    "line,expected",
    [
        ("return self.‸", ["total(names)", "path", "boxes = dict(boxes)", "names = list(names)"]),
        ("return self.total(‸", ["names)"]),
        ("return self.total(‸)", ["names"]),
        ("x = list(‸)", ["names"]),
        ("return‸", [" self.total(names)", " self.path"]),  # the blank is part of what is missing
        ("return ‸", ["self.total(names)", "self.path"]),
        ("unheard = of‸", []),
        ("‸", []),
        ("return sel‸", []),
        ("print(self.‸)", ["total(names", "boxes = dict(boxes", "names = list(names"]),
    ],
)
def test_continuations(line: str, expected: list[str]) -> None:
    text = SHELF + line + "\n" + "z = 1\n"
    at = text.index("‸")
    assert continuations(text.replace("‸", ""), at, at, 4) == expected


def test_the_holes_own_line_says_nothing() -> None:
    text = "a = first\na = second\n"
    assert continuations(text, 4, 9, 4) == ["second"]


def test_as_many_as_asked_for() -> None:
    text = "".join(f"x = value{i}\n" for i in range(20)) + "x = \n"
    assert len(continuations(text, len(text) - 1, len(text) - 1, 3)) == 3
