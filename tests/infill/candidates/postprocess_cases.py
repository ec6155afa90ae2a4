"""Documents, fills and what becomes of them: (language, document with `‸` or `⟦…⟧`, fill, document afterwards)."""

from __future__ import annotations

JS, PY, C = "javascript", "python", "c"

# what users of other tools meet: brackets that the editor closed already
CLOSERS = {
    "call": (JS, "foo(‸)\n", "a, b)", "foo(a, b)\n"),
    "call_with_semicolon": (JS, "foo(‸)\n", "a, b);", "foo(a, b)\n"),
    "own_call_is_kept": (JS, "foo(‸)\n", "g(a)", "foo(g(a))\n"),
    "own_call_then_second": (JS, "foo(‸)\n", "g(a))", "foo(g(a))\n"),
    "closer_that_the_line_lacks": (PY, "foo(bar(‸)\n", "x)", "foo(bar(x))\n"),
    "opener_on_a_line_above": (PY, "foo(\n    a, ‸)\n", "b)", "foo(\n    a, b)\n"),
    "closer_of_what_is_around_the_line": (
        "cpp",
        "int f() {\n  return g{0, ‸\n}\n",
        "0};",
        "int f() {\n  return g{0, 0};\n}\n",
    ),
    "closer_of_a_template_on_the_line": (
        JS,
        "if (a) {\n  throw new Error(`no ${‸\n}\n",
        "a}`);",
        "if (a) {\n  throw new Error(`no ${a}`);\n}\n",
    ),
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
