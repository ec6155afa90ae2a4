"""`infill rewrite`, `infill refine` and `infill fill --holes`: pieces of files, each asked for as a whole.

Every piece is asked for in the text as it was read, and no two overlap; so the answers do not depend on
each other's order.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from infill.cli import console, rewrite_report
from infill.cli.command_input import (
    CommonArguments,
    TargetArguments,
    add_common_options,
    context_of,
    language_id,
    open_model,
    parsed,
    read_sources,
)
from infill.cli.command_output import put_out
from infill.cli.report_words import stages_of
from infill.cli.rewrite_report import Lines, Rewritten
from infill.files.read import SourceFile, line_ends, offset_of, printable
from infill.holes.stubs import is_stub
from infill.holes.target import SelectionTarget, Target, applied, overlaps_any
from infill.pipeline.refine import STRENGTHS
from infill.types import Context, Filled, InputError, NoFill, Part, Span
from model.config import DEFAULT_NAME
from model.types import CancelToken

if TYPE_CHECKING:
    from infill.syntax.tree import Syntax


FETCH = f"infill model fetch {DEFAULT_NAME} gets a model that does"


class _Arguments(TargetArguments):
    """What `infill rewrite` or `infill refine` was given; argparse fills it in."""

    instruction: str | None
    strength: float


class Piece(msgspec.Struct, frozen=True):
    """One piece of a file; `language` is None when it cannot be told."""

    lines: Lines
    source: SourceFile
    language: str | None
    target: Target


def rewrite(argv: list[str]) -> int:
    """Run `infill rewrite`; return its exit code."""
    parser = _parser("rewrite", "Write lines of a file anew and print the change as a unified diff.")
    parser.add_argument("--instruction", metavar="TEXT", help="what to do; for a model that follows instructions")
    args = parsed(parser, argv, _Arguments())
    return run(_lines_of(args), args, instruction=args.instruction)


def refine(argv: list[str]) -> int:
    """Run `infill refine`; return its exit code."""
    parser = _parser(
        "refine", "Change the tokens of some lines that the model finds least likely, where that is better."
    )
    parser.add_argument(
        "--strength",
        metavar="S",
        type=_strength,
        default=STRENGTHS["medium"],
        help=f"share of the tokens, 0 to 1, or {', '.join(STRENGTHS)} ({', '.join(map(str, STRENGTHS.values()))})",
    )
    args = parsed(parser, argv, _Arguments())
    return run(_lines_of(args), args, strength=args.strength)


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
        pieces += (Piece(lines_at(name, ends, target), source, language, target) for target in found)
    if not pieces:
        console.say("nothing to fill: no function has a hole")
        return 1
    return run(pieces, args, in_bulk=True)


def run(
    pieces: Sequence[Piece],
    args: CommonArguments,
    strength: float | None = None,
    instruction: str | None = None,
    in_bulk: bool = False,
) -> int:
    """Ask for each piece; where nobody looks at each, only what the model would show unasked is taken."""
    filler = open_model(args) if any(piece.language for piece in pieces) else None
    if instruction and filler is not None and not filler.takes_instructions:
        console.say(f"{filler.model_name} follows no instructions: the lines are written anew without yours; {FETCH}")
    done: list[Rewritten] = []
    changed: dict[Path | None, list[Part]] = {}  # in the order of the text
    contexts: dict[Path | None, Context] = {}
    for piece in pieces:
        started = time.perf_counter()
        result: Filled | NoFill = NoFill("unknown_language", "give --language ID")
        if filler is not None and piece.language is not None:
            if piece.source.path not in contexts:
                contexts[piece.source.path] = context_of(piece.source, piece.language, args)
            usual = filler.show_threshold if in_bulk else 0.0
            least = usual if args.min_confidence is None else args.min_confidence
            request = msgspec.structs.replace(
                piece.target.request(piece.language, strength),
                seed=args.seed,
                deadline_ms=args.deadline_ms,
                least_confidence=least,
                instruction=instruction if filler.takes_instructions else None,
                context=contexts[piece.source.path],
            )
            result = filler.fill(request, CancelToken())
            if isinstance(result, NoFill) and result.reason == "not_confident" and args.min_confidence is None:
                hint = f"{result.detail}; --min-confidence 0 accepts every fill"
                result = msgspec.structs.replace(result, detail=hint)
        changes = piece.target.changes(result.completions[0]) if isinstance(result, Filled) else ()
        earlier = changed.setdefault(piece.source.path, [])
        if any(overlaps_any(change, earlier) for change in changes):
            result, changes = NoFill("superseded", "it would replace an earlier change"), ()
        for change in changes:
            insort(earlier, change, key=lambda part: part.span.start)
        done.append(Rewritten(piece.lines, result, changes, (time.perf_counter() - started) * 1000))
        _tell(done[-1], args)
    records = (rewrite_report.record_line(rewritten, args.seed) for rewritten in done)
    put_out(_texts(pieces, done), records, args)
    return 0 if all(_is_whole(rewritten.result) for rewritten in done) else 1


def _is_whole(result: Filled | NoFill) -> bool:
    """Whether nothing is left that was asked for."""
    return isinstance(result, Filled) and not result.completions[0].n_left


def _tell(rewritten: Rewritten, args: CommonArguments) -> None:
    if args.json:
        console.say(rewrite_report.timing_line(rewritten))
    else:
        stages = stages_of(rewritten.result) if getattr(args, "explain", False) else ""
        console.say(rewrite_report.human_line(rewritten, console.has_colour(sys.stderr)) + stages)


def _texts(pieces: Sequence[Piece], done: Sequence[Rewritten]) -> list[tuple[SourceFile, str]]:
    """Every source once, with its new text."""
    changes: dict[Path | None, tuple[SourceFile, list[Part]]] = {}
    for piece, rewritten in zip(pieces, done, strict=True):
        changes.setdefault(piece.source.path, (piece.source, []))[1].extend(rewritten.changes)
    return [(s, applied(s.text, sorted(parts, key=lambda p: p.span.start))) for s, parts in changes.values()]


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


def _lines_of(args: _Arguments) -> list[Piece]:
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
        pieces.append(Piece(lines, source, language_id(source, args.language), target))
    _refuse_overlaps(pieces)
    return pieces


def _refuse_overlaps(pieces: Iterable[Piece]) -> None:
    last: dict[Path | None, Lines] = {}
    for piece in sorted(pieces, key=lambda p: p.lines.first):
        before = last.get(piece.source.path)
        if before is not None and before.last >= piece.lines.first:
            raise InputError(f"{piece.lines}: overlaps {before}")
        last[piece.source.path] = piece.lines


def syntax_of(text: str, language: str) -> Syntax | None:
    from infill.syntax.languages import by_id
    from infill.syntax.tree import parse

    row = by_id(language)
    return None if row is None else parse(row, text)


def lines_at(name: str, ends: Sequence[int], target: Target) -> Lines:
    span = target.selection if isinstance(target, SelectionTarget) else Span(target.offset, target.offset)
    return Lines(name, bisect_right(ends, span.start) + 1, bisect_right(ends, span.end) + 1)


def _parse_lines(text: str) -> Lines:
    parts = re.fullmatch(r"(.+):([0-9]{1,9})-([0-9]{1,9})", text, re.DOTALL)
    if not parts or int(parts[3]) < int(parts[2]):
        raise InputError(f"{printable(text)}: is not FILE:FIRST-LAST (lines count from 1)")
    return Lines(parts[1], int(parts[2]), int(parts[3]))


def _strength(argument: str) -> float:
    if argument in STRENGTHS:
        return STRENGTHS[argument]
    try:
        return console.share(argument)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{error}, nor one of {', '.join(STRENGTHS)}") from None
