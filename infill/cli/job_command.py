"""`infill run`, and `fill`, `rewrite` and `refine` on a tree: a job in, a diff, changed files and reports out."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from importlib import metadata
from pathlib import Path

from infill.cli import console
from infill.cli.job_options import (
    JobArguments,
    add_selector,
    add_strength,
    parsed_job,
    spec_from,
    tree_parser,
)
from infill.cli.job_output import check_outputs, put_out, say_outcome, write_files, write_reports
from infill.cli.job_progress import progress
from infill.cli.job_run import JobRun, spec_id
from infill.cli.report_words import plural
from infill.files.decode import printable
from infill.jobs.events import Hear, Noted
from infill.jobs.job import Action, JobSpec
from infill.jobs.job_file import read_job
from infill.jobs.plan import Plan, make_plan
from infill.jobs.result import JobResult
from infill.jobs.tree import Tree
from infill.journal.journal import Journal, open_journal
from infill.journal.writes import recover

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
    if args.dry_run:
        return _list(make_plan(spec))
    with ExitStack() as stack:
        teller = stack.enter_context(progress(args.log_json))
        root = Tree(spec.select).root
        journal = None if args.no_journal else stack.enter_context(open_journal(root))
        if journal is not None and (done := _recovered(journal, args, spec, teller.hear)) is not None:
            return done
        folder = stack.enter_context(_scratch_folder(journal))
        result = JobRun(args, spec, journal, teller.hear).result(folder)
        teller.end()
        return _finished(result, args, journal)


def _recovered(journal: Journal, args: JobArguments, spec: JobSpec, hear: Hear) -> int | None:
    """See to what a killed run was writing; return the exit code where that was this very job, which is done then."""
    if not args.write:
        if journal.pending():
            hear(Noted("a run before this one was ended while it wrote; a run with --write finishes it"))
        return None
    last = journal.last()
    said = recover(journal)
    if said is None:
        return None
    hear(Noted(said))
    if last is None or last.spec != spec_id(spec):
        return None
    journal.end()
    return last.code


def _finished(result: JobResult, args: JobArguments, journal: Journal | None) -> int:
    """Put out what a job came to; return the exit code."""
    write_reports(result, args, _version())  # before the files: a run that is killed while it writes has them
    code = 0 if result.is_whole else 1
    if args.write:
        written = write_files(result, args, journal, code)
        if written != result:
            write_reports(written, args, _version())
            result, code = written, 1
        if journal is not None:
            journal.end()
    else:
        put_out(result, args)
    say_outcome(result, args)
    return 1 if args.check and result.changed else code


@contextmanager
def _scratch_folder(journal: Journal | None) -> Generator[Path]:
    """Give a path at which a copy of the tree may be made."""
    if journal is not None:
        yield journal.scratch
        return
    with tempfile.TemporaryDirectory(prefix="infill-") as folder:
        yield Path(folder, "scratch")


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
