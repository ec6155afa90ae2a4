"""Cases as data: source with a cursor mark in, hole out. See `read_case` for the files' form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infill.holes.find_hole import MAX_BYTES, find_hole, selection_hole
from infill.syntax.languages import LANGUAGES, by_id
from infill.syntax.tree import Syntax, parse
from infill.types import Hole, NoFill, Span

CASES = Path(__file__).parent / "cases"
CURSOR, OPEN, CLOSE = "‸", "⟦", "⟧"
FILES = sorted(CASES.glob("*/*.txt"))
LINE_BREAKS = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}


def read_case(path: Path) -> tuple[str, dict[str, object]]:
    """Split a case: source, a line `---`, then `key: JSON`. `␠` is a space that must survive at an end."""
    source, _, wanted_text = path.read_bytes().decode().rpartition("\n---\n")
    wanted: dict[str, object] = {}
    for line in wanted_text.strip().splitlines():
        key, _, value = line.partition(": ")
        wanted[key] = json.loads(value)
    line_break = LINE_BREAKS[str(wanted.pop("line_break", "lf"))]
    wanted = {key: str(v).replace("\n", line_break) if key == "span" else v for key, v in wanted.items()}
    return source.replace("␠", " ").replace("\n", line_break), wanted


def describe(syntax: Syntax, found: Hole | NoFill) -> dict[str, object]:
    if isinstance(found, NoFill):
        return {"no_fill": found.reason}
    return {
        "kind": found.kind,
        "span": syntax.text[found.span.start : found.span.end],
        "indent": found.indent,
        "multiline": found.multiline,
    }


def run(language_id: str, source: str, trigger: str) -> tuple[dict[str, object], Hole | NoFill, int]:
    language = by_id(language_id)
    assert language is not None
    if OPEN in source:
        start = source.index(OPEN)
        end = source.index(CLOSE) - 1
        syntax = parse(language, source.replace(OPEN, "").replace(CLOSE, ""))
        found = selection_hole(syntax, Span(start, end))
        return describe(syntax, found), found, start
    offset = source.index(CURSOR)
    syntax = parse(language, source.replace(CURSOR, ""))
    found = find_hole(syntax, offset, "automatic" if trigger == "automatic" else "manual")
    return describe(syntax, found), found, offset


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_case(path: Path) -> None:
    source, wanted = read_case(path)
    trigger = str(wanted.pop("trigger", "manual"))
    got, found, offset = run(path.parent.name, source, trigger)
    assert {key: got.get(key) for key in wanted} == wanted
    if isinstance(found, Hole) and OPEN not in source:
        assert found.span.start <= offset <= found.span.end


def test_there_are_cases_for_every_language() -> None:
    assert {path.parent.name for path in FILES} == {language.id for language in LANGUAGES}
    assert len(FILES) >= 45


def test_every_case_names_a_kind_or_a_reason() -> None:
    for path in FILES:
        _, wanted = read_case(path)
        assert "no_fill" in wanted or {"kind", "span", "indent", "multiline"} <= set(wanted), path


REFUSED = ["in_comment", "in_string", "word_to_the_right"]


@pytest.mark.parametrize("reason", REFUSED)
def test_manual_is_never_refused(reason: str) -> None:
    refused = [path for path in FILES if read_case(path)[1].get("no_fill") == reason]
    assert refused
    for path in refused:
        _, found, _ = run(path.parent.name, read_case(path)[0], "manual")
        assert isinstance(found, Hole)


def test_automatic_is_refused_in_a_large_file() -> None:
    python = by_id("python")
    assert python is not None
    syntax = parse(python, "x = 1\n" * (MAX_BYTES // 6 + 1))
    found = find_hole(syntax, 5, "automatic")
    assert isinstance(found, NoFill) and found.reason == "file_too_large"
    assert isinstance(find_hole(syntax, 5, "manual"), Hole)


def test_automatic_is_refused_in_a_generated_file() -> None:
    json_language = by_id("json")
    assert json_language is not None
    syntax = parse(json_language, "[" + "1, " * 200 + "1]\n")
    found = find_hole(syntax, 1, "automatic")
    assert isinstance(found, NoFill) and found.reason == "generated_file"
    assert isinstance(find_hole(syntax, 1, "manual"), Hole)


FRAGMENTS = [
    "def f(x):", "    ", "\t", "\n", "\r\n", "\r", "pass", "# TODO", "'", '"', '"""', "(", ")", "{", "}",
    "[", "]", ":", "class A:", "return x", "😀", "é", "\ud83d", "\x00", "\x0c", "\u2028", "if x", "else:",
    "`${", "//", "/*", "*/", "<p>", "</p>", "<!--", "fn f() {", "todo!()", "x", " ", ",", ";", "\\",
]  # fmt: skip
SOURCES = st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join) | st.text(max_size=60)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(LANGUAGES), SOURCES, st.integers(-3, 90), st.sampled_from(["automatic", "manual"]))
def test_any_text_and_offset_give_a_span_inside_the_text(language, text, offset, trigger) -> None:
    found = find_hole(parse(language, text), offset, trigger)
    if isinstance(found, NoFill):
        assert trigger == "automatic"
        return
    assert 0 <= found.span.start <= found.span.end <= len(text)
    assert not found.indent.strip(" \t\f\v")
    assert found.span.start <= min(max(offset, 0), len(text))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(LANGUAGES), SOURCES, st.integers(-3, 90), st.integers(-3, 90))
def test_any_selection_gives_a_span_inside_it(language, text, start, end) -> None:
    found = selection_hole(parse(language, text), Span(start, end))
    assert isinstance(found, Hole)
    assert 0 <= found.span.start <= found.span.end <= len(text)
    if found.kind == "selection":
        assert min(start, end) <= found.span.start and found.span.end <= max(start, end)
