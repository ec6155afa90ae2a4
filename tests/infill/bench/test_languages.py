"""Holes in code of every language: ends of lines, words begun, files begun, bodies of functions."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import pytest

from infill.bench.bodies import body_span, language_of, parses
from infill.bench.code.code_set import CodeSet, code_sets
from infill.bench.context import PackageContext
from infill.bench.fills import answer, by_threshold
from infill.bench.hole_sampling import begun_holes, block_holes, drawn, line_holes, typed_holes
from infill.bench.hole_sampling import cut_line as cut
from infill.syntax.tree import parse
from infill.types import Context, Filled, InputError, NoFill, Request
from model.types import CancelToken
from tests.infill.bench.test_bench import Fixed

CODE = {
    "python": (
        "a.py",
        "def area(w, h):\n    # never here\n    total = w * h\n    return total\n",
        "total = w * h\n    return total",
    ),
    "go": (
        "a.go",
        "package a\n\n// never here\nfunc Area(w int, h int) int {\n\ttotal := w * h\n\treturn total\n}\n",
        "total := w * h\n\treturn total",
    ),
    "typescript": (
        "a.ts",
        "// never here\nexport function area(width: number, height: number): number {\n"
        "  const total = width * height\n  return total\n}\n",
        "const total = width * height\n  return total",
    ),
    "tsx": (
        "a.tsx",
        "// never here\nexport function Area(props: Props) {\n  const total = props.width * props.height\n"
        "  return <b>{total}</b>\n}\n",
        "const total = props.width * props.height\n  return <b>{total}</b>",
    ),
    "javascript": (
        "a.js",
        "// never here\nexport function area(width, height) {\n  const total = width * height\n  return total\n}\n",
        "const total = width * height\n  return total",
    ),
    "rust": (
        "a.rs",
        "// never here\npub fn area(width: u32, height: u32) -> u32 {\n    let total = width * height;\n    total\n}\n",
        "let total = width * height;\n    total",
    ),
    "java": (
        "A.java",
        "class A {\n  // never here\n  int area(int width, int height) {\n    int total = width * height;\n"
        "    return total;\n  }\n}\n",
        "int total = width * height;\n    return total;",
    ),
    "c": (
        "a.c",
        "// never here\nint area(int width, int height) {\n    int total = width * height;\n    return total;\n}\n",
        "int total = width * height;\n    return total;",
    ),
    "cpp": (
        "a.cpp",
        "// never here\nint area(int width, int height) {\n    auto total = width * height;\n    return total;\n}\n",
        "auto total = width * height;\n    return total;",
    ),
}


def code(folder: Path, language: str) -> CodeSet:
    name, text, _ = CODE[language]
    (folder / name).write_text(text)
    return code_sets(None, language, [folder])[0]


@pytest.mark.parametrize("language", CODE)
def test_ends_of_lines_are_drawn_outside_comments(tmp_path: Path, language: str) -> None:
    one = code(tmp_path, language)
    for draw in (line_holes, typed_holes, begun_holes):
        holes = draw(one, 100, 1)
        assert holes and holes == draw(one, 100, 1)
        assert all(hole.language == language and "never" not in hole.answer for hole in holes)
        assert all("\n" not in hole.answer and hole.answer.strip() for hole in holes)


@pytest.mark.parametrize("language", CODE)
def test_a_body_is_the_statements_of_a_function(tmp_path: Path, language: str) -> None:
    (hole,) = block_holes(code(tmp_path, language), 10, 1)
    assert hole.answer == CODE[language][2]
    assert parses(hole.text, language, hole.text) and not parses(hole.text + "\n)(", language, hole.text)


@pytest.mark.parametrize(
    ("language", "text", "n"),
    [
        ("go", "func One() int { return 1 }\n", 0),
        ("typescript", "const f = () => {}\n", 0),
        ("python", "def f(): return 1\n", 0),
        ("python", 'def f():\n    """Only words."""\n', 0),
        ("c", "int f(void) {\n" + "    g();\n" * 11 + "}\n", 0),
        ("c", "int f(void) {\n    g();\n}\n", 1),
    ],
)
def test_what_is_no_body_on_lines_of_its_own_is_none(language: str, text: str, n: int) -> None:
    assert body_span(parse(language_of(language), text), n) is None


def test_a_docstring_and_comments_around_stay() -> None:
    text = 'def f(a):\n    """Words."""\n    # why\n    return a\n    # after\n'
    span = body_span(parse(language_of("python"), text), 0)
    assert span is not None and text[span.start : span.end] == "return a"


def test_packages_are_drawn_from_in_turn(tmp_path: Path) -> None:
    small, large = tmp_path / "small.py", tmp_path / "large.py"
    small.write_text("a = some(thing)\n" * 5)
    large.write_text("b = other(thing)\n" * 500)
    both = CodeSet("python", ((small,), (large,)), "two")
    rng = random.Random(1)
    holes = drawn(both, 10, rng, lambda path, text, n: cut(path, text, n, rng))
    assert sorted(Path(hole.path).name for hole in holes) == ["large.py"] * 5 + ["small.py"] * 5


def test_the_context_of_a_language_is_the_other_files_of_its_package(tmp_path: Path) -> None:
    one = code(tmp_path, "go")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "b.go").write_text("package inner\n\nfunc Perimeter() int { return 4 }\n")
    (tmp_path / "b.rs").write_text("fn other() {}\n")
    (hole, *_) = line_holes(one, 1, 1)
    context = PackageContext((tmp_path,)).of(hole)
    assert context.text_paths == ("inner/b.go",) and "Perimeter" in context.texts[0] and context.path == "a.go"


def test_a_fill_is_asked_for_in_its_language_and_parses_or_not(tmp_path: Path) -> None:
    (hole,) = block_holes(code(tmp_path, "go"), 1, 1)
    fill = Fixed("return w")
    sample = answer(fill, "block", "all", hole, 0, Context())
    assert sample.parses and not sample.exact
    assert not answer(Fixed("return ((w"), "block", "all", hole, 0, Context()).parses


def test_an_unknown_language_is_named() -> None:
    with pytest.raises(InputError, match="--language golang"):
        language_of("golang")


def test_a_threshold_can_be_read_from_what_it_would_show(tmp_path: Path) -> None:
    (hole,) = block_holes(code(tmp_path, "go"), 1, 1)
    right = answer(Fixed(CODE["go"][2]), "block", "all", hole, 0, Context())  # of confidence 0.9
    wrong = msgspec.structs.replace(right, fill="return 1", exact=False, confidence=0.5)
    rows = dict(by_threshold([right, wrong, msgspec.structs.replace(right, fill=None)]))
    assert rows["0.50"] == "66.7 % (2 of 3), 50.0 % (1 of 2), 50.0 % (1 of 2)"
    assert rows["0.55"] == rows["0.90"] == "33.3 % (1 of 3), 100.0 % (1 of 1), 100.0 % (1 of 1)"


@pytest.mark.parametrize("ends_words", [True, False])
def test_a_model_that_ends_no_words_is_asked_once(tmp_path: Path, ends_words: bool) -> None:
    (hole, *_) = [h for h in typed_holes(code(tmp_path, "python"), 5, 1) if h.answer]
    filler = Counting(None)
    filler.ends_words = ends_words
    answer(filler, "typed", "all", hole, 0, Context())
    assert filler.n_asked == (2 if ends_words else 1)


class Counting(Fixed):
    """Counts what it is asked."""

    ends_words, n_asked = True, 0

    def fill(self, request: Request, cancel: CancelToken) -> Filled | NoFill:
        self.n_asked += 1
        return super().fill(request, cancel)
