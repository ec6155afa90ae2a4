"""Which line break new text gets in a file with several kinds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infill.candidates.postprocess import postprocess
from infill.holes.find_hole import find_hole
from infill.holes.find_target import find_target
from infill.syntax.languages import by_id
from infill.syntax.line_breaks import dominant_line_break, line_break_at
from infill.syntax.tree import parse
from infill.types import Hole, Span

CRLF = "def f(x):\r\n    y = 1\r\n    z = 2\r\n    return y\r\n"
LF = CRLF.replace("\r\n", "\n")


def test_dominant_line_break() -> None:
    assert dominant_line_break("") == "\n"
    assert dominant_line_break("a\r\nb\r\nc\n") == "\r\n"
    assert dominant_line_break("a\rb") == "\r"


@pytest.mark.reports
@pytest.mark.parametrize(
    ("text", "at", "wanted"),
    [
        ("one\n" + CRLF, len("one\n" + CRLF), "\r\n"),
        ("one\n" + CRLF, 2, "\r\n"),
        (CRLF + "one\n" + CRLF, len(CRLF) + 3, "\r\n"),
        (CRLF + "one\n" + CRLF, len(CRLF) + 4, "\r\n"),
        (CRLF + "one\n", len(CRLF) + 4, "\r\n"),
        (CRLF * 3 + LF, len(CRLF) * 3 + len(LF), "\n"),
        (LF * 3 + CRLF, len(LF * 3 + CRLF), "\r\n"),
        (LF * 3 + CRLF, 12, "\n"),
        ("a\rb\rc\n", 1, "\r"),
        (CRLF, CRLF.index("\n"), "\r\n"),
        ("no break", 2, "\n"),
    ],
)
def test_the_line_break_is_that_of_the_place(text: str, at: int, wanted: str) -> None:
    assert line_break_at(text, at) == wanted


@pytest.mark.reports
def test_what_a_replaced_stretch_has_counts_too() -> None:
    text = CRLF + LF + CRLF
    assert line_break_at(text, len(CRLF), len(CRLF + LF) - 1) == "\n"
    assert line_break_at(text, len(CRLF) - 3, len(CRLF)) == "\r\n"


@pytest.mark.reports
def test_a_fill_has_the_line_breaks_around_it() -> None:
    text = "# one\n" + CRLF + "\r\n\r\ndef g(x):\r\n    "
    language = by_id("python")
    assert language is not None
    hole = find_hole(parse(language, text), len(text), "manual")
    assert isinstance(hole, Hole)
    fill = postprocess("if x:\n        return 1\n    return 2", hole, text, "", indent_blocks=True)
    assert fill == "if x:\r\n        return 1\r\n    return 2"


@pytest.mark.reports
@pytest.mark.parametrize(("above", "own"), [("# one\r\n", LF), ("# one\n", CRLF)])
def test_a_docstring_has_the_line_break_of_its_function(above: str, own: str) -> None:
    language = by_id("python")
    assert language is not None
    target = find_target(parse(language, above + own), "docstring", Span(len(above), len(above)))
    assert '"""' + ("\r\n" if own == CRLF else "\n") in getattr(target, "text", "")


@given(st.text(st.sampled_from("a\r\n"), max_size=8), st.integers(0, 8), st.integers(0, 8))
def test_there_is_always_one(text: str, one: int, other: int) -> None:
    start, end = sorted((min(one, len(text)), min(other, len(text))))
    assert line_break_at(text, start, end) in ("\n", "\r\n", "\r")
