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
BEGUN_LINES = 60  # most lines of a file that is just begun
LETTERS = re.compile(r"\b[^\W\d]\w(?=\w)")  # the typed letters of an unfinished word


class BenchHole(msgspec.Struct, frozen=True):
    """A file and the span of a hole in it; the text of that span is the answer."""

    path: str
    text: str
    span: Span

    @property
    def answer(self) -> str:
        """The text that was in the hole."""
        return self.text[self.span.start : self.span.end]

    @property
    def holed(self) -> str:
        """The file's text without the answer."""
        return self.text[: self.span.start] + self.text[self.span.end :]


def held_out_files() -> list[Path]:
    """Return Python files of the held-out packages that are installed, without tests and vendored copies."""
    files: list[Path] = []
    for name in HELD_OUT:
        spec = importlib.util.find_spec(name)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            files += [p for p in sorted(Path(folder).rglob("*.py")) if not {"tests", "_vendor"} & set(p.parts)]
    return files


def source_files(paths: list[Path]) -> list[Path]:
    """Return the Python files that are named or in named folders. Raises `InputError` for a missing path."""
    missing = [p for p in paths if not p.exists()]
    if missing:
        raise InputError(f"{missing[0]}: no such file or folder")
    return [f for p in paths for f in (sorted(p.rglob("*.py")) if p.is_dir() else [p])]


def texts_that_parse(files: list[Path]) -> dict[Path, str]:
    """Return the texts of the files that Python parses and that have at most `MAX_FILE_CHARS` characters."""
    texts = {path: path.read_text("utf-8", "replace") for path in files}
    return {path: text for path, text in texts.items() if len(text) <= MAX_FILE_CHARS and parses(text)}


def line_holes(files: list[Path], limit: int, seed: int) -> list[BenchHole]:
    """Return holes from a word's edge to the end of its line, drawn evenly over all lines of code."""
    rng = random.Random(seed)
    return drawn(files, limit, rng, lambda path, text, n: cut_line(path, text, n, rng))


def begun_holes(files: list[Path], limit: int, seed: int) -> list[BenchHole]:
    """Return the same near the top of a file and with nothing below, as in a file that is just begun."""
    rng = random.Random(seed)

    def cut(path: str, text: str, n: int) -> BenchHole | None:
        hole = cut_line(path, text, n, rng) if n < BEGUN_LINES else None
        return hole and BenchHole(path, text[: text.index("\n", hole.span.end) + 1], hole.span)

    return drawn(files, limit, rng, cut)


def typed_holes(files: list[Path], limit: int, seed: int) -> list[BenchHole]:
    """Return holes from inside a word to its line's end, as when somebody pauses after the word's first letters."""
    rng = random.Random(seed)

    def cut(path: str, text: str, n: int) -> BenchHole | None:
        line_start = line_span(text, n).start
        line = text[line_start : line_span(text, n).end].rstrip()
        starts = [line_start + m.end() for m in LETTERS.finditer(line)]
        return BenchHole(path, text, Span(rng.choice(starts), line_start + len(line))) if starts else None

    return drawn(files, limit, rng, cut)


def block_holes(files: list[Path], limit: int, seed: int) -> list[BenchHole]:
    """Return holes over whole bodies of functions, at most ten lines long, without their docstrings."""
    return drawn(files, limit, random.Random(seed), cut_block)


def drawn(
    files: list[Path], limit: int, rng: random.Random, cut: Callable[[str, str, int], BenchHole | None]
) -> list[BenchHole]:
    """Return the first `limit` holes that `cut` makes of (path, text, line number) in random order."""
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
        # The automatic trigger refuses comments and strings, so only holes in code stay.
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
    """Return the hole from an inner word edge of line `n` to its end; None for a line without one."""
    whole = line_span(text, n)
    line = text[whole.start : whole.end]
    edges = [m.start() for m in WORD_EDGE.finditer(line) if line[: m.start()].strip()]
    if not edges or not re.search(r"[^\W\d]", line):  # rows of numbers are data, not code
        return None
    return BenchHole(path, text, Span(whole.start + rng.choice(edges), whole.start + len(line.rstrip())))


def cut_block(path: str, text: str, n: int) -> BenchHole | None:
    """Return the hole over the body of the function whose `def` is in line `n`; None where there is none."""
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
    """Whether Python parses the text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
