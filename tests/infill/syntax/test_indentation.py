"""Indentation at a blank line, where one file has several units, or names that look like keywords."""

from __future__ import annotations

import pytest

from infill.holes.find_hole import find_hole
from infill.syntax.indent_units import opens_block
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Hole

pytestmark = pytest.mark.reports

SPACES = "def a(x):\n    if x:\n        return 1\n    return 2\n\n\n"


def indent_at(language_id: str, source: str) -> str:
    """The indentation of the hole at `‸`."""
    language = by_id(language_id)
    assert language is not None
    hole = find_hole(parse(language, source.replace("‸", "")), source.index("‸"), "manual")
    assert isinstance(hole, Hole)
    return hole.indent


@pytest.mark.parametrize(
    "below",
    [
        "case = None",
        "case: int = 1",
        "case.close()",
        "case(1)",
        "case[0] = 1",
        "case, other = 1, 2",
        "case += 1",
        "match = None",
        "type = 3",
        "match(x)",
        "case = {}  # note:",
        "case = lambda: 1",
        "case in {1: 2}",
        "else_value = 1",
        "finally_done = 1",
    ],
)
@pytest.mark.parametrize("broken", ["", "x = (1 +\n"])
def test_a_name_that_is_also_a_keyword_opens_no_block_and_continues_none(below: str, broken: str) -> None:
    source = f"def f(x):\n    for a in x:\n        use(a)\n    ‸\n    {below}\n\n\n{broken}"
    assert indent_at("python", source) == "    "
    assert indent_at("python", source.replace("    ‸", "‸")) in ("    ", "        ")
    assert indent_at("python", f"def f(x):\n    {below}\n‸\n") in ("    ", "")


def test_on_an_empty_line_the_statement_below_decides() -> None:
    assert indent_at("python", "def f(x):\n    for a in x:\n        use(a)\n‸\n    case = None\n") == "    "
    assert indent_at("python", "def f(x):\n    for a in x:\n        use(a)\n‸\n    else:\n        g()\n") == "        "


@pytest.mark.parametrize(
    "pattern",
    ["case:", "match:", "type:", "1:", "(1, 2):", "[a]:", "'x':", "-1:", "Point(x=0):", "x if x > 1:", "_: pass"],
)
def test_a_case_of_a_match_is_one(pattern: str) -> None:
    source = f"match x:\n    case 0:\n        use(x)\n‸\n    case {pattern}\n        pass\n"
    assert indent_at("python", source) == "        "


@pytest.mark.parametrize("name", ["return_x", "pass_", "raise_it", "break_out", "continue_", "returned"])
def test_a_name_that_begins_like_a_keyword_ends_no_block(name: str) -> None:
    assert indent_at("python", f"def f():\n    {name} = 1\n    ‸\n") == "    "
    assert indent_at("python", f"def f():\n    {name} = 1\n‸\n    use({name})\n") == "    "


@pytest.mark.parametrize(
    ("line", "opens"),
    [
        ("if x; then", True),
        ("else", True),
        ("while read x; do", True),
        ("do", True),
        ("case $x in", True),
        ("for x in a; do", True),
        ("  then", True),
        ("cmd && if x; then", True),
        ("echo what then", False),
        ("x=else", False),
        ("run --do", False),
        ("ls in", False),
        ("git re-do", False),
        ("cat a.do", False),
    ],
)
def test_words_of_a_shell_open_a_block_only_as_keywords(line: str, opens: bool) -> None:
    bash = by_id("bash")
    assert bash is not None and opens_block(bash, line) is opens


@pytest.mark.parametrize(
    ("language", "source", "indent"),
    [
        ("python", SPACES + "class B:\n\tdef one(self):\n\t\treturn 1\n\n\tdef two(self):\n‸\n", "\t\t"),
        ("python", SPACES + "class B:\n\tdef one(self):\n\t\treturn 1\n\n\tdef two(self, a,\n\t\t\tb):\n‸\n", "\t\t"),
        ("python", SPACES + "class B:\n\tdef two(self):\n\t\tif self:\n\t\t\t‸\n", "\t\t\t"),
        ("python", SPACES + "class B:\n  def two(self):\n‸\n", "    "),
        ("python", SPACES + "class B:\n  def two(self):\n    if self:\n‸\n", "      "),
        ("python", "def a(x):\n  if x:\n    return 1\n\n\nclass B:\n    def two(self):\n‸\n", "        "),
        ("python", SPACES + 'class B:\n\tdef two(self):\n\t\tx = """\n  text:\n"""\n\t\tif x:\n‸\n', "\t\t\t"),
        ("javascript", "function a() {\n    if (x) {\n        b();\n    }\n}\nclass B {\n  m() {\n‸\n  }\n}\n", "    "),
        ("javascript", "function a() {\n  if (x) {\n    b();\n  }\n}\nclass B {\n\tm() {\n‸\n\t}\n}\n", "\t\t"),
        ("c", "int a() {\n    if (x) {\n        b();\n    }\n}\nint m()\n{\n  if (x)\n  {\n‸\n  }\n}\n", "    "),
        ("go", "func a() {\n\tif x {\n‸\n\t}\n}\n", "\t\t"),
        (
            "c",
            "int a() {\n    if (x) {\n#if DEBUG\n        while (x) {\n‸\n        }\n#endif\n    }\n}\n",
            "            ",
        ),
    ],
)
def test_a_block_goes_on_in_its_own_unit(language: str, source: str, indent: str) -> None:
    assert indent_at(language, source) == indent
