"""What code can see of a change that makes right code worse."""

from __future__ import annotations

import pytest

from infill.checks.damage import damage
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Span


def worse(marked: str, text: str, language: str = "python", instruction: str | None = None) -> str | None:
    start, end = marked.index("‹"), marked.index("›") - 1
    syntax = parse(by_id(language), marked.replace("‹", "").replace("›", ""))
    return damage(syntax, Span(start, end), text, instruction)


@pytest.mark.reports
@pytest.mark.parametrize(
    ("marked", "text", "language", "reason"),
    [
        ("‹total = 0›\nfor a in b:\n    total += a\n", "result = 0", "python", "total is used"),
        ("def f():\n    ‹a, b = g()›\n    return a + b\n", "a = g()", "python", "b is used"),
        ("if (n := g()):\n    print(n)\n".replace("(n := g())", "‹(n := g())›"), "g()", "python", "n is used"),
        ("‹PATTERN = re.compile(r'a+')›\n", "PATTERN = re.compile('a+')", "python", "prefix r"),
        ("‹x = f'{a}'›\n", "x = '{a}'", "python", "prefix f"),
        ("‹x = b'a'›\n", "x = 1", "python", "prefix b"),
        ("‹x = 'a'›\n", "x = 1", "python", "string"),
        ("‹const p = /a+/›\n", "const p = 'a+'", "javascript", "regex"),
        ('def f():\n    ‹"""Return the number of open files."""›\n    return n\n', '"""Return."""', "python", "less"),
        ("x = 1  ‹# one for each open file›\n", "", "python", "less"),
        ('def f():\n    ‹"""Open a file."""›\n    return n\n', '"""Open a file file."""', "python", "repeats"),
        ("‹x = g(a)›\n", "x = g(a, a.b, a.b, a.b)", "python", "repeats"),
        ("‹def f():\n    return 1›\n", "def g():\n    return 1", "python", "f is no longer defined"),
        ("‹class A:\n    pass›\n", "class B:\n    pass", "python", "A is no longer defined"),
        ("‹function f() {}›\n", "function g() {}", "javascript", "f is no longer defined"),
        ("‹const a = 1›\nuse(a)\n", "const b = 1", "javascript", "a is used"),
        ("fn f() {\n    ‹let a = 1;›\n    g(a)\n}\n", "let b = 1;", "rust", "a is used"),
        ("func f() {\n\t‹a := 1›\n\tg(a)\n}\n", "b := 1", "go", "a is used"),
    ],
)
def test_what_makes_code_worse_is_named(marked: str, text: str, language: str, reason: str) -> None:
    found = worse(marked, text, language)
    assert found is not None and reason in found


@pytest.mark.parametrize(
    ("marked", "text"),
    [
        ("‹total = 0›\nprint(total)\n", "total = 1"),
        ("‹total = 0›\nprint(1)\n", "result = 0"),
        ("‹x = 'a'›\n", "x = 'b'"),
        ("‹self.x = 1›\nprint(self)\n", "self.y = 1"),
        ('def f():\n    ‹"""Open teh file."""›\n    return n\n', '"""Open the file."""'),
        ("‹def f():\n    return 1›\n", "def f():\n    return 2"),
        ("‹x = (1, 1)›\n", "x = (2, 2)"),
        ("‹return a›\n", "return a + b"),
    ],
)
def test_what_is_no_worse_passes(marked: str, text: str) -> None:
    assert worse(marked, text) is None


def test_an_instruction_may_ask_for_it() -> None:
    assert worse("‹def f():\n    return 1›\n", "def g():\n    return 1", instruction="rename f to g") is None
    assert worse("‹x = '%s' % a›\n", "x = f'{a}'", instruction="use an f-string") is None
    assert worse("‹def f():\n    return 1›\n", "return 1", instruction="make it shorter") is not None
