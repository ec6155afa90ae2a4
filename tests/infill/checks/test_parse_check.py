from __future__ import annotations

import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infill.checks.parse_check import ParseCheck
from infill.syntax.languages import LANGUAGES, by_id
from infill.syntax.tree import Syntax, parse
from infill.types import Span


def hole_in(language_id: str, source: str) -> tuple[Syntax, Span]:
    """Read `‸` as an empty hole, `⟦…⟧` as one over that text."""
    language = by_id(language_id)
    assert language is not None
    if "⟦" in source:
        start, end = source.index("⟦"), source.index("⟧") - 1
        return parse(language, source.replace("⟦", "").replace("⟧", "")), Span(start, end)
    at = source.index("‸")
    return parse(language, source.replace("‸", "")), Span(at, at)


RETURN_PY = "def f(w, h):\n    return w * ‸\n"
RETURN_C = "int f(int w) {\n  return ‸\n}\n"
UNCLOSED_JS = "function f() {\n  ‸\n\nfunction g() {\n  return 2;\n}\n"

GOOD = [
    ("python", "def ‸\n    return 1\n", "f():"),
    ("python", "def f(a):\n    return sum(b for b ‸\n", "in a)"),
    ("python", "for ‸\n    pass\n", "a in b:"),
    ("python", "class A:\n    def f(self, ‸\n        return 1\n", "b, c):"),
    ("python", "from a ‸\n", "import b"),
    ("python", "def f(a):\n    return sum(‸\n", "a)"),
    ("python", "f(\n    a, ‸\n    b)\n", "c,"),
    ("python", "f(\n    a,\n    ‸\n", "b"),  # being typed: the bracket was opened on another line
    ("python", RETURN_PY, "h"),
    ("python", RETURN_PY, "(h + 1)"),
    ("python", "def f(w):\n    ‸\n\n\nx = 1\n", "if w:\n        return 1\n    return 2"),
    ("python", "def f(w):\n‸\n", "    return w"),
    ("python", "def f(w):\n    ⟦pass⟧\n", "return w"),
    ("python", "def f(w):\n    return ⟦w + 1⟧\n", "w * 2"),
    ("python", "x = ‸\ny = )\n", "1"),  # broken elsewhere: not the fill's fault
    ("python", "def f(‸\n", "w, h):"),
    ("python", "s = ‸\n", "'\\d'"),  # an invalid escape is a warning, not an error
    ("python", "# ‸\n", "anything ( goes"),
    ("c", RETURN_C, "w * 2;"),
    ("c", RETURN_C, "w * 2"),  # the semicolon was missing before
    ("c", "int f(int w) ‸\n", "{"),
    ("javascript", UNCLOSED_JS, "return 1;\n}"),
    ("javascript", UNCLOSED_JS, "return 1;"),
    ("javascript", "if (‸\n", "a > 0) {"),
    ("json", '{\n  "a": 1,\n  ‸\n}\n', '"b": [2]'),
    ("json", '{\n  "a": ‸\n}\n', "{}"),
    ("java", "class A {\n  ‸\n}\n", "int a;"),
    ("css", "a {\n  ‸\n}\n", "color: red;"),
    ("go", "package a\n\nfunc f() {\n\tx := ‸\n}\n", "[]int{1}"),
    ("rust", "fn f() {\n  let x = ‸\n}\n", "vec![1];"),
    ("bash", "if a; then\n  ‸\nfi\n", 'echo "$b"'),
    ("tsx", "const a = <p>‸</p>;\n", "{b}"),
]

BAD = [
    ("python", "def ‸\n    return 1\n", "(f)"),  # some fill would parse, this one does not
    ("python", "def f(a):\n    return sum(b for b ‸\n", ")"),
    ("python", "class A:\n    def f(self, ‸\n        return 1\n", "b, c"),
    ("python", "def f(a):\n    return sum(‸\n", 'a == "}'),  # the line opened it, nothing below closes it
    ("python", "def f(a):\n    return sum(‸\n", "a"),
    ("python", "x = ‸\n", "call("),  # nothing below closes it
    ("python", RETURN_PY, "* )"),
    ("python", RETURN_PY, "(h"),
    ("python", "def f(w):\n‸\n", "return w"),  # not indented
    ("python", "def f(w):\n    ‸\n    return w\n", "if w:"),  # a header without a body
    ("python", "def f(w):\n    ‸\n    return w\n", "w +="),
    ("python", "def f(w):\n    ⟦pass⟧\n", "return w +"),
    ("python", "x = ‸\ny = )\n", "1 )"),
    ("python", "x = [‸]\n", "1]"),
    ("python", "x = ‸\n", "'a"),
    ("c", RETURN_C, "w *"),
    ("c", RETURN_C, "w; }"),
    ("javascript", "function f() {\n  ‸\n}\n", "return 1;\n}"),
    ("javascript", UNCLOSED_JS, "return 1 ];"),
    ("javascript", "let a = ‸;\nlet b = 1 );\n", '("1'),  # as many errors as before, but now in the fill
    ("json", '{\n  "a": ‸\n}\n', "[1, 2"),
    ("json", '{\n  "a": 1,\n  ‸\n  "c": 3\n}\n', '"b": 2'),  # the comma
    ("java", "class A {\n  ‸\n}\n", "int a("),
    ("css", "a {\n  color: ‸\n}\n", "red; }"),
    ("go", "package a\n\nfunc f() {\n\tx := ‸\n}\n", "3 +"),
    ("bash", "if a; then\n  ‸\nfi\n", 'echo "a'),
    ("tsx", "const a = <p>‸</p>;\n", "{b"),
]


