"""Fills in, what stands in the document out. `shown` applies the fill as the server would."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infill.candidates.postprocess import PASSES, postprocess, trace
from infill.holes.find_hole import find_hole, selection_hole
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Hole, Span
from tests.infill.candidates.postprocess_cases import CASES, GROUPS, PY


def shown(language_id: str, source: str, fill: str) -> str:
    """Return the document after the fill at `‸`, or over `⟦…⟧`."""
    language = by_id(language_id)
    assert language is not None
    if "⟦" in source:
        start, end = source.index("⟦"), source.index("⟧") - 1
        text = source.replace("⟦", "").replace("⟧", "")
        hole = selection_hole(parse(language, text), Span(start, end))
    else:
        text = source.replace("‸", "")
        hole = find_hole(parse(language, text), source.index("‸"), "manual")
    assert isinstance(hole, Hole)
    prefix, suffix = text[: hole.span.start], text[hole.span.end :]
    indent_blocks = language.block_style == "indent"
    return prefix + postprocess(fill, hole, prefix, suffix, indent_blocks=indent_blocks) + suffix


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    language_id, source, fill, wanted = CASES[name]
    assert shown(language_id, source, fill) == wanted


def test_case_names_are_unique() -> None:
    assert len(CASES) == sum(len(group) for group in GROUPS)


def test_every_pass_has_a_reason_and_a_case_that_needs_it() -> None:
    used = set()
    for language_id, source, fill, _ in CASES.values():
        language = by_id(language_id)
        assert language is not None
        if "‸" in source:
            text = source.replace("‸", "")
            hole = find_hole(parse(language, text), source.index("‸"), "manual")
            assert isinstance(hole, Hole)
            around = text[: hole.span.start], text[hole.span.end :]
            used |= {name for name, _ in trace(fill, hole, *around, indent_blocks=language_id == PY)}
    assert {step.name for step in PASSES} <= used
    assert all(step.why for step in PASSES)


PIECES = st.sampled_from([
    "x", " ", "\n", "\r\n", "\t", "(", ")", "]", "[", "{", "}", '"', "'", ":", ";", ",", "return x", "    ",
    "\\", "é😀", "\ud83d", "\x0c", "```", "<|a|>", "<", ">",
])  # fmt: skip
TEXTS = st.lists(PIECES, max_size=12).map("".join)


@settings(max_examples=400, deadline=None)
@given(TEXTS, TEXTS, TEXTS, st.booleans(), st.sampled_from(["", "    ", "\t"]), st.booleans())
def test_any_text_passes_through(fill, prefix, suffix, multiline, indent, indent_blocks) -> None:
    kind = "block" if multiline else "token"
    hole = Hole(Span(len(prefix), len(prefix)), kind, indent, multiline)
    result = postprocess(fill, hole, prefix, suffix, indent_blocks=indent_blocks)
    if not multiline:
        assert "\n" not in result and "\r" not in result
    assert result.strip() in fill.replace("\r\n", "\n") or multiline


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(["a = 1", "if b:\n        c()", "d(e)", "return f"]),
        min_size=1,
        max_size=4,
        unique=True,
    )
)
def test_a_clean_block_is_left_alone(statements) -> None:
    fill = "\n    ".join(statements)
    assert shown(PY, "def f():\n    ‸\n", fill) == f"def f():\n    {fill}\n"


@pytest.mark.parametrize(
    ("fill", "expected"),
    [
        ("a = 1\n     b = 2\n     c = 3", "a = 1\n    b = 2\n    c = 3"),
        ("a = 1\n   if a:\n       b = 2", "a = 1\n    if a:\n        b = 2"),
        ("a = 1\n b = 2", "a = 1\n    b = 2"),
        ("(a,\n     b) = c", "(a,\n     b) = c"),
        ("if a:\n     b = 2", "if a:\n     b = 2"),
    ],
)
def test_lines_one_column_off_are_miscounted_but_not_where_they_are_meant(fill: str, expected: str) -> None:
    assert shown("python", "def f():\n    ‸\n", fill) == f"def f():\n    {expected}\n"


def test_the_lines_of_a_block_comment_stay_one_column_off() -> None:
    fill = "/**\n   * Opens it.\n   */\n  open() {}"
    assert shown("javascript", "class Box {\n  ‸\n}\n", fill) == f"class Box {{\n  {fill}\n}}\n"


MIXED = "def a(x):\n    if x:\n        return 1\n\n\n"


@pytest.mark.reports
@pytest.mark.parametrize(
    ("language_id", "source", "fill", "wanted"),
    [
        (
            PY,
            MIXED + "class B:\n\tdef two(self):\n\t\t‸\n",
            "if self:\n    return 1\nreturn 2",
            "\t\tif self:\n\t\t\treturn 1\n\t\treturn 2\n",
        ),
        (
            PY,
            MIXED + "class B:\n  def two(self):\n    ‸\n",
            "if self:\n        return 1\n    return 2",
            "    if self:\n      return 1\n    return 2\n",
        ),
        (PY, "if x:\n  a()\n\n\n" + MIXED + "‸", "if y:\n    b()", "\n\nif y:\n    b()"),
        (
            "javascript",
            "function a() {\n    b();\n}\nclass C {\n  m() {\n    ‸\n  }\n}\n",
            "if (x) {\n        y();\n    }",
            "    if (x) {\n      y();\n    }\n  }\n}\n",
        ),
        (
            PY,
            "class B:\n  def two(self):\n    ‸\n",
            "x = call(one,\n         two)\n    return x",
            "    x = call(one,\n         two)\n    return x\n",
        ),
    ],
)
def test_lines_of_a_fill_go_on_in_the_unit_of_their_block(
    language_id: str, source: str, fill: str, wanted: str
) -> None:
    assert shown(language_id, source, fill).endswith(wanted)
