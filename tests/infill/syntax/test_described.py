"""What is said of a definition by its code alone: names, parameters, results; and how its file documents."""

from __future__ import annotations

import pytest

from infill.holes.doc_target import documented_at
from infill.syntax.described import Described, described
from infill.syntax.doc_comments import doc_syntax
from infill.syntax.doc_style import VERBS, base_form, style_of, third_person
from infill.syntax.languages import by_id
from infill.syntax.tree import parse


def of(marked: str, language: str) -> Described:
    row = by_id(language)
    assert row is not None
    syntax = parse(row, marked.replace("‸", ""))
    node, doc = documented_at(syntax, marked.index("‸")), doc_syntax(syntax)
    assert node is not None and doc is not None
    return described(syntax, node, doc)


@pytest.mark.parametrize(
    ("language", "marked", "name", "parameters", "gives"),
    [
        ("python", "def f(a, b: int = 1, *c, d=2, **e):‸\n    return a\n", "f", "a b:int= *c d= **e", "returns"),
        ("python", "class A:\n    def f(self, a) -> None:‸\n        return None\n", "f", "a", None),
        ("python", "def f(a):‸\n    def g():\n        return 1\n    g()\n", "f", "a", None),
        ("python", "def f(a):‸\n    yield a\n", "f", "a", "yields"),
        ("python", "class A(B):‸\n    x = 1\n", "A", "", None),
        ("python", "class A:\n    @property\n    def f(self):‸\n        return 1\n", "f", "", None),
        ("javascript", "const f = async (a, {b}, c = 1) => {‸\n  return a;\n};\n", "f", "a c=", "returns"),
        ("javascript", "const f = a => a;‸\n", "f", "a", "returns"),
        ("typescript", "class A {\n  f(a: string, b?: number): void {‸\n  }\n}\n", "f", "a:string b:number=", None),
        ("typescript", "export function f(): Promise<void> {‸\n}\n", "f", "", None),
        ("go", "package a\nfunc (q *Q) Pop(a, b int) {‸\n}\n", "Pop", "a:int", None),
        ("rust", "impl A {\n    fn f(&mut self, a: u8) -> u8 {‸\n        a\n    }\n}\n", "f", "a:u8", "returns"),
        ("java", "class A {\n    void f(final int a, String... b) {‸\n    }\n}\n", "f", "a:int b", None),
        ("java", "class A {\n    A(int a) {‸\n    }\n}\n", "A", "a:int", None),
        ("c", "static char *f(const char *s, int n[]) {‸\n    return 0;\n}\n", "f", "s:char n:int", "returns"),
        ("c", "void f(void) {‸\n}\n", "f", "", None),
        ("cpp", "int A::f(std::string &a) {‸\n    return 1;\n}\n", "f", "a:std::string", "returns"),
    ],
)
def test_a_definition_is_described_by_its_code(
    language: str, marked: str, name: str, parameters: str, gives: str | None
) -> None:
    found = of(marked, language)
    told = [f"{p.mark}{p.name}{':' + p.type if p.type else ''}{'=' if p.has_default else ''}" for p in found.parameters]
    assert (found.name, " ".join(told), found.gives) == (name, parameters, gives)


def test_both_forms_of_every_verb_are_known() -> None:
    assert [third_person(verb) for verb in ("return", "apply", "pass", "do", "display", "fetch")] == [
        "returns", "applies", "passes", "does", "displays", "fetches",
    ]  # fmt: skip
    assert all(base_form(third_person(verb)) == verb for verb in VERBS)


def test_the_style_is_that_of_most() -> None:
    row = by_id("python")
    assert row is not None
    docs = ("Returns it", "Gives it", "Return it.")
    text = "\n".join(f"def f{i}(a):\n    '''{doc}'''\n    return a\n" for i, doc in enumerate(docs))
    style = style_of(parse(row, text))
    assert (style.quotes, style.full_stop, style.imperative, style.sections) == ("'''", False, False, "none")
