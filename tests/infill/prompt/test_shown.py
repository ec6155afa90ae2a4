"""What a model sees of a file before it changes a selection."""

from __future__ import annotations

from infill.prompt.shown import Shown, shown
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Span

PYTHON = """\
import os

LIMIT = 3


class Depot(Base):
    def first(self):
        return 1

    def send(
        self,
        parcel,
    ):
        a = 1
        b = 2
        c = 3
        d = 4
        e = 5
        f = 6
        g = 7

        h = 8
        i = 9


def other(x):
    return x
"""


def seen(language: str, text: str, selected: str) -> Shown:
    row = by_id(language)
    assert row is not None
    start = text.index(selected)
    return shown(parse(row, text), Span(start, start + len(selected)))


def test_lines_of_a_body_are_shown_below_their_signatures() -> None:
    found = seen("python", PYTHON, "e = 5")
    assert found.begun == (
        "class Depot(Base):\n    def send(\n        self,\n        parcel,\n    ):\n"
        "        a = 1\n        b = 2\n        c = 3\n        d = 4\n"
    )
    assert found.selected == "        e = 5"
    assert found.after == ("        f = 6", "        g = 7")
    assert found.outline == "import os\nLIMIT = 3\ndef other(x):"


def test_a_method_is_shown_below_its_class_alone() -> None:
    found = seen("python", PYTHON, PYTHON[PYTHON.index("def first") : PYTHON.index("    def send")].rstrip())
    assert (found.begun, found.after) == ("class Depot(Base):\n", ())
    assert found.selected == "    def first(self):\n        return 1"
    assert (found.head, found.tail, found.indent) == ("    ", "", "")


def test_what_closes_a_scope_is_shown_and_tabs_stay() -> None:
    text = "package a\n\nfunc (s *Stack) Pop() int {\n\tn := len(s.items)\n\treturn n\n}\n"
    found = seen("go", text, "n := len(s.items)")
    assert found.begun == "func (s *Stack) Pop() int {\n"
    assert found.selected == "\tn := len(s.items)" and found.after == ("\treturn n", "}")
    assert found.outline == "package a"


def test_methods_of_rust_and_typescript_have_their_blocks_around_them() -> None:
    rust = "impl Stack {\n    fn pop(&mut self) -> u32 {\n        self.n -= 1;\n        self.n\n    }\n}\n"
    found = seen("rust", rust, "self.n -= 1;")
    assert found.begun == "impl Stack {\n    fn pop(&mut self) -> u32 {\n"
    assert found.after == ("        self.n", "    }", "}")
    script = "class Stack {\n  pop(): number {\n    return this.n;\n  }\n}\n"
    assert seen("typescript", script, "return this.n;").begun == "class Stack {\n  pop(): number {\n"


def test_a_part_of_a_line_knows_the_rest_of_it() -> None:
    found = seen("python", "if a:\n    x = f(b, c)\n", "b, c")
    assert (found.head, found.tail, found.selected) == ("    x = f(", ")", "x = f(b, c)")
    assert found.indent == "    "


def test_line_breaks_of_another_kind_are_shown_as_lf() -> None:
    found = seen("python", "def f():\r\n    a = 1\r\n    b = 2\r\n", "a = 1\r\n    b = 2")
    assert (found.begun, found.selected) == ("def f():\n", "    a = 1\n    b = 2")
