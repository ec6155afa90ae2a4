"""The types that JavaScript's code decides: of parameters by defaults, guards, calls and other tags; of results."""

from __future__ import annotations

import pytest

from infill.syntax.jsdoc import parameters_of
from infill.syntax.jsdoc_types import decided_type
from infill.syntax.languages import by_id
from infill.syntax.tree import parse


def decided(code: str, at: int | None = 0, name: str = "f") -> str | None:
    """The type of parameter number `at` of the function (None: its result) of this name."""
    row = by_id("javascript")
    assert row is not None
    syntax = parse(row, code)
    stack = [syntax.root]
    while stack:
        node = stack.pop()
        stack.extend(node.named_children)
        own = node.child_by_field_name("name")
        function = node.child_by_field_name("value") if node.type == "variable_declarator" else node
        if own is not None and own.text == name.encode() and function and function.child_by_field_name("body"):
            return decided_type(syntax, function, None if at is None else parameters_of(function)[at])
    raise AssertionError(name)


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("function f(a = 1) {}", "number"),
        ("function f(a = null) {}", None),
        ("function f(a = {}) {}", None),
        ("function f(a = b) {}", None),
        ("function f({ a } = 1) {}", None),
        ("function f(...a) {}", None),
        ("const f = (a = 'x') => a;", "string"),
        ("function f(a = 1) { a = 2; a += 1; }", "number"),
        ("function f(a = 1) {}\nf('x');", None),
        ("function f(a = 1) {}\nf(null);", None),
        ("function f(a = 1) {}\nf(2); f(b);", "number"),
        ("function f(a = 1) { if (typeof a === 'string') g(); }", None),
        ("function f(a = 1) { if (a === null) g(); }", None),
        ("function f(a = 1) { if (a === undefined) g(); }", None),
        ("function f(a = 1) { if (a === void 0) g(); }", None),
        ("function f(a = 1) { if (a === 'all') g(); }", None),
        ("function f(a = 1) { if (a instanceof B || Array.isArray(a)) g(); }", None),
        ("function f(a = 1) { a = `${a}`; }", None),
        ("function f(a = 1) { a = b; }", None),
        ("function f(a = 1) { if (a === 2) g(typeof b); }\nfunction g(a) { return typeof a; }", "number"),
    ],
)
def test_defaults(code: str, hint: str | None) -> None:
    assert decided(code) == hint


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ("// first\nif (typeof a !== 'string') throw b; g(a);", "string"),
        ('if (typeof b != "number") { throw b; } if (typeof a !== "boolean") { throw b; }', "boolean"),
        ("a = a || 'x'; if (typeof a !== 'string') throw b;", None),
        ("if (typeof a === 'string') throw b;", None),
        ("if (typeof a !== 'string' && a) throw b;", None),
        ("if (typeof a !== 'object') throw b;", None),
        ("if (typeof a !== 'string') return 1;", None),
        ("if (typeof a !== 'string') throw b; a = 1;", None),
    ],
)
def test_guards(body: str, hint: str | None) -> None:
    assert decided(f"function f(a, b) {{ {body} }}") == hint


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("import b from 'b';\nfunction f(a) {}\nf(1); f(b * 2);", "number"),
        ("const b = require('b');\nconst f = (a) => a;\nf('x');", "string"),
        ("function g() { function f(a) {} f(1); }", "number"),
        ("function f(a) {}\nf(1);", None),  # other scripts of a page see it
        ("export function f(a) {}\nf(1);", None),
        ("function f(a) {}\nf(1);\nexport { f };", None),
        ("function f(a) {}\nf(1);\nmodule.exports = { f };", None),
        ("import b from 'b';\nfunction f(a) {}\nf(1); b.map(f);", None),
        ("import b from 'b';\nfunction f(a) {}\nf(1); f.call(b, 'x');", None),
        ("import b from 'b';\nfunction f(a) {}\nf(1); f();", None),
        ("import b from 'b';\nfunction f(a) {}\nf(1); f('x');", None),
        ("import b from 'b';\nfunction f(a) {}\nf(1); f(b);", None),
        ("import b from 'b';\nfunction f(a) {}\nf(null);", None),
        ("import b from 'b';\nfunction f(a) {}\nf(...b);", None),
        ("import b from 'b';\nfunction f(a) {}\nf`x`;", None),
        ("import b from 'b';\nfunction f(a) {}\nfunction g(f) { f(1); }", None),
        ("import b from 'b';\nlet f = (a) => a;\nf(1);", None),
        ("import b from 'b';\nconst f = function g(a) { g('x'); };\nf(1);", None),
        ("import b from 'b';\nclass A { f(a) {} }\nf(1);", None),
        ("import b from 'b';\nfunction f(a) { return typeof a; }\nf(1);", None),
    ],
)
def test_calls(code: str, hint: str | None) -> None:
    assert decided(code) == hint


def test_a_spread_or_a_comment_before_an_argument() -> None:
    code = "import b from 'b';\nfunction f(a, c) {}\nf({}, 1);"
    assert decided(code.replace("{}, 1", "/* a */ b, 1"), at=1) == "number"
    assert decided(code.replace("{}, 1", "...b, 1"), at=1) is None


TAG = "/** @param {%s} a */\nfunction %s(a) {}\n"


@pytest.mark.parametrize(
    ("types", "hint"),
    [
        (["Date"] * 3, "Date"),
        (["Date"] * 2, None),
        (["Date"] * 3 + ["string"], None),
        (["string | null"] * 3, "string | null"),
        (["Box"] * 3, "Box"),
        (["Other"] * 3, None),  # perhaps a type parameter, or a typedef of another file
        (["string="] * 3, None),
        (["{b: number}"] * 3, None),
        (["Date", "Date", "Date", "{b: number}"], None),
    ],
)
def test_tags_of_the_same_name(types: list[str], hint: str | None) -> None:
    others = "".join(TAG % (each, f"g{i}") for i, each in enumerate(types))
    assert decided(f"class Box {{}}\n{others}/**\n * @param {{*}} a\n */\nfunction f(a) {{}}") == hint


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("function f() { return 'a'; }", "string"),
        ("function f() { if (a) return null; return 'a'; }", "string | null"),
        ("async function f() { if (a) { return 1; } throw b; }", "Promise<number>"),
        ("const f = (a) => a > 1;", "boolean"),
        ("class A { f() { return new A(); } }", "A"),
        ("function f() { return null; }", None),
        ("function f() { if (a) return 1; return 'a'; }", None),
        ("function f() { if (a) return 1; }", None),
        ("function f() { if (a) return 1; return b; }", None),
        ("function* f() { return 1; }", None),
        ("function f() { g(); }", None),
    ],
)
def test_results(code: str, hint: str | None) -> None:
    assert decided(code, at=None) == hint
