"""A docstring may be several strings side by side, or in parentheses; formatted strings and bytes document nothing."""

from __future__ import annotations

import pytest

from infill.checks.damage import damage
from infill.holes.find_hole import find_hole
from infill.holes.find_target import find_target, targets_with_holes
from infill.holes.target import Target
from infill.project.outlines import outline
from infill.retrieval.near_misses import near_misses
from infill.syntax.languages import by_id
from infill.syntax.tree import Syntax, parse
from infill.types import Hole, Span

pytestmark = pytest.mark.reports

DOCUMENTED = [
    '"one " "two"',
    "'one ' 'two'",
    '("one "\n     "two")',
    '("one two")',
    'r"one " u"two"',
    '"one " \\\n    "two"',
    '"""one\n    """ "two"',
    "'one two'",
]
OTHER = ['f"one {a}"', 'b"one"', '"one %s" % a', '"one " f"{a}"', '"one".strip()', '["one"]']


def python(text: str) -> Syntax:
    language = by_id("python")
    assert language is not None
    return parse(language, text)


@pytest.mark.parametrize("docstring", DOCUMENTED)
def test_what_documents_is_not_documented_again(docstring: str) -> None:
    target = find_target(python(f"def f(a):\n    {docstring}\n    return a\n"), "docstring", Span(0, 0))
    assert not isinstance(target, Target) and target.detail == "it has a docstring"


@pytest.mark.parametrize("first", OTHER)
def test_what_documents_nothing_is_no_docstring(first: str) -> None:
    target = find_target(python(f"def f(a):\n    {first}\n    return a\n"), "docstring", Span(0, 0))
    assert isinstance(target, Target)


@pytest.mark.parametrize("docstring", DOCUMENTED)
def test_a_body_under_any_docstring_is_a_hole_and_the_docstring_stays(docstring: str) -> None:
    text = f"def f(a):\n    {docstring}\n    pass\n"
    syntax = python(text)
    hole = find_hole(syntax, text.index("pass"), "manual")
    assert isinstance(hole, Hole) and text[hole.span.start : hole.span.end] == "pass" and hole.kind == "block"
    assert len(targets_with_holes(syntax)) == 1


@pytest.mark.parametrize("docstring", DOCUMENTED)
def test_a_rewrite_keeps_every_docstring(docstring: str) -> None:
    text = f"def f(a):\n    {docstring}\n    return a\n"
    complaint = damage(python(text), Span(0, len(text) - 1), text[:-1].replace("two", "."))
    assert complaint is not None and "documentation" in complaint


@pytest.mark.parametrize("docstring", DOCUMENTED[:6])
def test_an_outline_has_the_first_line_of_any_docstring(docstring: str) -> None:
    found = outline(python(f"def f(a):\n    {docstring}\n    return a\n"))
    assert '"""one two"""' in str(found)


def test_a_similar_body_is_found_under_another_docstring() -> None:
    text = 'def a(x):\n    "one " "two"\n    return x + 1\n\n\ndef b(x):\n    "three " "four"\n    \n'
    hole = find_hole(python(text), len(text) - 1, "manual")
    assert isinstance(hole, Hole)
    found = near_misses(text, hole, 4, frozenset({"def", "return"}))
    assert "return x + 1" in [miss.text for miss in found]
