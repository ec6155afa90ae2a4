"""Puts the chosen candidates of one file together: no two may touch the same text, and the file must still parse."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence

import msgspec

from infill.holes.target import applied, overlaps_any
from infill.jobs.ask import Candidate
from infill.jobs.tree import TreeFile
from infill.syntax.languages import Language
from infill.syntax.tree import Syntax, parse
from infill.types import Part

OVERLAPS = "superseded (it would replace what an earlier hole changed)"
BREAKS = "breaks_parse (it parses alone, but not together with the holes above)"

Pick = tuple[str, Candidate]  # the key of a hole, and what is chosen for it


class Assembled(msgspec.Struct, frozen=True):
    """The new text of a file, and by the keys of those that are not in it, why."""

    text: str
    refused: dict[str, str]


def assembled(file: TreeFile, picks: Sequence[Pick]) -> Assembled:
    """Return the file with the candidates in it; those that are refused are left out, earlier ones go first."""
    refused: dict[str, str] = {}
    kept: list[Pick] = []
    changes: list[Part] = []
    for key, candidate in picks:
        if any(overlaps_any(change, changes) for change in candidate.changes):
            refused[key] = OVERLAPS
            continue
        kept.append((key, candidate))
        for change in candidate.changes:
            insort(changes, change, key=_order)
    text = applied(file.source.text, changes)
    before = _broken(parse(file.language, file.source.text)) if changes else 0
    if not changes or _broken(parse(file.language, text)) <= before:
        return Assembled(text, refused)
    return _one_by_one(file, kept, refused, before)


def _one_by_one(file: TreeFile, picks: Sequence[Pick], refused: dict[str, str], before: int) -> Assembled:
    """Leave out each candidate with which the file is more broken than it was."""
    changes: list[Part] = []
    for key, candidate in picks:
        tried = sorted([*changes, *candidate.changes], key=_order)
        if _is_broken(file.language, applied(file.source.text, tried), before):
            refused[key] = BREAKS
        else:
            changes = tried
    return Assembled(applied(file.source.text, changes), refused)


def _is_broken(language: Language, text: str, before: int) -> bool:
    return _broken(parse(language, text)) > before


def _broken(syntax: Syntax) -> int:
    return len(syntax.problems)


def _order(part: Part) -> tuple[int, int]:
    return part.span.start, part.span.end
