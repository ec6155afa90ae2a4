"""Holes cut out of code that no model of ours was trained on, the same for the same files and seed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from infill.bench.bodies import body_span, language_of, parses
from infill.bench.code.code_set import CodeSet, installed_set
from infill.holes.find_hole import find_hole
from infill.syntax.languages import Language
from infill.syntax.tree import ancestors, parse
from infill.types import NoFill, Span

WORD_EDGE = re.compile(r"\b(?=\w)|(?<=\W)(?=[^\w\s])")
MAX_FILE_CHARS = 60_000
BEGUN_LINES = 60  # most lines of a file that is just begun
LETTERS = re.compile(r"\b[^\W\d]\w(?=\w)")  # the typed letters of an unfinished word

Files = Sequence[Path] | CodeSet  # a list of files is of Python


class BenchHole(msgspec.Struct, frozen=True):
    """A file and the span of a hole in it; the text of that span is the answer."""

    path: str
    text: str
    span: Span
    language: str = "python"

    @property
    def answer(self) -> str:
        """The text that was in the hole."""
        return self.text[self.span.start : self.span.end]

    @property
    def holed(self) -> str:
        """The file's text without the answer."""
        return self.text[: self.span.start] + self.text[self.span.end :]


Cut = Callable[[str, str, int], BenchHole | None]  # of path, text and the number of a line


def held_out_files() -> list[Path]:
    """Return Python files of the older held-out packages that are installed, without tests and vendored copies."""
    return installed_set().files


def texts_that_parse(files: Files) -> dict[Path, str]:
    """Return the texts of the files that Python parses and that have at most `MAX_FILE_CHARS` characters."""
    return {path: text for path, text in _texts(as_set(files).files).items() if _fits(text) and parses(text)}


def as_set(files: Files) -> CodeSet:
    """Return files that are only listed as one package of Python."""
    return files if isinstance(files, CodeSet) else CodeSet("python", (tuple(files),), "the given files")


def line_holes(files: Files, limit: int, seed: int) -> list[BenchHole]:
    """Return holes from a word's edge to the end of its line, drawn evenly over all lines of code."""
    rng = random.Random(seed)
    return drawn(files, limit, rng, lambda path, text, n: cut_line(path, text, n, rng))


def begun_holes(files: Files, limit: int, seed: int) -> list[BenchHole]:
    """Return the same near the top of a file and with nothing below, as in a file that is just begun."""
    rng = random.Random(seed)

    def cut(path: str, text: str, n: int) -> BenchHole | None:
        hole = cut_line(path, text, n, rng) if n < BEGUN_LINES else None
        return hole and BenchHole(path, text[: text.index("\n", hole.span.end) + 1], hole.span)

    return drawn(files, limit, rng, cut)


def typed_holes(files: Files, limit: int, seed: int) -> list[BenchHole]:
    """Return holes from inside a word to its line's end, as when somebody pauses after the word's first letters."""
    rng = random.Random(seed)

    def cut(path: str, text: str, n: int) -> BenchHole | None:
        line_start = line_span(text, n).start
        line = text[line_start : line_span(text, n).end].rstrip()
        starts = [line_start + m.end() for m in LETTERS.finditer(line)]
        return BenchHole(path, text, Span(rng.choice(starts), line_start + len(line))) if starts else None

    return drawn(files, limit, rng, cut)


def block_holes(files: Files, limit: int, seed: int) -> list[BenchHole]:
    """Return holes over whole bodies of functions, at most ten lines long, without their docstrings."""
    code = as_set(files)
    language = language_of(code.language)

    def cut(path: str, text: str, n: int) -> BenchHole | None:
        span = body_span(parse(language, text), n)
        whole = span is not None and (language.id != "python" or parses(text))
        return BenchHole(path, text, span) if span is not None and whole else None

    return drawn(code, limit, random.Random(seed), cut)


def drawn(files: Files, limit: int, rng: random.Random, cut: Cut) -> list[BenchHole]:
    """Return the first `limit` holes that `cut` makes of lines in random order, of each package in turn."""
    code = as_set(files)
    language = language_of(code.language)
    texts = _texts(code.files)
    holes: list[BenchHole] = []
    for path, n in _in_turn(code, texts, rng):
        if len(holes) == limit:
            break
        hole = cut(str(path), texts[path], n) if _fits(texts[path]) else None
        # The automatic trigger refuses comments and strings, so only holes in code stay.
        if hole is None or isinstance(find_hole(parse(language, hole.holed), hole.span.start, "automatic"), NoFill):
            continue
        if language.id == "python" or not _begins_comment(language, hole):
            holes.append(msgspec.structs.replace(hole, language=language.id))
    return holes


def _begins_comment(language: Language, hole: BenchHole) -> bool:
    """Whether the answer is of a comment: cut between two slashes, the text without it does not show that."""
    inside = parse(language, hole.text).node_over(Span(hole.span.start, hole.span.start + 1))
    return any(node.type in language.comment_types for node in ancestors(inside))


def _in_turn(code: CodeSet, texts: dict[Path, str], rng: random.Random) -> Iterator[tuple[Path, int]]:
    """Yield every line of the code, by path and number: those of a package in random order, packages in turn."""
    packages = [[(path, n) for path in files for n in range(texts[path].count("\n"))] for files in code.packages]
    for lines in packages:
        rng.shuffle(lines)
    if len(packages) > 1:
        rng.shuffle(packages)
    left = [iter(lines) for lines in packages]
    while left:
        for lines in list(left):
            line = next(lines, None)
            if line is None:
                left.remove(lines)
            else:
                yield line


def _texts(files: Sequence[Path]) -> dict[Path, str]:
    return {path: path.read_text("utf-8", "replace") for path in files}


def _fits(text: str) -> bool:
    return len(text) <= MAX_FILE_CHARS


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
