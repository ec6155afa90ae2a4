"""Where types go in JSDoc comments: insertions only, in the signature's order, never over types that are there."""

from __future__ import annotations

import pytest

from infill.holes.find_target import find_target
from infill.holes.hint_target import hint_targets
from infill.holes.offered import offered
from infill.holes.target import SelectionTarget, applied
from infill.syntax.languages import by_id
from infill.syntax.tree import Syntax, parse
from infill.types import Completion, NoFill, Part, Span


def parsed(text: str, language: str = "javascript") -> Syntax:
    row = by_id(language)
    assert row is not None
    return parse(row, text)


def hinted(text: str, *types: str | None, word: str = "f(") -> str:
    """The text with a type in each hole; None leaves one. A reason where there is no target."""
    at = text.index(word)
    target = find_target(parsed(text), "type_hints", Span(at, at))
    if isinstance(target, NoFill):
        return target.detail
    assert isinstance(target, SelectionTarget)
    ends = [span.start for span in target.frozen] + [target.selection.end]
    starts = [target.selection.start, *(span.end for span in target.frozen)]
    holes = [Span(a, b) for a, b in zip(starts, ends, strict=True) if a < b]
    assert [target.text[h.start : h.end] for h in holes] == ["*"] * len(types)
    parts = tuple(Part(hole, hint) for hole, hint in zip(holes, types, strict=True) if hint is not None)
    answer = Completion(target.selection, "", 1.0, (), (), 0, "converged", "usual", parts)
    return applied(text, target.changes(answer))


def test_a_function_without_a_comment_gets_one_in_its_own_indent_and_line_breaks() -> None:
    text = "class A {\r\n\tasync f(a, b = 1, { c }) {\r\n\t\treturn 1;\r\n\t}\r\n}\r\n"
    tags = "\t/**\r\n\t * @param {A} a\r\n\t * @param {number} [b]\r\n\t * @returns {C}\r\n\t */\r\n"
    assert hinted(text, "A", "number", "C") == text.replace("\tasync", f"{tags}\tasync")
    only = "\t/**\r\n\t * @param {number} [b]\r\n\t */\r\n"
    assert hinted(text, None, "number", None) == text.replace("\tasync", f"{only}\tasync")


def test_the_comment_goes_above_what_is_wrapped_around_a_function() -> None:
    text = "let x;\n\nexport const f = (a) => a;\n"
    assert hinted(text, "A", "B", word="(a)").startswith("let x;\n\n/**\n * @param {A} a\n * @returns {B}\n */\nexport")


@pytest.mark.parametrize(
    ("comment", "types", "after"),
    [
        ("/** Adds. */", ["A", None, "C"], "/** Adds.\n * @param {A} a\n * @returns {C}\n */"),
        ("/** Adds.*/", [None, "B", None], "/** Adds.\n * @param {B} [b]\n */"),
        ("/** @returns it */", ["C"], "/** @returns {C} it */"),
        ("/** @return */", ["C"], "/** @return {C} */"),
        ("/**\n * Adds.\n */", ["A", "B", "C"],
         "/**\n * Adds.\n * @param {A} a\n * @param {B} [b]\n * @returns {C}\n */"),
        ("/**\n * @param b it\n *   is\n * @returns\n */", ["A", "B", "C"],
         "/**\n * @param {A} a\n * @param {B} b it\n *   is\n * @returns {C}\n */"),
        ("/**\n * @param {object} a it\n * @param a.c more\n * @returns {C} it\n */", ["B"],
         "/**\n * @param {object} a it\n * @param a.c more\n * @param {B} [b]\n * @returns {C} it\n */"),
        ("/**\n * @returns {{\n *   c: number}}\n */", ["A", "B"],
         "/**\n * @param {A} a\n * @param {B} [b]\n * @returns {{\n *   c: number}}\n */"),
        ("/** @returns {C}\n */", [], "there is no line for its tags"),
        ("/** @param {{c: {d: E}}} a\n * @param {B} [b=1] it\n * @returns {C}\n */", [], "every type is there"),
        ("/** @type {F} */", [], None),
        ("/** {@inheritDoc} */", [], None),
        ("// eslint-disable-next-line", [], None),
        ("/* istanbul ignore next */", [], None),
        ("/** @param {A} a */\n", [], None),
        ("/**\n * Adds. See @param a\n */", [], "its comment has tags that are not plain"),
    ],
)  # fmt: skip
def test_what_stands_in_a_comment_stays(comment: str, types: list[str | None], after: str | None) -> None:
    function = "function f(a, b = 1) { return a; }"
    got = hinted(f"{comment}\n{function}\n", *types)
    said = "its types, or a comment beside it, are there in another form"
    assert got == (f"{after}\n{function}\n" if types else after or said)


@pytest.mark.parametrize(
    "text",
    [
        "function f(/** string */ a) {}",
        "function f(a /*: string */) {}",
        "const f = /** @type {F} */ (a) => a;",
        "const f = (a) => a, g = 1;",
        "x = 1; function f(a) {}",
        "function f(a: number) {}",
        "function f() {}",
        "class A { set f(a) {} }",
    ],
)
def test_where_nothing_is_sure_there_is_no_target(text: str) -> None:
    assert isinstance(find_target(parsed(text), "type_hints", Span(text.index("f"), text.index("f"))), NoFill)


def test_generators_constructors_and_accessors_get_no_result() -> None:
    for head in ("function* f(a = 1)", "class A {\nconstructor(f = 1)", "class A {\nset f(a = 1)"):
        text = head + " { return 1; }" + "\n}" * head.startswith("class")
        assert hinted(text, "number", word="f").count("@") == 1


def test_every_function_of_a_file_and_only_what_is_decided_is_offered() -> None:
    text = "function f(a = 1) {\n  g((x = 1) => x);\n}\nclass A {\n  m(b) { return b; }\n}\nconst g = (a) => 'x';\n"
    syntax = parsed(text)
    assert len(list(hint_targets(syntax, Span(0, len(text))))) == 3
    assert len(list(hint_targets(syntax, Span(0, 5)))) == 1
    for word, is_offered in (("f(", True), ("g(", False), ("m(", False), ("g =", True), ("A", False)):
        at = text.index(word)
        assert ("type_hints" in offered(syntax, Span(at, at))) is is_offered, word
    for language in ("typescript", "tsx"):
        assert isinstance(find_target(parsed(text, language), "type_hints", Span(0, 0)), NoFill)
