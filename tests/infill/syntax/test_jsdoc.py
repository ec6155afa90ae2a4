"""Tags of JSDoc: where their types are, and where one would go; which function a comment is about."""

from __future__ import annotations

import pytest

from infill.syntax.jsdoc import tags_in, typed_at
from infill.syntax.languages import by_id
from infill.syntax.tree import node_text, parse
from infill.types import Span


def shown(comment: str) -> list[tuple[str, str, str | None]] | None:
    tags = tags_in(comment, Span(0, len(comment)))
    if tags is None:
        return None
    types = [None if tag.type_at is None else comment[tag.type_at.start : tag.type_at.end] for tag in tags]
    return [(tag.kind, tag.name, hint) for tag, hint in zip(tags, types, strict=True)]


@pytest.mark.parametrize(
    ("comment", "tags"),
    [
        ("/** @param {string} a the name\n * @return  {number}\n */",
         [("param", "a", "string"), ("returns", "", "number")]),
        ("/**\n * @param {{a: {b: number}}} opts\n * @param opts.a it\n */",
         [("param", "opts", "{a: {b: number}}"), ("param", "opts.a", None)]),
        ("/**\n * @arg {number} [n=1] how many\n\t * @argument [m]\n */",
         [("param", "n", "number"), ("param", "m", None)]),
        ("/**\r\n * @param {{\r\n *   a: number}} opts\r\n */", [("param", "opts", "{\r\n *   a: number}")]),
        ("/** @returns */", [("returns", "", None)]),
        ("/** Adds. {@link f} @private */", []),
        ("/** @parameter x */", []),
        ("/** see @param a */", None),
        ("/**\n * @param {string a\n */", None),
        ("/**\n * @param\n */", None),
        ("/** @param a {string} the name */", None),
        ("/** @param [a=1] - {string} the name */", None),
        ("/** @returns it, a {string} */", None),
        ("/** @param a see {@link b} */", [("param", "a", None)]),
    ],
)  # fmt: skip
def test_tags(comment: str, tags: list[tuple[str, str, str | None]] | None) -> None:
    assert shown(comment) == tags


@pytest.mark.parametrize(
    ("code", "owner"),
    [
        ("/** @param {*} b */\nfunction f(a, b = 1) {}", "b = 1"),
        ("/** @returns {*} */\nexport const f = (a) => 1;", None),
        ("class A {\n  /** @param {*} [a] */\n  f(a) {}\n}", "a"),
        ("/** @param {*} c */\nfunction f(a, b) {}", "nothing"),
        ("/** @param {*} a */\n\nfunction f(a) {}", "a"),
        ("/** @param {*} a */\nlet x = 1;", "nothing"),
        ("/* @param {*} a */\nfunction f(a) {}", "nothing"),
        ("const x = a {*} b;", "nothing"),
    ],
)
def test_whose_type_it_is(code: str, owner: str | None) -> None:
    row, at = by_id("javascript"), code.index("{*}") + 1
    assert row is not None
    found = typed_at(parse(row, code), Span(at, at + 1))
    assert ("nothing" if found is None else None if found[1] is None else node_text(found[1])) == owner
