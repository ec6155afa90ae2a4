"""`infill run`, and `fill`, `rewrite` and `refine` on a tree: a job in, a diff, changed files and reports out."""

from __future__ import annotations

import argparse
from importlib import metadata

from infill.cli import console
from infill.cli.command_input import open_model
from infill.cli.job_options import (
    JobArguments,
    add_selector,
    add_strength,
    model_arguments,
    parsed_job,
    spec_from,
    tree_parser,
)
from infill.cli.job_output import check_outputs, put_out, say_outcome, write_reports
from infill.cli.job_progress import progress
from infill.cli.pieces import FETCH
from infill.cli.report_words import plural
from infill.files.decode import printable
from infill.jobs.events import Hear, Noted, Planned
from infill.jobs.job import Action, JobSpec
from infill.jobs.job_file import read_job
from infill.jobs.plan import Plan, make_plan
from infill.jobs.result import JobResult
from infill.jobs.run import answers_of, first_of_each, result_of
from infill.types import Filler, InputError

_TREE = "over all files of the paths"


def run(argv: list[str]) -> int:
    """Run `infill run`; return its exit code."""
    parser = tree_parser(
        "run",
        "infill run [options] JOB.toml [PATH ...]",
        "Do what a file says: which places, what to freeze, what to tell the model, what must pass. Options and paths "
        "of the command line come before what the file says.",
    )
    args = parsed_job(parser, argv)
    if not args.paths:
        parser.error("name the job's file, as in infill run JOB.toml")
    job, *args.paths = args.paths
    told = read_job(job)
    return _run(args, spec_from(args, told.action, told))


def fill(argv: list[str]) -> int:
    """Run `infill fill --marker WORD`; return its exit code."""
    parser = tree_parser(
        "fill",
        "infill fill --marker WORD [options] [PATH ...]",
        f"Fill {_TREE}: comments with the word, and functions whose bodies are not written yet.",
    )
    parser.add_argument("--marker", metavar="WORD", required=True, help="a word in comments that mark a place")
    return _run_options(parser, argv, "fill")


def rewrite(argv: list[str]) -> int:
    """Run `infill rewrite --select SELECTOR`; return its exit code."""
    parser = tree_parser(
        "rewrite",
        "infill rewrite --select SELECTOR [--instruction TEXT] [options] [PATH ...]",
        f"Write selected places anew, {_TREE}. Without an instruction, missing docstrings and type hints are added.",
    )
    add_selector(parser)
    parser.add_argument("--instruction", metavar="TEXT", help="what to do; for a model that follows instructions")
    return _run_options(parser, argv, "rewrite")


def refine(argv: list[str]) -> int:
    """Run `infill refine --select SELECTOR`; return its exit code."""
    parser = tree_parser(
        "refine",
        "infill refine --select SELECTOR [options] [PATH ...]",
        f"Change the tokens of selected places that the model finds least likely, {_TREE}.",
    )
    add_selector(parser)
    add_strength(parser)
    return _run_options(parser, argv, "refine")


def _run_options(parser: argparse.ArgumentParser, argv: list[str], action: Action) -> int:
    args = parsed_job(parser, argv)
    return _run(args, spec_from(args, action))


def _run(args: JobArguments, spec: JobSpec) -> int:
    """Run a job; return the exit code."""
    check_outputs(args)
    plan = make_plan(spec)
    if args.dry_run:
        return _list(plan)
    with progress(args.log_json) as teller:
        teller.hear(Planned(plan))
        filler = open_model(model_arguments(spec, args.log_json)) if plan.holes else None
        if filler is not None:
            _check_told(filler, spec, teller.hear)
        result = _result(spec, plan, filler, teller.hear)
        written = put_out(result, args)
    write_reports(written, args, _version())
    say_outcome(written, args)
    if args.check and result.changed:
        return 1
    return 0 if written.is_whole else 1


def _result(spec: JobSpec, plan: Plan, filler: Filler | None, hear: Hear) -> JobResult:
    model = filler.model_name if filler is not None else ""
    answers = answers_of(spec, plan, filler, {}, hear)
    return result_of(spec, plan, model, answers, (first_of_each(answers), {}))


def _check_told(filler: Filler, spec: JobSpec, hear: Hear) -> None:
    """Refuse a job that tells a model something which does not read it: it would rewrite a tree as it likes."""
    if spec.instruct.text and not filler.takes_instructions:
        raise InputError(f"{filler.model_name} follows no instructions; {FETCH}")
    if spec.action == "refine" and spec.limits.candidates > 1:
        hear(Noted("a refinement has one candidate"))


def _list(plan: Plan) -> int:
    """Print the places on standard output, and on stderr how many there are; always 0."""
    lines = [f"{printable(hole.file.source.name)}:{hole.first}-{hole.last}\n" for hole in plan.holes]
    console.write_stdout("".join(lines).encode("utf-8", "surrogateescape"))
    for left in plan.skipped:
        console.say(f"{printable(left.name)}: left out: {left.why}")
    console.say(f"{plural(len(plan.holes), 'hole')} in {len(plan.files)} of {plural(plan.n_files, 'file')}")
    return 0


def _version() -> str:
    try:
        return metadata.version("dg-lsp")
    except metadata.PackageNotFoundError:
        return "0"
