"""`infill rewrite`, `infill refine` and `infill fill --holes`: which lines or holes of which files."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from infill.cli import console
from infill.cli.command_input import (
    CommonArguments,
    TargetArguments,
    add_common_options,
    language_id,
    parsed,
    read_sources,
)
from infill.cli.pieces import Piece, lines_at, run, syntax_of
from infill.cli.rewrite_report import Lines
from infill.files.read import line_ends, offset_of, printable
from infill.holes.stubs import is_stub
from infill.holes.target import SelectionTarget
from infill.pipeline.action_request import Asking
from infill.pipeline.refine import STRENGTHS
from infill.types import InputError, Span

if TYPE_CHECKING:
    from infill.syntax.tree import Syntax


class _Arguments(TargetArguments):
    """What `infill rewrite` or `infill refine` was given; argparse fills it in."""

    instruction: str | None
    strength: float


def rewrite(argv: list[str]) -> int:
    """Run `infill rewrite`; return its exit code."""
    parser = _parser("rewrite", "Write lines of a file anew and print the change as a unified diff.")
    parser.add_argument("--instruction", metavar="TEXT", help="what to do; for a model that follows instructions")
    args = parsed(parser, argv, _Arguments())
    return run(_lines_of(args, Asking("rewrite", instruction=args.instruction)), args)


def refine(argv: list[str]) -> int:
    """Run `infill refine`; return its exit code."""
    parser = _parser(
        "refine", "Change the tokens of some lines that the model finds least likely, where that is better."
    )
    parser.add_argument(
        "--strength",
        metavar="S",
        type=strength,
        default=STRENGTHS["medium"],
        help=f"share of the tokens, 0 to 1, or {', '.join(STRENGTHS)} ({', '.join(map(str, STRENGTHS.values()))})",
    )
    args = parsed(parser, argv, _Arguments())
    return run(_lines_of(args, Asking("refine", args.strength)), args)


def fill_holes(names: Sequence[str], args: CommonArguments) -> int:
    """Run `infill fill --holes` on these files; return its exit code."""
    from infill.holes.find_target import targets_with_holes  # after the input was checked: loads a grammar

    pieces: list[Piece] = []
    parsed_texts: list[Syntax] = []  # so that none is parsed again for each of its holes
    for name, source in read_sources(names, args).items():
        language = language_id(source, args.language)
        syntax = None if language is None or is_stub(name) else syntax_of(source.text, language)
        if syntax is None:
            continue
        parsed_texts.append(syntax)
        ends = line_ends(source.text)
        found = targets_with_holes(syntax)
        pieces += (Piece(lines_at(name, ends, target), source, language, target, Asking("holes")) for target in found)
    if not pieces:
        console.say("nothing to fill: no function has a hole")
        return 1
    return run(pieces, args, in_bulk=True)


def _parser(name: str, description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"infill {name}",
        usage=f"infill {name} [options] FILE:FIRST-LAST [FILE:FIRST-LAST ...]",
        description=f"{description} Lines count from 1, the last one included; -:FIRST-LAST reads standard input.",
        epilog="exit codes: 0 all changed, 1 nothing better was found for at least one, 2 usage or set-up",
        allow_abbrev=False,
    )
    parser.add_argument("targets", metavar="FILE:FIRST-LAST", nargs="+", help="which lines")
    add_common_options(parser, "range")
    return parser


def _lines_of(args: _Arguments, asking: Asking) -> list[Piece]:
    """Read and check everything the user gave, before anything heavy is loaded."""
    wanted = [_parse_lines(target) for target in args.targets]
    sources = read_sources((lines.file for lines in wanted), args)
    pieces: list[Piece] = []
    for lines in wanted:
        source = sources[lines.file]
        try:
            start = offset_of(source.text, lines.first, 1)
            last = offset_of(source.text, lines.last, 1)
        except InputError as error:
            raise InputError(f"{lines}: {error}") from None
        end = last + len(re.split(r"\r\n|\n|\r", source.text[last:], maxsplit=1)[0])
        target = SelectionTarget(source.text, selection=Span(start, end))
        pieces.append(Piece(lines, source, language_id(source, args.language), target, asking))
    _refuse_overlaps(pieces)
    return pieces


def _refuse_overlaps(pieces: Iterable[Piece]) -> None:
    last: dict[Path | None, Lines] = {}
    for piece in sorted(pieces, key=lambda p: p.lines.first):
        before = last.get(piece.source.path)
        if before is not None and before.last >= piece.lines.first:
            raise InputError(f"{piece.lines}: overlaps {before}")
        last[piece.source.path] = piece.lines


def _parse_lines(text: str) -> Lines:
    parts = re.fullmatch(r"(.+):([0-9]{1,9})-([0-9]{1,9})", text, re.DOTALL)
    if not parts or int(parts[3]) < int(parts[2]):
        raise InputError(f"{printable(text)}: is not FILE:FIRST-LAST (lines count from 1)")
    return Lines(parts[1], int(parts[2]), int(parts[3]))


def strength(argument: str) -> float:
    """An argparse type: a strength by its name, or a share of the tokens."""
    if argument in STRENGTHS:
        return STRENGTHS[argument]
    try:
        return console.share(argument)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{error}, nor one of {', '.join(STRENGTHS)}") from None
