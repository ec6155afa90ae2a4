from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infill.syntax.languages import LANGUAGES, Language, by_id
from infill.syntax.tree import Syntax, encode, parse
from infill.types import Span


def python() -> Language:
    language = by_id("python")
    assert language is not None
    return language


def shape(syntax: Syntax) -> list[tuple[str, int, int]]:
    found, stack = [], [syntax.root]
    while stack:
        node = stack.pop()
        found.append((node.type, node.start_byte, node.end_byte))
        stack.extend(node.children)
    return found


TEXTS = st.text(st.sampled_from("ab=1 \n\r\t()é😀𝔘\ud83d\udc00\x00\u2028\"'"), max_size=80)


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.integers(0, 12))
def test_offsets_round_trip(text: str, times: int) -> None:
    text = text * times  # long enough for several stored marks
    syntax = parse(python(), text)
    for offset in {*range(0, len(text) + 1, 37), len(text), *range(505, min(520, len(text)))}:
        byte = syntax.byte_offset(offset)
        assert byte == len(encode(text[:offset]))
        assert syntax.char_offset(byte) == offset


def test_bytes_inside_a_character_belong_to_it() -> None:
    syntax = parse(python(), "é😀x")
    assert [syntax.char_offset(byte) for byte in range(8)] == [0, 0, 1, 1, 1, 1, 2, 3]


def test_offsets_are_clamped() -> None:
    syntax = parse(python(), "é")
    assert (syntax.byte_offset(-5), syntax.byte_offset(9)) == (0, 2)
    assert (syntax.char_offset(-5), syntax.char_offset(9)) == (0, 1)
    assert parse(python(), "").char_offset(3) == 0


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(LANGUAGES), st.text(max_size=60), st.integers(-5, 70))
def test_any_text_is_read(language: Language, text: str, offset: int) -> None:
    syntax = parse(language, text)
    assert syntax.n_errors + sum(p.missing for p in syntax.problems) == len(syntax.problems)
    assert list(syntax.around(offset))[-1].parent is None
    assert syntax.span_of(syntax.root).end <= len(text)


def test_no_character_of_a_shell_script_ends_the_process() -> None:
    """Its scanner looks what follows a brace up in a table of C, far beyond the end of that for such characters."""
    reads = (
        "from infill.syntax.languages import by_id\n"
        "from infill.syntax.tree import parse\n"
        "for n in range(0x10000, 0x110000, 0x200): parse(by_id('bash'), '{' + chr(n) + '{|}')\n"
    )
    for _ in range(5):  # what is mapped there is another each time
        done = subprocess.run([sys.executable, "-c", reads], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_a_shell_script_has_its_own_characters() -> None:
    language = by_id("bash")
    assert language is not None
    text = "# 😀\ngrüße() {\n  echo 'é 😀' \uf121\n}\n"
    syntax = parse(language, text)
    assert not syntax.problems
    words = {
        text[span.start : span.end] for node in syntax.around(text.index("é 😀'")) for span in [syntax.span_of(node)]
    }
    assert "'é 😀'" in words
    edited = syntax.edited(Span(2, 3), "é")
    assert edited.text.startswith("# é\n") and shape(edited) == shape(parse(language, edited.text))


STATEMENTS = [
    "x = 1\n",
    "def f(é):\n    return '😀'\n",
    "# 😀\n",
    "if a:\n    b()\n",
    "\n",
    "y = [1,\n  2]\r\n",
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(STATEMENTS), max_size=12), st.lists(st.sampled_from(STATEMENTS), max_size=12))
def test_reparse_equals_parse_in_sound_code(old: list[str], new: list[str]) -> None:
    before = parse(python(), "".join(old))
    after = parse(python(), "".join(new), before)
    fresh = parse(python(), "".join(new))
    assert shape(after) == shape(fresh)
    assert after.text == "".join(new) and after.source == encode("".join(new))


