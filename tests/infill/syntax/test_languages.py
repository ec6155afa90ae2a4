from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from infill.syntax.languages import LANGUAGES, Language, by_id, for_path, placeholder_pattern

SNIPPETS = {
    "python": "x: int = 1\n",
    "javascript": "const a = <p>{b}</p>;\n",
    "typescript": "const a: number = 1 as number;\n",
    "tsx": "const a: X = <p>{b}</p>;\n",
    "go": "package a\n",
    "rust": "fn f<'a>() {}\n",
    "java": "class A {}\n",
    "c": "int a;\n",
    "cpp": "std::vector<int> a;\n",
    "bash": "if a; then b; fi\n",
    "json": '{"a": [1]}\n',
    "html": "<p>a</p>\n",
    "css": "a { color: red; }\n",
}


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.id)
def test_its_grammar_reads_its_code(language: Language) -> None:
    tree = language.parsed(SNIPPETS[language.id].encode())
    assert not tree.root_node.has_error


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.id)
def test_every_node_name_is_one_of_the_grammar(language: Language) -> None:
    grammar = language.grammar()
    known = {grammar.node_kind_for_id(number) for number in range(grammar.node_kind_count)}
    named = (
        language.comment_types
        | language.string_types
        | language.code_in_string_types
        | language.body_types
        | language.container_types
    )
    # rows are shared between a grammar and its dialect, which may lack a node of the other
    shared = {
        "type_arguments", "type_parameters", "interface_body", "object_type", "enum_body", "export_clause",
        "jsx_element", "js_comment",
    }  # fmt: skip
    assert named - known <= shared


def test_grammar_is_loaded_once_and_parsers_are_not_shared() -> None:
    python = by_id("python")
    assert python is not None
    assert python.grammar() is python.grammar()
    with ThreadPoolExecutor(4) as pool:
        trees = list(pool.map(lambda n: python.parsed(b"x = 1\n" * n).root_node, range(1, 40)))
    assert [len(root.children) for root in trees] == list(range(1, 40))


@pytest.mark.parametrize(
    ("language_id", "wanted"),
    [
        ("python", "python"),
        ("shellscript", "bash"),
        ("bash", "bash"),
        ("typescriptreact", "tsx"),
        ("javascriptreact", "javascript"),
        ("jsonc", "json"),
        ("python.django", "python"),
        ("sh.gentoo", "bash"),
        ("c.doxygen", "c"),
        ("javascript.jsx", "javascript"),
        ("typescript.tsx", "tsx"),
        ("cobol.python", None),
        (".", None),
        ("cobol", None),
        ("", None),
    ],
)
def test_by_id(language_id: str, wanted: str | None) -> None:
    found = by_id(language_id)
    assert (None if found is None else found.id) == wanted


@pytest.mark.parametrize(
    ("path", "text", "wanted"),
    [
        ("a/b.py", None, "python"),
        ("A.PY", None, "python"),
        ("a.tsx", None, "tsx"),
        ("a.mts", None, "typescript"),
        ("a.h", None, "c"),
        ("a.hpp", None, "cpp"),
        (".bashrc", None, "bash"),
        ("run", "#!/bin/sh\n", "bash"),
        ("run", "#!/usr/bin/env python3.11\n", "python"),
        ("run", "#!/usr/bin/env -S FOO=1 node --flag\n", "javascript"),
        ("run", "#!\n", None),
        ("run", "#!", None),
        ("run", "#! /usr/bin/env\n", None),
        ("run", "python\n", None),
        ("run", None, None),
        ("a.css", "#!/bin/sh\n", "css"),
    ],
)
def test_for_path(path: str, text: str | None, wanted: str | None) -> None:
    found = for_path(path, text)
    assert (None if found is None else found.id) == wanted


def test_no_id_extension_or_name_belongs_to_two() -> None:
    for field in ("extensions", "file_names", "interpreters"):
        names = [name for language in LANGUAGES for name in getattr(language, field)]
        assert len(names) == len(set(names)), field
    ids = [name for language in LANGUAGES for name in {language.id, *language.lsp_ids}]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("language_id", "body", "expected"),
    [
        ("python", "\n    pass\n", "pass"),
        ("python", '\n    """Say."""\n    ...', "..."),
        ("python", "\n    # TODO: a\n    pass\n", "# TODO: a\n    pass"),
        ("python", "\n    passed\n", None),
        ("python", "\n    # note\n", None),
        ("python", "\n    return 1\n", None),
        ("rust", " todo!() ", "todo!()"),
        ("rust", ' unimplemented!("later"); ', 'unimplemented!("later");'),
        ("java", "throw new UnsupportedOperationException();", "throw new UnsupportedOperationException();"),
        ("javascript", "/* TODO: a\n * b */", "/* TODO: a\n * b */"),
        ("javascript", "throw a;", None),
        ("javascript", "throw new TypeError('bad a');", None),
        ("javascript", "throw new Error(`TODO: later`)", "throw new Error(`TODO: later`)"),
        (
            "cpp",
            'throw std::runtime_error("not implemented");',
            'throw std::runtime_error("not implemented");',
        ),
        ("bash", "\n  :\n", ":"),
        ("json", "", None),
    ],
)
def test_placeholder_pattern(language_id: str, body: str, expected: str | None) -> None:
    language = by_id(language_id)
    assert language is not None
    found = placeholder_pattern(language).fullmatch(body)
    assert (None if found is None else found["placeholders"]) == expected


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.id)
def test_placeholders_do_not_take_long_on_hostile_bodies(language: Language) -> None:
    # 20,000 characters of almost-placeholders: a pattern that backtracks would not come back
    pattern: re.Pattern[str] = placeholder_pattern(language)
    for text in ("# TODO " * 3000, "pass\n" * 4000 + "x", "throw new " + "a." * 10000, "/* TODO " * 2500):
        pattern.fullmatch(text)
