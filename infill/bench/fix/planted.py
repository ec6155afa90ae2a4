"""Planted faults, drawn by a seed: the broken text, where the diagnostic is, and what it says."""

from __future__ import annotations

import random
import re
from pathlib import Path

import msgspec

from infill.bench.bodies import parses
from infill.bench.code.code_set import CodeSet
from infill.bench.fix.faults import Place, places
from infill.bench.fix.messages import MESSAGES, Kind
from infill.bench.hole_sampling import MAX_FILE_CHARS
from infill.syntax.languages import by_id
from infill.syntax.tree import Syntax, parse
from infill.types import Span

# These can be seen in the tree, or by Python's own parser; the others need what names mean.
SYNTAX_KINDS: frozenset[Kind] = frozenset(
    ("missing bracket", "extra bracket", "missing comma", "missing quote", "missing colon", "missing brace",
     "wrong indentation")
)  # fmt: skip
NAME_KINDS: frozenset[Kind] = frozenset(("misspelt name", "undefined name", "missing import"))
_TRIES = 60  # files for one fault
FAULTS_PER_FILE = 10  # at most, where there are few files


class Planted(msgspec.Struct, frozen=True):
    """A right text and the same with a fault. `problem` and `line` are spans of the broken text."""

    language: str
    path: str
    kind: Kind
    text: str
    broken: str
    problem: Span
    message: str
    line: Span  # the whole line of the fault; empty where a line is missing
    name: str  # that is undefined now
    gone: str  # the text that was taken out


def plant(code: CodeSet, limit: int, seed: int) -> list[Planted]:
    """Return at most `limit` faults in files that parse, each kind in turn, in files of any of the packages."""
    rng, drawer = random.Random(seed), _Drawer(code.language)
    packages = [files for files in code.packages if files]
    kinds, found = list(MESSAGES[code.language]), dict[str, Planted]()
    for i in range(min(limit, FAULTS_PER_FILE * len(code.files))):
        for _ in range(_TRIES):
            planted = drawer.draw(rng.choice(rng.choice(packages)), kinds[i % len(kinds)], rng)
            if planted is not None and planted.broken not in found:
                found[planted.broken] = planted
                break
    return list(found.values())


class _Drawer:
    """Reads and parses each file once."""

    def __init__(self, language: str) -> None:
        row = by_id(language)
        assert row is not None
        self._language, self._row = language, row
        self._known: dict[Path, Syntax | None] = {}

    def draw(self, path: Path, kind: Kind, rng: random.Random) -> Planted | None:
        """Return one fault of this kind in the file; None where there is no place for one."""
        if path not in self._known:
            self._known[path] = self._read(path)
        right = self._known[path]
        possible = [] if right is None else places(right, kind)
        for place in rng.sample(possible, min(4, len(possible))):
            assert right is not None
            planted = planted_at(right, str(path), kind, place)
            if self._is_fault(planted):
                return planted
        return None

    def _read(self, path: Path) -> Syntax | None:
        text = path.read_text("utf-8", "replace")
        if not 0 < len(text) <= MAX_FILE_CHARS or (self._language == "python" and not parses(text)):
            return None
        syntax = parse(self._row, text)
        return None if syntax.problems else syntax

    def _is_fault(self, planted: Planted) -> bool:
        is_broken = not is_well_formed(planted.language, planted.broken)
        if planted.kind in SYNTAX_KINDS:
            return is_broken
        return planted.kind not in NAME_KINDS or not is_broken


def planted_at(right: Syntax, path: str, kind: Kind, place: Place) -> Planted:
    """Return the text with the fault, and the diagnostic as the language's own tools put it."""
    text, span, language = right.text, place.span, right.language.id
    broken = text[: span.start] + place.new + text[span.end :]
    grown = len(place.new) - (span.end - span.start)

    def moved(offset: int) -> int:
        return offset if offset <= span.start else max(span.start, offset + grown)

    message, where = MESSAGES[language][kind]
    if kind == "wrong keyword" and place.name.isidentifier() and is_well_formed(language, broken):
        message = MESSAGES[language]["missing import"][0]  # to the tools it is a name like any other
    problem = Span(moved(place.at.start), moved(place.at.end))
    if where == "next":
        problem = _next_word(broken, span.start + len(place.new))
    elif problem.start == problem.end:
        problem = Span(span.start, span.start + len(place.new))
    elif where == "opening":
        problem = Span(problem.start, problem.start + 1)
    said = message.format(
        name=place.name,
        right=place.right,
        mark=place.mark,
        found=broken[problem.start : problem.end],
        opening=broken[problem.start : problem.start + 1],
    )
    first = broken.rfind("\n", 0, span.start) + 1
    end = broken.find("\n", span.start + len(place.new))
    line = Span(first, first) if kind == "missing import" else Span(first, len(broken) if end < 0 else end)
    gone = text[span.start : span.end]
    return Planted(language, path, kind, text, broken, problem, said, line, place.name, gone)


def is_well_formed(language: str, text: str) -> bool:
    """Whether the tree has no error, and in Python the compiler's parser takes it too."""
    row = by_id(language)
    assert row is not None
    return not parse(row, text).problems and (language != "python" or parses(text))


def _next_word(text: str, offset: int) -> Span:
    """Return the span of the first word or sign from the offset on, over line ends and comments up to one."""
    found = re.compile(r"(?:\s|//[^\n]*)*(\w+|\S)").match(text, offset)
    return Span(*found.span(1)) if found else Span(offset, offset)
