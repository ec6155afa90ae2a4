"""Pieces of files that are asked for one by one, each as a whole, and what becomes of all of them.

Every piece is asked for in the text as it was read, and no two overlap; so the answers do not depend on
each other's order. Refuses to know which command found the pieces.
"""

from __future__ import annotations

import sys
import time
from bisect import bisect_right, insort
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from infill.cli import console, rewrite_report
from infill.cli.command_input import CommonArguments, context_of, open_model
from infill.cli.command_output import put_out
from infill.cli.report_words import stages_of
from infill.cli.rewrite_report import Lines, Rewritten
from infill.files.read import SourceFile
from infill.holes.target import SelectionTarget, Target, applied, overlaps_any
from infill.pipeline.action_request import Asking, action_request
from infill.types import Context, Filled, Filler, NoFill, Part, Span
from model.config import DEFAULT_NAME
from model.types import CancelToken

if TYPE_CHECKING:
    from infill.syntax.tree import Syntax

FETCH = f"infill model fetch {DEFAULT_NAME} gets a model that does"
REWRITE = Asking("rewrite")
ALREADY = NoFill("superseded", "an earlier change mends it too")


class Piece(msgspec.Struct, frozen=True):
    """One piece of a file; `language` is None when it cannot be told."""

    lines: Lines
    source: SourceFile
    language: str | None
    target: Target
    asking: Asking = REWRITE


class Answers:
    """Asks for pieces, with one model and the context of each file. In bulk, nobody looks at each answer.

    Then only what the model would show unasked is taken.
    """

    def __init__(self, args: CommonArguments, needs_model: bool, in_bulk: bool = False) -> None:
        self._args, self._in_bulk = args, in_bulk
        self._filler: Filler | None = open_model(args) if needs_model else None
        self._contexts: dict[Path | None, Context] = {}

    def warn_of(self, instruction: str | None) -> None:
        """Say that the model will not follow an instruction, if so."""
        if instruction and self._filler is not None and not self._filler.takes_instructions:
            name = self._filler.model_name
            console.say(f"{name} follows no instructions: the lines are written anew without yours; {FETCH}")

    def answer(self, piece: Piece) -> Filled | NoFill:
        """Return what is to stand in place of a piece, or why it stays."""
        filler, args = self._filler, self._args
        if filler is None or piece.language is None:
            return NoFill("unknown_language", "give --language ID")
        if piece.source.path not in self._contexts:
            self._contexts[piece.source.path] = context_of(piece.source, piece.language, args)
        request = action_request(piece.target, piece.language, piece.asking, filler.takes_instructions)
        least = filler.show_threshold if self._in_bulk else request.least_confidence
        request = msgspec.structs.replace(
            request,
            seed=args.seed,
            deadline_ms=args.deadline_ms,
            least_confidence=least if args.min_confidence is None else args.min_confidence,
            context=self._contexts[piece.source.path],
        )
        result = filler.fill(request, CancelToken())
        if isinstance(result, NoFill) and result.reason == "not_confident" and args.min_confidence is None:
            hint = f"{result.detail}; --min-confidence 0 accepts every fill"
            result = msgspec.structs.replace(result, detail=hint)
        return result


def run(pieces: Sequence[Piece], args: CommonArguments, in_bulk: bool = False) -> int:
    """Ask for each piece, put out all changes, and return the exit code."""
    answers = Answers(args, any(piece.language for piece in pieces), in_bulk)
    answers.warn_of(next((piece.asking.instruction for piece in pieces), None))
    done: list[Rewritten] = []
    changed: dict[Path | None, list[Part]] = {}  # in the order of the text
    for piece in pieces:
        started = time.perf_counter()
        result = answers.answer(piece)
        changes = piece.target.changes(result.completions[0]) if isinstance(result, Filled) else ()
        earlier = changed.setdefault(piece.source.path, [])
        if any(overlaps_any(change, earlier) for change in changes):
            result, changes = NoFill("superseded", "it would replace an earlier change"), ()
        for change in changes:
            insort(earlier, change, key=lambda part: part.span.start)
        done.append(Rewritten(piece.lines, result, changes, (time.perf_counter() - started) * 1000))
        tell(done[-1], args)
    return finish(_texts(pieces, done), done, args)


def tell(rewritten: Rewritten, args: CommonArguments) -> None:
    """Say on stderr what became of a piece."""
    if args.json:
        console.say(rewrite_report.timing_line(rewritten))
    else:
        stages = stages_of(rewritten.result) if getattr(args, "explain", False) else ""
        console.say(rewrite_report.human_line(rewritten, console.has_colour(sys.stderr)) + stages)


def finish(texts: Sequence[tuple[SourceFile, str]], done: Sequence[Rewritten], args: CommonArguments) -> int:
    """Put out the new text of every source, and return the exit code."""
    put_out(texts, (rewrite_report.record_line(rewritten, args.seed) for rewritten in done), args)
    return 0 if all(_is_whole(rewritten.result) for rewritten in done) else 1


def _is_whole(result: Filled | NoFill) -> bool:
    """Whether nothing is left that was asked for."""
    return result == ALREADY or (isinstance(result, Filled) and not result.completions[0].n_left)


def _texts(pieces: Sequence[Piece], done: Sequence[Rewritten]) -> list[tuple[SourceFile, str]]:
    """Every source once, with its new text."""
    changes: dict[Path | None, tuple[SourceFile, list[Part]]] = {}
    for piece, rewritten in zip(pieces, done, strict=True):
        changes.setdefault(piece.source.path, (piece.source, []))[1].extend(rewritten.changes)
    return [(s, applied(s.text, sorted(parts, key=lambda p: p.span.start))) for s, parts in changes.values()]


def syntax_of(text: str, language: str) -> Syntax | None:
    """Return the text parsed; None for a language without a grammar."""
    from infill.syntax.languages import by_id
    from infill.syntax.tree import parse

    row = by_id(language)
    return None if row is None else parse(row, text)


def lines_at(name: str, ends: Sequence[int], target: Target) -> Lines:
    """Return the lines of a target; `ends` are the offsets at which lines end."""
    span = target.selection if isinstance(target, SelectionTarget) else Span(target.offset, target.offset)
    return Lines(name, bisect_right(ends, span.start) + 1, bisect_right(ends, span.end) + 1)
