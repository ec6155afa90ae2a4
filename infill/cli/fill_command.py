"""`infill fill`: code at positions, or every hole of a file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

from infill.cli import console
from infill.cli import fill_report as report
from infill.cli.command_input import (
    TargetArguments,
    add_common_options,
    context_of,
    language_id,
    open_model,
    parsed,
    read_sources,
)
from infill.cli.command_output import put_out
from infill.cli.edits import FilledText, FillOptions, Outcome, fill_nothing, fill_text
from infill.cli.rewrite_command import fill_holes
from infill.files.read import Position, SourceFile, offset_of
from infill.types import Filled, Filler, InputError, NoFill
from model.types import CancelToken


class _FillArguments(TargetArguments):
    """What `infill fill` was given; argparse fills it in."""

    positions: list[Position]
    holes: bool
    explain: bool
    candidates: int


class _Job(msgspec.Struct, frozen=True):
    """One text and the positions to fill in it; `language` is None when it cannot be told."""

    source: SourceFile
    language: str | None
    offsets: dict[Position, int]


def fill(argv: list[str]) -> int:
    """Run `infill fill`; return its exit code."""
    args = _parse_fill(argv)
    if args.holes:
        return fill_holes(args.targets, args)
    jobs = _read_jobs(args)
    filler = open_model(args) if any(job.language for job in jobs) else None
    results = [_run_job(filler, job, args) for job in jobs]
    outcomes = {
        position: outcome
        for job, result in zip(jobs, results, strict=True)
        for position, outcome in zip(job.offsets, result.outcomes, strict=True)
    }
    records = (report.position_line(position, outcomes[position], args.seed) for position in args.positions)
    put_out([(job.source, result.text) for job, result in zip(jobs, results, strict=True)], records, args)
    return 0 if all(isinstance(outcome.result, Filled) for outcome in outcomes.values()) else 1


def _parse_fill(argv: list[str]) -> _FillArguments:
    parser = argparse.ArgumentParser(
        prog="infill fill",
        usage="infill fill [options] FILE:LINE:COL [FILE:LINE:COL ...] | --holes FILE [FILE ...]",
        description="Fill code at positions and print the change as a unified diff. Line and column count "
        "from 1 and refer to the text as it is now; -:LINE:COL reads standard input. With --holes, every function "
        "of the files is searched for what is not written yet, and all holes of a function are filled at once.",
        epilog="exit codes: 0 all filled, 1 at least one had nothing to show, 2 usage or set-up",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("targets", metavar="FILE:LINE:COL", nargs="+", help="where to fill")
    add("--holes", action="store_true", help="fill every placeholder in every function of the files")
    add(
        "--explain",
        action="store_true",
        help="say on stderr which hole was found, what came of it, and which model answered",
    )
    add("--candidates", metavar="K", type=console.whole_number(1, 16), default=1, help="how many to find, 1 to 16")
    add_common_options(parser, "position", "0; with --holes as sure as a suggestion while you type")
    args = parsed(parser, argv, _FillArguments())
    args.positions = [] if args.holes else [Position.parse(target) for target in args.targets]
    return args


def _read_jobs(args: _FillArguments) -> list[_Job]:
    """Read and check everything the user gave, before anything heavy is loaded."""
    sources = read_sources((position.file for position in args.positions), args)
    by_source: dict[Path | None, list[Position]] = {}
    for position in args.positions:
        by_source.setdefault(sources[position.file].path, []).append(position)
    jobs: list[_Job] = []
    for positions in by_source.values():
        source = sources[positions[0].file]
        offsets = {position: _offset(source, position) for position in positions}
        jobs.append(_Job(source, language_id(source, args.language), offsets))
    return jobs


def _run_job(filler: Filler | None, job: _Job, args: _FillArguments) -> FilledText:
    def tell(outcome: Outcome) -> None:
        for position in (p for p, offset in job.offsets.items() if offset == outcome.offset):
            if args.explain:
                console.say(report.explain_line(position, outcome))
            if args.json:
                console.say(report.timing_line(position, outcome))
            else:
                console.say(report.human_line(position, outcome, console.has_colour(sys.stderr)))

    offsets = list(job.offsets.values())
    if filler is None or job.language is None:
        unknown = NoFill("unknown_language", "give --language ID")
        result = fill_nothing(job.source.text, offsets, unknown)
        for outcome in result.outcomes:
            tell(outcome)
        return result
    context = context_of(job.source, job.language, args)
    options = FillOptions(
        job.language, args.seed, args.candidates, args.deadline_ms, args.min_confidence or 0.0, context
    )
    return fill_text(filler, job.source.text, offsets, options, CancelToken(), tell)


def _offset(source: SourceFile, position: Position) -> int:
    try:
        return offset_of(source.text, position.line, position.column)
    except InputError as error:
        raise InputError(f"{position}: {error}") from None
