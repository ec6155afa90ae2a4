"""Holes cut out of code that no model of ours was trained on, the same for the same files and seed."""

from __future__ import annotations

import ast
import importlib.util
import random
import re
import warnings
from collections.abc import Callable
from pathlib import Path

import msgspec

from infill.holes.find_hole import find_hole
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import InputError, NoFill, Span
from model.config import HELD_OUT

WORD_EDGE = re.compile(r"\b(?=\w)|(?<=\W)(?=[^\w\s])")
MAX_FILE_CHARS = 60_000
MAX_BLOCK_LINES = 10
BEGUN_LINES = 60  # of a file that somebody has begun, at most
LETTERS = re.compile(r"\b[^\W\d]\w(?=\w)")  # of a word in which somebody pauses


class BenchHole(msgspec.Struct, frozen=True):
    """A file and a span of it; what stood there is the answer."""

    path: str
    text: str
    span: Span

    @property
    def answer(self) -> str:
        """What stood in the hole."""
        return self.text[self.span.start : self.span.end]

    @property
    def holed(self) -> str:
        """The text without it."""
        return self.text[: self.span.start] + self.text[self.span.end :]


def held_out_files() -> list[Path]:
    """Python files of the held-out packages that are installed, tests and vendored copies left out."""
    files: list[Path] = []
    for name in HELD_OUT:
        spec = importlib.util.find_spec(name)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            files += [p for p in sorted(Path(folder).rglob("*.py")) if not {"tests", "_vendor"} & set(p.parts)]
    return files


def source_files(paths: list[Path]) -> list[Path]:
    """Python files named or in named folders."""
    missing = [p for p in paths if not p.exists()]
    if missing:
        raise InputError(f"{missing[0]}: no such file or folder")
    return [f for p in paths for f in (sorted(p.rglob("*.py")) if p.is_dir() else [p])]


def texts_that_parse(files: list[Path]) -> dict[Path, str]:
    """The files that are not too long and that Python reads."""
    texts = {path: path.read_text("utf-8", "replace") for path in files}
    return {path: text for path, text in texts.items() if len(text) <= MAX_FILE_CHARS and parses(text)}


def line_holes(files: list[Path], limit: int, seed: int) -> list[BenchHole]:
    """From a word's edge to the end of its line, drawn evenly over all lines of code."""
    rng = random.Random(seed)
    return drawn(files, limit, rng, lambda path, text, n: cut_line(path, text, n, rng))


def begun_holes(files: list[Path], limit: int, seed: int) -> list[BenchHole]:
    """The same near the top of a file with nothing below yet, as where somebody has just begun it."""
    rng = random.Random(seed)

    def cut(path: str, text: str, n: int) -> BenchHole | None:
        hole = cut_line(path, text, n, rng) if n < BEGUN_LINES else None
        return hole and BenchHole(path, text[: text.index("\n", hole.span.end) + 1], hole.span)

    return drawn(files, limit, rng, cut)


def typed_holes(files: list[Path], limit: int, seed: int) -> list[BenchHole]:
    """From inside a word whose first letters are there already, as where somebody pauses in it, to the line's end."""
    rng = random.Random(seed)

    def cut(path: str, text: str, n: int) -> BenchHole | None:
        line_start = line_span(text, n).start
        line = text[line_start : line_span(text, n).end].rstrip()
        starts = [line_start + m.end() for m in LETTERS.finditer(line)]
        return BenchHole(path, text, Span(rng.choice(starts), line_start + len(line))) if starts else None

    return drawn(files, limit, rng, cut)


def block_holes(files: list[Path], limit: int, seed: int) -> list[BenchHole]:
    """Whole bodies of functions, at most ten lines long, without their docstrings."""
    return drawn(files, limit, random.Random(seed), cut_block)


def drawn(
    files: list[Path], limit: int, rng: random.Random, cut: Callable[[str, str, int], BenchHole | None]
) -> list[BenchHole]:
    """The first `limit` holes that `cut` finds at lines of the files in random order."""
    python = by_id("python")
    assert python is not None
    texts = {path: path.read_text("utf-8", "replace") for path in files}
    lines = [(path, n) for path, text in texts.items() for n in range(text.count("\n"))]
    rng.shuffle(lines)
    holes: list[BenchHole] = []
    for path, n in lines:
        if len(holes) == limit:
            break
        hole = cut(str(path), texts[path], n) if len(texts[path]) <= MAX_FILE_CHARS else None
        # The automatic trigger's own rule says what is code and not a comment or a string.
        if hole and not isinstance(find_hole(parse(python, hole.holed), hole.span.start, "automatic"), NoFill):
            holes.append(hole)
    return holes


def line_span(text: str, n: int) -> Span:
    """Where line `n`, from 0, starts and ends; only a line feed ends one. Raises ValueError where there is none."""
    start = 0
    for _ in range(n):
        start = text.index("\n", start) + 1
    return Span(start, text.index("\n", start))


def cut_line(path: str, text: str, n: int, rng: random.Random) -> BenchHole | None:
    """The rest of line `n` from one of its inner word edges, or None for a line without any."""
    whole = line_span(text, n)
    line = text[whole.start : whole.end]
    edges = [m.start() for m in WORD_EDGE.finditer(line) if line[: m.start()].strip()]
    if not edges or not re.search(r"[^\W\d]", line):  # rows of numbers are data, not code
        return None
    return BenchHole(path, text, Span(whole.start + rng.choice(edges), whole.start + len(line.rstrip())))


def cut_block(path: str, text: str, n: int) -> BenchHole | None:
    """The body of the function whose `def` stands in line `n`, from its first statement to its end."""
    lines = text.splitlines(keepends=True)
    if n >= len(lines) or not re.match(r"\s*(async\s+)?def\s", lines[n]) or not parses(text):
        return None
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.lineno == n + 1:
            body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
            if not body or body[0].lineno == node.lineno or getattr(body[0], "decorator_list", None):
                return None
            first, last = body[0].lineno, body[-1].end_lineno or body[-1].lineno
            if last - first >= MAX_BLOCK_LINES:
                return None
            before = sum(map(len, lines[: first - 1]))
            indent = len(lines[first - 1]) - len(lines[first - 1].lstrip())
            end = len("".join(lines[:last]).rstrip())
            return BenchHole(path, text, Span(before + indent, end))
    return None


def parses(text: str) -> bool:
    """Whether Python reads the text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
