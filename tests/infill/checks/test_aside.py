"""Comments and second statements behind the code of a line."""

from __future__ import annotations

import pytest

from infill.checks.aside import is_aside
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Span


@pytest.mark.parametrize(
    ("before", "after", "text", "aside"),
    [
        ("if idx", " > 0:\n    pass", " == 0", True),
        ("self", " = 1", ".name", False),
        ("f(nam", ", 2)", "e", False),
        ("f(a", ", 2)", " + 1", False),  # before a comma there is room
        ("x = f(a) b", " > 0", " + ", False),  # something is missing here
    ],
)
def test_in_the_middle_of_a_line_that_lacks_nothing_only_the_word_goes_on(
    before: str, after: str, text: str, aside: bool
) -> None:
    python = by_id("python")
    assert python is not None
    assert is_aside(parse(python, f"{before}{after}\n"), Span(len(before), len(before)), text) is aside


@pytest.mark.parametrize(
    ("language_id", "before", "text", "aside"),
    [
        ("python", "x = f(1)", "  # the first", True),
        ("python", "x = f(1)", " + 1", False),
        ("python", "x = f(1)", "; y = 2", True),
        ("python", "x = f(", "1)  # the first", False),  # code comes first
        ("python", "    ", "# a line of its own", False),
        ("typescript", "let x = 1", ";", False),
        ("typescript", "let x = 1", "; let y = 2;", True),
        ("typescript", "let x = 1;", " // one", True),
        ("typescript", "for (let i = 0", "; i < n; i++) {", False),
        ("c", "int x;", " /* one */", True),
        ("bash", "a=${x", "#y}", False),
        ("bash", "run x", " # one", True),
    ],
)
def test_an_aside_is_told_from_code(language_id: str, before: str, text: str, aside: bool) -> None:
    language = by_id(language_id)
    assert language is not None
    syntax = parse(language, before + "\n")
    assert is_aside(syntax, Span(len(before), len(before)), text) is aside
