"""`infill hints`: the type hints that functions of files lack."""

from __future__ import annotations

import argparse
import re

import msgspec

from infill.cli import console
from infill.cli.command_input import TargetArguments, add_common_options, language_id, parsed, read_sources
from infill.cli.pieces import Piece, lines_at, run, syntax_of
from infill.cli.rewrite_report import Lines
from infill.files.read import SourceFile, line_ends, offset_of, printable
from infill.pipeline.action_request import Asking
from infill.types import InputError, Span


class _Place(msgspec.Struct, frozen=True):
    """A file, and which lines of it; all where there is no first one."""

    file: str
    first: int | None = None
    last: int | None = None


def hints(argv: list[str]) -> int:
    """Run `infill hints`; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="infill hints",
        usage="infill hints [options] FILE[:FIRST-LAST] [...]",
        description="Write the type hints that functions lack, and print the change as a unified diff. Given lines, "
        "only functions whose headers begin there. What the code does not decide, and the model is not sure of, stays "
        "without. Lines count from 1; - reads standard input.",
        epilog="exit codes: 0 all written, 1 at least one is left without or nothing lacks any, 2 usage or set-up",
        allow_abbrev=False,
    )
    parser.add_argument("targets", metavar="FILE[:FIRST-LAST]", nargs="+", help="which files, or lines of them")
    add_common_options(parser, "function", "0.5, as in the editors")
    args = parsed(parser, argv, TargetArguments())
    places = [_place(target) for target in args.targets]
    sources = read_sources((place.file for place in places), args)
    found: dict[tuple[object, Span], Piece] = {}
    for place in places:
        for piece in _pieces(place, sources[place.file], args):
            found.setdefault((piece.source.path, piece.target.replaced), piece)
    if not found:
        console.say("nothing to hint: no function there lacks a type")
        return 1
    return run(list(found.values()), args)


def _pieces(place: _Place, source: SourceFile, args: TargetArguments) -> list[Piece]:
    """Return the functions at a place that lack types."""
    from infill.holes.hint_target import hint_targets  # after the input was checked: loads a grammar

    within = _lines(place, source)
    language = language_id(source, args.language)
    syntax = None if language is None else syntax_of(source.text, language)
    if syntax is None:
        console.say(f"{printable(place.file)}: unknown_language (give --language ID)")
        return []
    ends = line_ends(source.text)
    pieces: list[Piece] = []
    for target in hint_targets(syntax, within):
        lines = lines_at(place.file, ends, target)
        at = target.replaced
        lines = Lines(place.file, lines.first, lines.first + source.text.count("\n", at.start, at.end))
        pieces.append(Piece(lines, source, language, target, Asking("type_hints")))
    return pieces


def _lines(place: _Place, source: SourceFile) -> Span:
    """Return the span of the lines, or of the whole text."""
    if place.first is None or place.last is None:
        return Span(0, len(source.text))
    try:
        last = offset_of(source.text, place.last, 1)
        end = last + len(re.split(r"[\r\n]", source.text[last:], maxsplit=1)[0])
        return Span(offset_of(source.text, place.first, 1), end)
    except InputError as error:
        raise InputError(f"{printable(place.file)}:{place.first}-{place.last}: {error}") from None


def _place(text: str) -> _Place:
    parts = re.fullmatch(r"(.+?)(?::([0-9]{1,9})(?:-([0-9]{1,9}))?)?", text, re.DOTALL)
    if not parts or (parts[3] is not None and int(parts[3]) < int(parts[2])):
        raise InputError(f"{printable(text)}: is not FILE or FILE:FIRST-LAST (lines count from 1)")
    first = None if parts[2] is None else int(parts[2])
    return _Place(parts[1], first, first if parts[3] is None else int(parts[3]))