@settings(max_examples=200, deadline=None)
@given(TEXTS, TEXTS)
def test_reparse_never_fails_and_keeps_the_old(old: str, new: str) -> None:
    before = parse(python(), old)
    was = shape(before)
    after = parse(python(), new, before)
    assert after.source == encode(new)
    assert shape(before) == was


@settings(max_examples=200, deadline=None)
@given(TEXTS, TEXTS, st.integers(0, 80), st.integers(0, 80))
def test_edited_replaces_the_span(text: str, new: str, start: int, end: int) -> None:
    start, end = sorted((min(start, len(text)), min(end, len(text))))
    after = parse(python(), text).edited(Span(start, end), new)
    assert after.text == text[:start] + new + text[end:]
    assert after.source == encode(after.text)


def test_reparse_shares_the_unchanged() -> None:
    text = "".join(f"def f{n}(a):\n    return a + {n}\n\n" for n in range(50))
    before = parse(python(), text)
    after = before.edited(Span(len(text), len(text)), "x = 1\n")
    changed = before.tree.changed_ranges(after.tree)
    assert changed == [] or min(found.start_byte for found in changed) >= len(text) - 40


def test_same_text_gives_the_same_object() -> None:
    before = parse(python(), "x = 1\n")
    assert parse(python(), "x = 1\n", before) is before


def test_old_tree_of_another_language_is_not_used() -> None:
    other = by_id("json")
    assert other is not None
    assert parse(python(), "x = 1\n", parse(other, "x = 1\n")).n_errors == 0


@pytest.mark.parametrize(
    ("source", "n_errors", "n_missing"),
    [
        ("int a = (1);\n", 0, 0),
        ("int a = = 1;\n", 1, 0),
        ("int a = 1\n", 0, 1),
        ("int f() {\n  a();\n", 0, 1),
    ],
)
def test_counts(source: str, n_errors: int, n_missing: int) -> None:
    c = by_id("c")
    assert c is not None
    syntax = parse(c, source)
    assert (syntax.n_errors, sum(p.missing for p in syntax.problems)) == (n_errors, n_missing)


def test_problem_spans_count_characters() -> None:
    (problem,) = parse(python(), "'😀'\nx = = 1\n").problems
    assert (problem.span, problem.missing) == (Span(8, 9), False)


def test_around_is_strict() -> None:
    syntax = parse(python(), "f('ab')\n")
    assert syntax.enclosing(3, {"string"}) is not None
    assert syntax.enclosing(2, {"string"}) is None
    assert syntax.enclosing(6, {"string"}) is None
    assert syntax.enclosing(6, {"argument_list"}) is not None
    assert syntax.node_over(Span(2, 6)).type == "string"


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_line(line_break: str) -> None:
    text = line_break.join(["ab", "", "c\u2028d\x0ce"])
    syntax = parse(python(), text)
    second = 2 + len(line_break)
    third = second + len(line_break)
    assert [syntax.line(offset) for offset in (0, 1, 2)] == [Span(0, 2)] * 3
    assert syntax.line(second) == Span(second, second)
    assert syntax.line(third + 2) == Span(third, len(text))


@pytest.mark.parametrize(
    "text", ["a\n" * 40, "f(\n" + "a, é,\n" * 40, "if x:\n" + "    pass\n" * 50 + "def\n" * 40, "x = [" + "1, " * 90]
)
def test_of_many_children_those_within_are_found(text: str) -> None:
    syntax = parse(by_id("python") or LANGUAGES[0], text)
    every = [syntax.root]
    for node in every:
        every += node.children
    for start in range(0, len(text), 7):
        for end in (start, start + 1, start + 9, len(text)):
            first, last = syntax.byte_offset(start), syntax.byte_offset(end)
            wanted = {n.id for n in every if n.start_byte < last and first < n.end_byte}
            assert {node.id for node in syntax.nodes_in(Span(start, end))} == wanted
