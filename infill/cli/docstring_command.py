"""`infill docstring`: documentation for what stands at lines of files, in the style that the file has."""

from __future__ import annotations

import argparse
import re

from infill.cli import console
from infill.cli.command_input import TargetArguments, add_common_options, language_id, parsed, read_sources
from infill.cli.pieces import Piece, lines_at, run, syntax_of
from infill.files.read import line_ends, offset_of, printable
from infill.pipeline.action_request import Asking
from infill.types import InputError, NoFill, Span


def docstring(argv: list[str]) -> int:
    """Run `infill docstring`; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="infill docstring",
        usage="infill docstring [options] FILE:LINE [FILE:LINE ...]",
        description="Write a docstring or doc comment for the function, class or module at a line, and print the "
        "change as a unified diff. Lines count from 1; -:LINE reads standard input.",
        epilog="exit codes: 0 all written, 1 at least one has documentation or got none, 2 usage or set-up",
        allow_abbrev=False,
    )
    parser.add_argument("targets", metavar="FILE:LINE", nargs="+", help="where the function, class or module is")
    add_common_options(parser, "range")
    args = parsed(parser, argv, TargetArguments())
    pieces, n_without = _pieces(args)
    return max(run(pieces, args) if pieces else 1, min(n_without, 1))


def _pieces(args: TargetArguments) -> tuple[list[Piece], int]:
    """Return what is to be documented, and how many places have nothing to document, which are told of."""
    from infill.holes.doc_target import doc_target  # after the input was checked: loads a grammar

    places = [_place(target) for target in args.targets]
    sources = read_sources((file for file, _ in places), args)
    found: dict[tuple[str, Span], Piece] = {}
    n_without = 0
    for file, line in places:
        source = sources[file]
        try:
            offset = offset_of(source.text, line, 1)
        except InputError as error:
            raise InputError(f"{file}:{line}: {error}") from None
        language = language_id(source, args.language)
        syntax = None if language is None else syntax_of(source.text, language)
        target = NoFill("unknown_language", "give --language ID") if syntax is None else doc_target(syntax, offset)
        if isinstance(target, NoFill):
            console.say(f"{file}:{line}: {target.reason} ({target.detail})")
            n_without += 1
            continue
        lines = lines_at(file, line_ends(source.text), target)
        found[file, target.replaced] = Piece(lines, source, language, target, Asking("docstring"))
    return list(found.values()), n_without


def _place(text: str) -> tuple[str, int]:
    parts = re.fullmatch(r"(.+):([0-9]{1,9})", text, re.DOTALL)
    if not parts:
        raise InputError(f"{printable(text)}: is not FILE:LINE (lines count from 1)")
    return parts[1], int(parts[2])