@pytest.mark.parametrize(("language_id", "source", "fill"), GOOD)
def test_good_fills_pass(language_id: str, source: str, fill: str) -> None:
    verdict = ParseCheck(*hole_in(language_id, source)).check(fill)
    assert verdict.ok, verdict.detail


@pytest.mark.parametrize(("language_id", "source", "fill"), BAD)
def test_bad_fills_are_refused(language_id: str, source: str, fill: str) -> None:
    before, span = hole_in(language_id, source)
    verdict = ParseCheck(before, span).check(fill)
    assert not verdict.ok
    assert verdict.detail
    assert verdict.first_error_offset is not None
    assert 0 <= verdict.first_error_offset <= len(before.text) + len(fill)


def test_first_error_is_in_the_fill_in_characters() -> None:
    source = "s = '😀'\ndef f(w):\n    ‸\n"
    fill = "a = w\n    b = = a\n    return b"
    verdict = ParseCheck(*hole_in("python", source)).check(fill)
    assert verdict.first_error_offset == source.index("‸") + fill.index("= a", 3)


def test_one_gate_judges_many_fills_alike() -> None:
    before, span = hole_in("python", RETURN_PY)
    judge = ParseCheck(before, span)
    assert [judge.check(fill).ok for fill in ("h", "(", "h + 1", ")")] == [True, False, True, False]
    assert not judge.check_strictly("(").ok


def test_no_warning_escapes() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ParseCheck(*hole_in("python", "s = ‸\n")).check("'\\d' is 1").ok


@pytest.mark.parametrize("fill", ["(" * 400 + ")" * 400, "-" * 30_000 + "1", "\x00", "\ud83d", "[" * 5000])
def test_what_python_cannot_judge_does_not_escape(fill: str) -> None:
    verdict = ParseCheck(*hole_in("python", "x = ‸\n")).check(fill)
    assert isinstance(verdict.ok, bool)


@pytest.mark.parametrize(
    ("language_id", "source", "fill", "wanted"),
    [
        ("python", RETURN_PY, "h + ", "h"),
        ("python", RETURN_PY, "h + g(a,", "h + g"),
        ("python", RETURN_PY, ")", None),
        ("python", "def f(w):\n    ‸\n", "a = w\n    if a:\n        b(", "a = w\n    if a:\n        b"),
        ("python", "def f(w):\n    ‸\n", "a = w\n    b = = 2\n    return a", "a = w\n    b"),
        ("python", "def f(w):\n    ‸\n", "a = w\r\n    return (", "a = w\r\n    return"),
        ("python", "x = ‸\n", "'é😀' + ", "'é😀'"),
        ("javascript", "function f() {\n  ‸\n}\n", "return 1;\n}", "return 1;"),
        ("javascript", "function f() {\n  ‸\n}\n", "a();\n  if (b) {\n    c();", "a();"),
        ("c", RETURN_C, "w * 2; }", "w * 2;"),
    ],
)
def test_cut_back(language_id: str, source: str, fill: str, wanted: str | None) -> None:
    assert ParseCheck(*hole_in(language_id, source)).cut_back(fill) == wanted


def test_cut_back_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    strict = ParseCheck.check_strictly

    def counted(self: ParseCheck, fill_text: str):
        calls.append(fill_text)
        return strict(self, fill_text)

    monkeypatch.setattr(ParseCheck, "check_strictly", counted)
    before, span = hole_in("python", "def f(w):\n    ‸\n")
    ParseCheck(before, span).cut_back(") ".join(f"b{n} = = c\n   " for n in range(200)))
    assert 1 < len(calls) <= 13  # one look at the whole, then a dozen


FRAGMENTS = st.sampled_from([
    "x", " = 1", "\n", "\r\n", "    ", "(", ")", "{", "}", "[", "]", '"', "'", '"""', ":", ";", "é😀",
    "\ud83d", "\x00", "def f():", "return ", "if x", "<p>", "#", "//", "/*", "\x0c", "\ufeff", "\\", "`${",
])  # fmt: skip
TEXTS = st.lists(FRAGMENTS, max_size=20).map("".join) | st.text(max_size=30)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(LANGUAGES), TEXTS, TEXTS, st.integers(0, 60), st.integers(0, 60))
def test_nothing_escapes_the_gate(language, text: str, fill: str, start: int, end: int) -> None:
    start, end = sorted((min(start, len(text)), min(end, len(text))))
    before, span = parse(language, text), Span(start, end)
    verdict = ParseCheck(before, span).check(fill)
    if verdict.first_error_offset is not None:
        assert not verdict.ok
        assert 0 <= verdict.first_error_offset <= len(text) + len(fill)
    shorter = ParseCheck(before, span).cut_back(fill)
    if shorter is not None:
        assert fill.startswith(shorter) and shorter.strip() and len(shorter) < len(fill)
        assert ParseCheck(before, span).check_strictly(shorter).ok


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["h", "h + 1", "g(h)", "[h]", "'a'", "(h,\n        h)"]), st.integers(1, 8))
def test_a_sound_fill_cut_inside_never_passes_unparsed(fill: str, length: int) -> None:
    before, span = hole_in("python", RETURN_PY)
    part = fill[:length]
    try:
        compile(before.text[: span.start] + part + before.text[span.end :], "x", "exec")
        compiles = True
    except SyntaxError:
        compiles = False
    assert ParseCheck(before, span).check_strictly(part).ok == compiles
