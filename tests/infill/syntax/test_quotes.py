"""An apostrophe is no quote: lifetimes, digit separators, the text between tags, regular expressions."""

from __future__ import annotations

import pytest

from infill.candidates.overlap import unclosed, without_second_closers
from infill.candidates.postprocess import postprocess
from infill.checks.parse_check import closing_brackets
from infill.holes.find_hole import find_hole
from infill.syntax.languages import by_id
from infill.syntax.quotes import n_quotes, without_strings
from infill.syntax.tree import parse
from infill.types import Hole, NoFill

pytestmark = pytest.mark.reports

CODE = [
    ("cpp", "int main() {\n  int x = 1'000 + foo(‸\n"),
    ("cpp", "void f( {\n  x = 1'000'000'000 * g(‸\n"),
    ("cpp", "auto b = 0b1010'0101 | (‸\n"),
    ("c", "int f( {\n  x = 0xFF'FF + (‸\n"),
    ("rust", "fn f<'a>(x: &'a str, y: ‸\n"),
    ("rust", "fn f() {\n  let q = '\"'; g(‸\n}\n"),
    ("rust", "fn f() { loop { break 'outer; x(‸\n"),
    ("tsx", "function A() {\n  return <p>don't {x.‸\n}\n"),
    ("tsx", "const a = <p>the users' {g(‸\n"),
    ("javascript", "function A() {\n  return <p>it's {f(‸}</p>\n}\n"),
    ("javascript", "const r = /'/; foo(‸\n"),
    ("javascript", "const a = <a>see http://x.y {g(‸\n"),
    ("html", "<p>don't <b‸\n"),
    ("java", "class A { void f( { char c = '\"'; g(‸\n"),
    ("go", "func f( { c := '\"'; g(‸\n"),
    ("bash", "if [ x ]; then echo don\\'t $(‸\n"),
]
STRING = [
    ("python", "def f(:\n  print('a', \"it's‸\n"),
    ("rust", "fn f( {\n let x: &'a str = \"ab‸\n"),
    ("javascript", "return <p>don't {f('a‸\n"),
    ("html", "<p>it's <a href='x‸\n"),
    ("cpp", "int f( { g(1'000, \"b‸\n"),
    ("typescript", "let x: 'a' | 'b‸\n"),
]


def at_cursor(language_id: str, source: str) -> Hole | NoFill:
    language = by_id(language_id)
    assert language is not None
    return find_hole(parse(language, source.replace("‸", "")), source.index("‸"), "automatic")


@pytest.mark.parametrize(("language", "source"), CODE)
def test_an_apostrophe_opens_no_string(language: str, source: str) -> None:
    assert isinstance(at_cursor(language, source), Hole)


@pytest.mark.parametrize(("language", "source"), STRING)
def test_a_quote_opens_one(language: str, source: str) -> None:
    found = at_cursor(language, source)
    assert isinstance(found, NoFill) and found.reason == "in_string"


RUST, CPP = '"', "\"'"


@pytest.mark.parametrize(
    ("text", "quotes", "code"),
    [
        ("fn f<'a>(x: &'a str", RUST, "fn f<'a>(x: &'a str"),
        ("f('(', b)", RUST, "f(   , b)"),
        ("f('\\'', b)", RUST, "f(    , b)"),
        ("x = 1'000 + f(2'000", CPP, "x = 1'000 + f(2'000"),
        ("f('a', \"b\")", CPP, "f(   ,    )"),
        ("don't (it's", CPP, "don't (it's"),
        ("rb'(' + f'{a}'", CPP, "rb    + f     "),
    ],
)
def test_what_is_a_string_depends_on_the_language(text: str, quotes: str, code: str) -> None:
    assert without_strings(text, quotes) == code


def test_brackets_around_an_apostrophe_are_counted() -> None:
    assert unclosed("fn f<'a>(x: &'a str", RUST) == 1
    assert unclosed("g(1'000, h(2'000", CPP) == 2
    assert closing_brackets("fn f<'a>(x: Vec<&'a [u8", RUST) == "])"
    assert closing_brackets("print('(', x") == ")"
    assert n_quotes("1'000", "'", CPP) == 0 and n_quotes("f'abc'", "'") == 2 and n_quotes("'a", "'", RUST) == 0
    assert without_second_closers("x: &'a str)", "fn f<'a>(", ")", ")\n", RUST) == "x: &'a str"


@pytest.mark.parametrize(
    ("language_id", "source", "fill", "wanted"),
    [
        ("rust", "fn f<'a>(x: ‸) -> &'a str {\n", "&'a str)", "&'a str"),
        ("cpp", "int x = f(1'000, ‸);\n", "2'000);", "2'000"),
        ("tsx", "const a = <p>don't {f(‸)}</p>;\n", "'x')", "'x'"),
        ("rust", "let x = g(h('\"', ‸));\n", "y))", "y"),
    ],
)
def test_what_the_editor_has_closed_is_not_closed_again(language_id: str, source: str, fill: str, wanted: str) -> None:
    language = by_id(language_id)
    assert language is not None
    hole = find_hole(parse(language, source.replace("‸", "")), source.index("‸"), "manual")
    assert isinstance(hole, Hole)
    left, right = source.split("‸")
    assert postprocess(fill, hole, left, right, quotes=language.quotes) == wanted
