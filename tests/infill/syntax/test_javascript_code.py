"""What JavaScript's syntax decides of the types of expressions and results, and what it leaves open."""

from __future__ import annotations

import pytest

from infill.syntax.javascript_code import always_returns, bindings, expression_type, is_async, is_class, results_of
from infill.syntax.languages import by_id
from infill.syntax.tree import Syntax, node_text, parse


def parsed(code: str) -> Syntax:
    row = by_id("javascript")
    assert row is not None
    return parse(row, code)


def type_of(expression: str, before: str = "") -> str | None:
    syntax = parsed(f"{before}\n({expression});")
    return expression_type(syntax, syntax.root.named_children[-1].named_children[0])


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("1", "number"), ("0x1F", "number"), ("10n", "bigint"), ("'a'", "string"), ("`a${b}`", "string"),
        ("/a/", "RegExp"),
        ("true", "boolean"), ("null", "null"), ("undefined", None), ("a", None), ("[1]", None), ("{}", None),
        ("/* so */ (1)", "number"), ("a, 1", None), ("await 1", None), ("x = 1", None), ("i++", None),
        ("html`a`", None),
        ("!a", "boolean"), ("typeof a", "string"), ("void 0", None), ("+a", "number"), ("-a", None), ("~a", None),
        ("-1", "number"), ("-1n", "bigint"), ("~(a * 2)", "number"),
        ("a - b", None), ("a * b", None), ("a * 2", "number"), ("1 / a", "number"), ("2n ** 3n", None),
        ("a | 0", "number"), ("a >>> b", "number"), ("a + 1", None), ("1 + 2", "number"), ("a + 'x'", "string"),
        ("a + b", None), ("a < b", "boolean"), ("a instanceof B", "boolean"),
        ("a && b", None), ("'a' || 'b'", "string"), ("a ?? 1", None), ("a ? 1 : 2", "number"), ("a ? 1 : '2'", None),
        ("String(a)", "string"), ("parseInt(a, 10)", "number"), ("Math.max(a, b)", "number"), ("Math.mine(a)", None),
        ("Math.PI()", None), ("Array.isArray(a)", "boolean"), ("JSON.stringify(a)", None),
        ("Object.keys(a)", "string[]"),
        ("a.trim()", None), ("a.join(',')", None), ("a.b.toString()", None), ("`a${b}`.trim()", "string"),
        ("Object.keys(a).join()", "string"), ("(a * 2).toFixed(1)", "string"), ("'a'.at(1)", None),
        ("'a'.includes(b)", "boolean"), ("new Date().toISOString()", "string"), ("new Map()", "Map"),
        ("new Foo()", None), ("new a.Map()", None),
    ],
)  # fmt: skip
def test_expressions(expression: str, hint: str | None) -> None:
    assert type_of(expression) == hint


@pytest.mark.parametrize(
    ("before", "expression"),
    [
        ("function parseInt(a) {}", "parseInt(a)"),
        ("import { Math } from './m.js';", "Math.abs(a)"),
        ("const { Number: String } = x;", "String(a)"),
        ("const f = (Number) => 1;", "Number(a)"),
        ("try {} catch (Boolean) {}", "Boolean(a)"),
        ("Map = f;", "new Map()"),
        ("const Set = class {};", "new Set()"),
    ],
)
def test_a_name_that_the_file_gives_a_meaning_is_not_the_languages(before: str, expression: str) -> None:
    assert type_of(expression, before) is None and type_of(expression) is not None


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("class Box {}\nexport default Box;", True),
        ("export class Box {}\nclass Big extends Box {}\nnew Box() instanceof Box;", True),
        ("class Box {}\nfunction f(Box) {}", False),
        ("class Box {}\nBox = wrapped(Box);", False),
        ("function f() { class Box {} }", False),
        ("const Box = 1;", False),
    ],
)
def test_classes_of_the_file(code: str, known: bool) -> None:
    assert is_class(parsed(code), "Box") is known


def test_uses_of_a_name_bind_nothing() -> None:
    used = "f(x); x.y; [x]; ({x, a: x}); a = x; const b = x; `${x}`; new x(); export {x};"
    assert not bindings(parsed(used), "x")
    bound = "let x; ({x} = a); for (const x of y) {} import x from 'a'; (x) => 1; x: 1; ({x: 1}); a.x;"
    assert len(bindings(parsed(bound), "x")) == 5


@pytest.mark.parametrize(
    ("function", "results", "always"),
    [
        ("function f() { if (a) return 1; return /* two */ 2; }", ["1", "2"], True),
        ("function f() { if (a) { return 1; } }", ["1"], False),
        ("function f() { if (a) return; return 1; }", ["1"], False),
        ("function f() { if (a) return 1; throw b; }", ["1"], True),
        ("function f() { x.map(function () { return 2; }); return 1; // end\n}", ["1"], True),
        ("function f() { x = function* () { return 2; }; class A { m() { return 3; } } }", [], False),
        ("function* f() { return 1; }", [], True),
    ],
)
def test_results(function: str, results: list[str], always: bool) -> None:
    node = parsed(function).root.named_children[0]
    assert [node_text(value) for value in results_of(node)] == results
    assert always_returns(node) is always and not is_async(node)
