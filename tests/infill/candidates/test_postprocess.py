"""Fills in, what stands in the document out. `shown` applies the fill as the server would."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infill.candidates.postprocess import PASSES, dominant_line_break, postprocess, trace
from infill.holes.find import find_hole, selection_hole
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Hole, Span


def shown(language_id: str, source: str, fill: str) -> str:
    """Return the document after the fill at `‸`, or over `⟦…⟧`."""
    language = by_id(language_id)
    assert language is not None
    if "⟦" in source:
        start, end = source.index("⟦"), source.index("⟧") - 1
        text = source.replace("⟦", "").replace("⟧", "")
        hole = selection_hole(parse(language, text), Span(start, end))
    else:
        text = source.replace("‸", "")
        hole = find_hole(parse(language, text), source.index("‸"), "manual")
    assert isinstance(hole, Hole)
    prefix, suffix = text[: hole.span.start], text[hole.span.end :]
    indent_blocks = language.block_style == "indent"
    return prefix + postprocess(fill, hole, prefix, suffix, indent_blocks=indent_blocks) + suffix


JS, PY, C = "javascript", "python", "c"

# what users of other tools meet: brackets that the editor closed already
CLOSERS = {
    "call": (JS, "foo(‸)\n", "a, b)", "foo(a, b)\n"),
    "call_with_semicolon": (JS, "foo(‸)\n", "a, b);", "foo(a, b)\n"),
    "own_call_is_kept": (JS, "foo(‸)\n", "g(a)", "foo(g(a))\n"),
    "own_call_then_second": (JS, "foo(‸)\n", "g(a))", "foo(g(a))\n"),
    "closer_that_the_line_lacks": (PY, "foo(bar(‸)\n", "x)", "foo(bar(x))\n"),
    "opener_on_a_line_above": (PY, "foo(\n    a, ‸)\n", "b)", "foo(\n    a, b)\n"),
    "string": (PY, 'print("‸")\n', 'hello")', 'print("hello")\n'),
    "string_only_quote": (PY, "x = 'ab‸'\n", "c'", "x = 'abc'\n"),
    "string_of_its_own": (PY, "x = [‸]\n", "'a', 'b']", "x = ['a', 'b']\n"),
    "string_before_string": (PY, 'x = [‸"a"]\n', '"b", "', 'x = ["b", "a"]\n'),
    "escaped_quote": (JS, 'x = "‸";\n', 'say \\"hi\\"', 'x = "say \\"hi\\"";\n'),
    "condition_and_brace": (JS, "if (‸) {\n}\n", "a > 0) {", "if (a > 0) {\n}\n"),
    "brace_of_the_block": (
        JS,
        "function f() {\n  ‸\n}\n",
        "return 1;\n}",
        "function f() {\n  return 1;\n}\n",
    ),
    "brace_of_another_block": (
        JS,
        "function f() {\n  if (a) {\n    ‸\n}\n",
        "b();\n  }",
        "function f() {\n  if (a) {\n    b();\n  }\n}\n",
    ),
    "missing_brace_under_typed_dedent": (
        C,
        "void f() {\n  if (a) {\n    b();\n  ‸\n}\n",
        "}",
        "void f() {\n  if (a) {\n    b();\n  }\n}\n",
    ),
    "missing_brace_on_an_empty_line": (JS, "function f() {\n  a();\n‸\n", "}", "function f() {\n  a();\n}\n"),
    "closes_and_opens_again": (C, "int (*a‸);\n", "b)(int c", "int (*ab)(int c);\n"),
    "bracket_on_the_next_line": (PY, "x = [\n    1,\n    ‸\n]\n", "2,\n]", "x = [\n    1,\n    2,\n]\n"),
    "tag": ("html", "<div ‸></div>\n", 'class="a">', '<div class="a"></div>\n'),
    "arrow_is_no_tag": ("tsx", "f<‸>(x)\n", "Array<a>", "f<Array<a>>(x)\n"),
}

OVERLAP = {
    "same_words": (PY, "foo(‸bar, x)\n", "a, bar", "foo(a, bar, x)\n"),
    "whole_fill": (PY, "foo(‸bar)\n", "bar", "foo(bar)\n"),
    "part_of_a_word_is_no_repeat": (PY, "x = ‸ed + 1\n", "need", "x = needed + 1\n"),
    "operator_tail": (PY, "x = (a + ‸) + c\n", "b) + c", "x = (a + b) + c\n"),
    "own_bracket_is_not_cut": (PY, "x = (a + ‸) + c\n", "f(b) + c", "x = (a + f(b) + c) + c\n"),
    "semicolon": (JS, "let a = ‸;\n", "b();", "let a = b();\n"),
    "colon": (PY, "if x‸:\n    pass\n", " > 0:", "if x > 0:\n    pass\n"),
    "colon_of_a_slice": (PY, "a[‸:2]\n", "b:", "a[b::2]\n"),
    "next_line": (
        PY,
        "def f(x):\n    y = x\n    ‸\n    return y\n",
        "y += 1\n    return y",
        "def f(x):\n    y = x\n    y += 1\n    return y\n",
    ),
    "next_lines_and_on": (
        PY,
        "def f(items):\n    ‸\n    for item in items:\n        register(item.name)\n",
        "items = sorted(items)\n    for item in items:\n        register(item.name)\n    h(items)",
        "def f(items):\n    items = sorted(items)\n    for item in items:\n        register(item.name)\n",
    ),
    "last_line_closes_what_the_fill_opened": (
        JS,
        "‸\n}\n",
        "if (a) {\n  b();\n}",
        "if (a) {\n  b();\n}\n}\n",
    ),
    "like_lines_of_data_are_no_repeat": (
        "json",
        '{\n  ‸\n  "c": {\n    "d": 1\n  }\n}\n',
        '"c": {\n    "d": 1\n  },\n  "b": 2,',
        '{\n  "c": {\n    "d": 1\n  },\n  "b": 2,\n  "c": {\n    "d": 1\n  }\n}\n',
    ),
    "next_line_alone": (
        PY,
        "def f(x):\n    ‸\n    return x\n",
        "return x",
        "def f(x):\n    \n    return x\n",
    ),
    "same_words_deeper_are_no_repeat": (
        PY,
        "def f(x):\n    ‸\n    return x\n",
        "if x:\n        return x",
        "def f(x):\n    if x:\n        return x\n    return x\n",
    ),
    "line_end_repeats_next_line": (PY, "total = ‸\ntotal = a + b\n", "a + b", "total = \ntotal = a + b\n"),
    "next_line_crlf": (
        PY,
        "def f(x):\r\n    ‸\r\n    return x\r\n",
        "x += 1\n    return x",
        "def f(x):\r\n    x += 1\r\n    return x\r\n",
    ),
}

INDENT = {
    "absolute": (PY, "def f(a):\n    ‸\n", "b = a\n    return b", "def f(a):\n    b = a\n    return b\n"),
    "from_column_0": (PY, "def f(a):\n    ‸\n", "b = a\nreturn b", "def f(a):\n    b = a\n    return b\n"),
    "cursor_indent_repeated": (
        PY,
        "def f(a):\n    ‸\n",
        "    b = a\n    return b",
        "def f(a):\n    b = a\n    return b\n",
    ),
    "empty_line": (PY, "def f(a):\n‸\n", "b = a\nreturn b", "def f(a):\n    b = a\n    return b\n"),
    "empty_line_absolute": (
        PY,
        "def f(a):\n‸\n",
        "    b = a\n    return b",
        "def f(a):\n    b = a\n    return b\n",
    ),
    "empty_line_rest_absolute": (
        PY,
        "def f(a):\n‸\n",
        "b = a\n    return b",
        "def f(a):\n    b = a\n    return b\n",
    ),
    "half_indented": (
        PY,
        "def f(a):\n  ‸\n    return a\n",
        "a += 1",
        "def f(a):\n    a += 1\n    return a\n",
    ),
    "too_deep": (
        PY,
        "def f(a):\n    b = a\n      ‸\n    return b\n",
        "b += 1",
        "def f(a):\n    b = a\n    b += 1\n    return b\n",
    ),
    "nested_from_column_0": (
        PY,
        "class A:\n    def f(self):\n        ‸\n",
        "for a in self:\n    b(a)\nreturn 1",
        "class A:\n    def f(self):\n        for a in self:\n            b(a)\n        return 1\n",
    ),
    "nested_absolute": (
        PY,
        "class A:\n    def f(self):\n        ‸\n",
        "for a in self:\n            b(a)\n        return 1",
        "class A:\n    def f(self):\n        for a in self:\n            b(a)\n        return 1\n",
    ),
    "comment_opens_nothing": (
        PY,
        "def f(a):\n    ‸\n",
        "# so it is :-(\n    b = a",
        "def f(a):\n    # so it is :-(\n    b = a\n",
    ),
    "closing_bracket_absolute": (
        PY,
        "def f(a):\n    ‸\n",
        "g(\n        a,\n    )",
        "def f(a):\n    g(\n        a,\n    )\n",
    ),
    "continuation_line": (
        PY,
        "def f(a):\n    ‸\n",
        "b = (a +\n         1)\n    return b",
        "def f(a):\n    b = (a +\n         1)\n    return b\n",
    ),
    "next_definition_is_cut": (
        PY,
        "def f(a):\n    ‸\n",
        "return a\n\n\ndef g(b):\n    return b",
        "def f(a):\n    return a\n",
    ),
    "next_method_is_cut": (
        PY,
        "class A:\n    def f(self):\n        ‸\n",
        "return 1\n\n    def g(self):\n        return 2",
        "class A:\n    def f(self):\n        return 1\n",
    ),
    "tabs": ("go", "func f() {\n\t‸\n}\n", "for {\n\t\tg()\n\t}", "func f() {\n\tfor {\n\t\tg()\n\t}\n}\n"),
    "spaces_into_tabs": (
        "go",
        "func f() {\n\t‸\n}\n",
        "for {\n    g()\n}",
        "func f() {\n\tfor {\n\t\tg()\n\t}\n}\n",
    ),
    "two_spaces_into_tabs": (
        "go",
        "func f() {\n\t‸\n}\n",
        "for {\n  if a {\n    g()\n  }\n}",
        "func f() {\n\tfor {\n\t\tif a {\n\t\t\tg()\n\t\t}\n\t}\n}\n",
    ),
    "selection_from_column_0": (
        PY,
        "def f(a):\n⟦    b = a\n⟧    return b\n",
        "if a:\n    b = a\n",
        "def f(a):\n    if a:\n        b = a\n    return b\n",
    ),
    "selection_in_a_line": (
        PY,
        "def f(a):\n    b = ⟦a⟧\n",
        "[\n        a,\n    ]",
        "def f(a):\n    b = [\n        a,\n    ]\n",
    ),
    "placeholder": (PY, "def f(a):\n    pass‸\n", "b = a\nreturn b", "def f(a):\n    b = a\n    return b\n"),
}

LINE_BREAKS = {
    "crlf": (
        PY,
        "def f(a):\r\n    ‸\r\n",
        "b = a\n    return b",
        "def f(a):\r\n    b = a\r\n    return b\r\n",
    ),
    "cr": (PY, "def f(a):\r    ‸\r", "b = a\n    return b", "def f(a):\r    b = a\r    return b\r"),
    "lf_from_crlf_fill": (
        PY,
        "def f(a):\n    ‸\n",
        "b = a\r\n    return b",
        "def f(a):\n    b = a\n    return b\n",
    ),
    "mixed_takes_the_most": (
        PY,
        "x = 1\r\ndef f(a):\r\n    ‸\n",
        "b = a\n    return b",
        "x = 1\r\ndef f(a):\r\n    b = a\r\n    return b\n",
    ),
}

TRUNCATION = {
    "block_keeps_all_lines": (
        PY,
        "def f(a):\n    ‸\n",
        "b = 1\n    c = 2\n    d = 3\n\n    e = 4\n    return e",
        "def f(a):\n    b = 1\n    c = 2\n    d = 3\n\n    e = 4\n    return e\n",
    ),
    "two_like_lines_are_kept": (PY, "def f(a):\n    ‸\n", "g()\n    g()", "def f(a):\n    g()\n    g()\n"),
    "single_line_hole_takes_one": (PY, "x = ‸\n", "a + b\ny = 2", "x = a + b\n"),
    "closing_braces_are_no_loop": (
        JS,
        "function f() {\n  ‸\n}\n",
        "if (a) {\n    if (b) {\n      c();\n    }\n  }",
        "function f() {\n  if (a) {\n    if (b) {\n      c();\n    }\n  }\n}\n",
    ),
}

BLANKS = {
    "at_the_end": (PY, "def f(a):\n    ‸\n", "return a\n\n\n", "def f(a):\n    return a\n"),
    "at_the_start": (PY, "def f(a):\n    ‸\n", "\n\n    return a", "def f(a):\n    return a\n"),
    "many_between": (PY, "‸", "a = 1\n\n\n\n\n\nb = 2", "a = 1\n\n\nb = 2"),
    "blanks_at_line_ends": (
        PY,
        "def f(a):\n    ‸\n",
        "b = a  \n    return b\t",
        "def f(a):\n    b = a\n    return b\n",
    ),
    "seam_left": (PY, "def f(a):\n    return ‸\n", " a", "def f(a):\n    return a\n"),
    "seam_right": (PY, "x = ‸ + 1\n", "a ", "x = a + 1\n"),
    "blank_needed_before_text": (PY, "foo(‸b)\n", "a, ", "foo(a, b)\n"),
    "only_blanks": (PY, "def f(a):\n    ‸\n", "\n   \n", "def f(a):\n    \n"),
}

SPECIAL = {
    "end_of_text": (PY, "x = ‸\n", "a + b<|endoftext|>y", "x = a + b\n"),
    "turn": (PY, "x = ‸\n", "a<end_of_turn>", "x = a\n"),
    "fim": (PY, "def f(a):\n    ‸\n", "return a<|fim_middle|>\nmore", "def f(a):\n    return a\n"),
    "replacement_character": (PY, "x = ‸\n", "a\ufffd", "x = a\n"),
    "kept_where_the_document_has_it": (
        PY,
        "END = '<|end|>'\nx = ‸\n",
        "'<|end|>'",
        "END = '<|end|>'\nx = '<|end|>'\n",
    ),
    "fence": (
        PY,
        "def f(a):\n    ‸\n",
        "```python\nreturn a\n```\nThis returns a.",
        "def f(a):\n    return a\n",
    ),
    "comparison_is_no_token": (C, "int a = ‸;\n", "b<c|d>e", "int a = b<c|d>e;\n"),
}

LOOPS = {
    "one_line": (PY, "def f(a):\n    ‸\n", "g(a)\n" + "    h(a)\n" * 5, "def f(a):\n    g(a)\n    h(a)\n"),
    "two_lines": (PY, "‸", "a()\nb()\n" * 4, "a()\nb()"),
}

GROUPS = [CLOSERS, OVERLAP, INDENT, LINE_BREAKS, TRUNCATION, BLANKS, SPECIAL, LOOPS]
CASES = {name: case for group in GROUPS for name, case in group.items()}


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    language_id, source, fill, wanted = CASES[name]
    assert shown(language_id, source, fill) == wanted


def test_case_names_are_unique() -> None:
    assert len(CASES) == sum(len(group) for group in GROUPS)


def test_every_pass_has_a_reason_and_a_case_that_needs_it() -> None:
    used = set()
    for language_id, source, fill, _ in CASES.values():
        language = by_id(language_id)
        assert language is not None
        if "‸" in source:
            text = source.replace("‸", "")
            hole = find_hole(parse(language, text), source.index("‸"), "manual")
            assert isinstance(hole, Hole)
            around = text[: hole.span.start], text[hole.span.end :]
            used |= {name for name, _ in trace(fill, hole, *around, indent_blocks=language_id == PY)}
    assert {step.name for step in PASSES} <= used
    assert all(step.why for step in PASSES)


def test_dominant_line_break() -> None:
    assert dominant_line_break("") == "\n"
    assert dominant_line_break("a\r\nb\r\nc\n") == "\r\n"
    assert dominant_line_break("a\rb") == "\r"


PIECES = st.sampled_from([
    "x", " ", "\n", "\r\n", "\t", "(", ")", "]", "[", "{", "}", '"', "'", ":", ";", ",", "return x", "    ",
    "\\", "é😀", "\ud83d", "\x0c", "```", "<|a|>", "<", ">",
])  # fmt: skip
TEXTS = st.lists(PIECES, max_size=12).map("".join)


@settings(max_examples=400, deadline=None)
@given(TEXTS, TEXTS, TEXTS, st.booleans(), st.sampled_from(["", "    ", "\t"]), st.booleans())
def test_any_text_passes_through(fill, prefix, suffix, multiline, indent, indent_blocks) -> None:
    kind = "block" if multiline else "token"
    hole = Hole(Span(len(prefix), len(prefix)), kind, indent, multiline)
    result = postprocess(fill, hole, prefix, suffix, indent_blocks=indent_blocks)
    if not multiline:
        assert "\n" not in result and "\r" not in result
    assert result.strip() in fill.replace("\r\n", "\n") or multiline


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(["a = 1", "if b:\n        c()", "d(e)", "return f"]),
        min_size=1,
        max_size=4,
        unique=True,
    )
)
def test_a_clean_block_is_left_alone(statements) -> None:
    fill = "\n    ".join(statements)
    assert shown(PY, "def f():\n    ‸\n", fill) == f"def f():\n    {fill}\n"


@pytest.mark.parametrize(
    ("fill", "expected"),
    [
        ("a = 1\n     b = 2\n     c = 3", "a = 1\n    b = 2\n    c = 3"),
        ("a = 1\n   if a:\n       b = 2", "a = 1\n    if a:\n        b = 2"),
        ("a = 1\n b = 2", "a = 1\n    b = 2"),
        ("(a,\n     b) = c", "(a,\n     b) = c"),
        ("if a:\n     b = 2", "if a:\n     b = 2"),
    ],
)
def test_lines_one_column_off_are_miscounted_but_not_where_they_are_meant(fill: str, expected: str) -> None:
    assert shown("python", "def f():\n    ‸\n", fill) == f"def f():\n    {expected}\n"


def test_the_lines_of_a_block_comment_stay_one_column_off() -> None:
    fill = "/**\n   * Opens it.\n   */\n  open() {}"
    assert shown("javascript", "class Box {\n  ‸\n}\n", fill) == f"class Box {{\n  {fill}\n}}\n"
