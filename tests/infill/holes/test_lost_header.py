"""Code that is indented as a block which nothing opens, and the line that opens it in a text."""

from __future__ import annotations

import pytest

from infill.holes.find_hole import find_hole
from infill.holes.lost_header import block_without_header, header_ends
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Hole


def lacks(marked: str, language_id: str = "python") -> bool:
    language = by_id(language_id)
    assert language is not None
    at = marked.index("‸")
    syntax = parse(language, marked.replace("‸", ""))
    hole = find_hole(syntax, at, "manual")
    assert isinstance(hole, Hole)
    return block_without_header(syntax, hole) is not None


@pytest.mark.parametrize(
    "marked",
    [
        "def f(x):\n    y = 1\n‸\n        y += x\n    return y\n",
        "def f(x):\n    y = 1\n    ‸\n\n        # more\n        y += x\n",
        "x = 1\n‸\n    return x\n",
        "def f(x):\n    if x:\n        return 1\n    ‸\n        return 2\n",
    ],
)
def test_a_block_without_its_header(marked: str) -> None:
    assert lacks(marked)


@pytest.mark.parametrize(
    "marked",
    [
        "def f(x):\n    y = 1\n‸\n    return y\n",
        "def f(x):\n‸\n    return x\n",
        "def f(x):\n    if x:\n        ‸\n        return 2\n    return 3\n",
        "f(\n    1,\n‸\n        2,\n)\n",
        "def f(x):\n    y = 1  # so\n    ‸\n",
        "y = 1\nz = ‸\n    w = 2\n",
    ],
)
def test_code_that_lacks_no_header(marked: str) -> None:
    assert not lacks(marked)


def test_only_where_blocks_are_indented() -> None:
    assert not lacks("function f(x) {\n  y();\n‸\n    return x;\n}\n", "typescript")


@pytest.mark.parametrize(
    ("before", "text", "found"),
    [
        ("    ", "if x:\n        y()", "if x:"),
        ("", "    if x:\n      y()", None),  # another block
        ("", "for i in n:\n    if i:", "for i in n:\n    if i:"),  # the last line may open it
        ("", "for i in n:\n    x = 1", None),
        ("", "x = 1\nif x:\n    for i in n:\n        go(i)", "x = 1\nif x:\n    for i in n:"),
        ("        ", "if x:", None),
        ("", "    n = 1\n    for i in n:  \n        go(i)\n", "    n = 1\n    for i in n:"),
        ("", "    y = {'if': 1}\n", None),
        ("    ", "formula = a[\n  1:", None),
        ("    if ", "x:\n", "x:"),
    ],
)
def test_a_text_is_cut_behind_its_first_header(before: str, text: str, found: str | None) -> None:
    language = by_id("python")
    assert language is not None
    assert next(iter(header_ends(text, before, language, " " * 8)), None) == found


def test_every_line_that_may_open_the_block_is_an_end() -> None:
    language = by_id("python")
    assert language is not None
    text = "    if x:\n        a()\n    elif y:\n        if z:\n            b()\n    else:\n        c()\n"
    ends = header_ends(text, "", language, " " * 8)
    assert [end.rpartition("\n")[2] for end in ends] == ["    if x:", "    elif y:", "    else:"]
