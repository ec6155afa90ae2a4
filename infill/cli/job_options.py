"""The options of commands that work on a tree, and the job that they say."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from infill.cli import console
from infill.cli.command_input import ModelArguments, add_model_options
from infill.cli.rewrite_command import strength
from infill.jobs.job import Action, Freeze, Instruct, JobSpec, Limits, Model, Select, Verify
from infill.jobs.selector import KNOWN, check_spec
from infill.pipeline.refine import STRENGTHS

EPILOG = (
    "exit codes: 0 all done, 1 at least one hole is left, or with --check something would change, 2 usage or set-up"
)


Add = Callable[..., object]  # `add_argument` of a parser or a group


class JobArguments(ModelArguments):
    """What a command on a tree was given; argparse fills it in. None: not given."""

    paths: list[str]
    select: str | None
    marker: str | None
    instruction: str | None
    strength: float | None
    freeze: list[str] | None
    language: list[str] | None
    exclude: list[str] | None
    changed: str | None
    no_ignore: bool
    no_context: bool
    seed: int | None
    candidates: int | None
    min_confidence: float | None
    deadline_ms: int | None
    max_files: int | None
    max_holes: int | None
    dry_run: bool
    write: bool
    transaction: bool
    check: bool
    patch: str | None
    sarif: str | None
    summary: str | None
    html: str | None
    records: bool
    github: bool
    log_json: bool
    no_journal: bool
    verify: str | None
    verify_seconds: float | None
    verify_memory_mb: int | None
    verify_processes: int | None
    verify_runs: int | None
    carry: list[str] | None
    junit: str | None
    formatter: str | None


def tree_parser(name: str, usage: str, description: str) -> argparse.ArgumentParser:
    """Return a parser with the options that every command on a tree has."""
    parser = argparse.ArgumentParser(
        prog=f"infill {name}", usage=usage, description=description, epilog=EPILOG, allow_abbrev=False
    )
    parser.add_argument("paths", metavar="PATH", nargs="*", help="files and folders (default: the working folder)")
    _add_selection(parser.add_argument_group("which places").add_argument)
    _add_asking(parser.add_argument_group("what the model is asked").add_argument)
    add_model_options(parser)
    _add_verification(parser.add_argument_group("verification").add_argument)
    _add_output(parser.add_argument_group("output").add_argument)
    return parser


def _add_selection(add: Add) -> None:
    changed = "only places in lines that git calls changed: since HEAD, or since BASE was left"
    add("--changed", metavar="BASE", nargs=1, help=f"{changed} (as --changed or --changed=BASE)")
    add("--language", metavar="ID", action="append", help="only files of this language; may be repeated")
    add("--exclude", metavar="PATTERN", action="append", help="leave out what matches, as in an ignore file")
    add("--no-ignore", action="store_true", help="also files that an ignore file or the list of secret files excludes")
    add("--max-files", metavar="N", type=console.whole_number(1, 10**9), help="refuse a job of more files (10000)")
    add("--max-holes", metavar="N", type=console.whole_number(1, 10**9), help="refuse a job of more holes (100000)")
    add("--dry-run", action="store_true", help="list the places and load no model")


def _add_asking(add: Add) -> None:
    whole = console.whole_number
    freeze = "what comes back as it is: signatures, comments, strings or a tree-sitter query; may be repeated"
    add("--freeze", metavar="PART", action="append", help=freeze)
    add("--candidates", metavar="K", type=whole(1, 16), help="how many to find for each hole, 1 to 16 (1)")
    add("--min-confidence", metavar="P", type=console.share, help="refuse answers that are less sure than P, 0 to 1")
    add("--seed", metavar="N", type=whole(0, 2**63 - 1), help="the same seed gives the same bytes (0)")
    add("--deadline-ms", metavar="N", type=whole(1, 10**9), help="stop after N milliseconds per hole")
    add("--no-context", action="store_true", help="read no other files of the project; answers are better with them")
    add("--threads", metavar="N", type=whole(1, 1024), help="processor threads (default: one core is left free)")


def _add_verification(add: Add) -> None:
    whole = console.whole_number
    add("--verify", metavar="CMD", help="a command that must pass; it is run by the shell in a copy of the tree")
    add("--verify-seconds", metavar="N", type=whole(1, 86_400), help="end it after N seconds (600)")
    add("--verify-memory-mb", metavar="N", type=whole(1, 10**9), help="end it when it takes more memory (8192)")
    add("--verify-processes", metavar="N", type=whole(1, 10**9), help="end it when it has more processes (256)")
    add("--verify-runs", metavar="N", type=whole(1, 10**9), help="run it at most N times (200)")
    add("--carry", metavar="PATH", action="append", help="link this ignored path into the copy, such as .venv")
    add("--junit", metavar="FILE", help="where it writes a report of its tests: each hole is judged by the tests then")
    add("--formatter", metavar="CMD", help="auto, none, or a command for changed files; {path} is the file (auto)")


def _add_output(add: Add) -> None:
    add("--write", action="store_true", help="change the files, each in one step (default: print a unified diff)")
    add("--transaction", action="store_true", help="with --write: all files or none, also when the machine fails")
    journal = "keep nothing that a killed run could go on from, and lock the tree for nobody"
    add("--no-journal", action="store_true", help=journal)
    add("--check", action="store_true", help="write nothing, and exit with 1 when something would change")
    add("--json", dest="records", action="store_true", help="print one JSON object for each hole instead of the diff")
    add("--patch", metavar="FILE", help="write the unified diff to FILE instead of standard output")
    add("--sarif", metavar="FILE", help="write a SARIF 2.1.0 report to FILE")
    add("--summary", metavar="FILE", help="write a summary in Markdown to FILE")
    add("--html", metavar="FILE", help="write a page that shows each hole with its candidates to FILE")
    add("--github", action="store_true", help="print annotations for GitHub Actions on stderr")
    add("--log-json", action="store_true", help="tell what happens on stderr as one JSON object a line")


def add_selector(parser: argparse.ArgumentParser) -> None:
    """Add the option that says which places."""
    parser.add_argument("--select", metavar="SELECTOR", required=True, help=KNOWN)


def add_strength(parser: argparse.ArgumentParser) -> None:
    """Add the option that says how much a refinement may change."""
    names = f"{', '.join(STRENGTHS)} ({', '.join(map(str, STRENGTHS.values()))})"
    parser.add_argument("--strength", metavar="S", type=strength, help=f"share of the tokens, 0 to 1, or {names}")


def parsed_job(parser: argparse.ArgumentParser, argv: Sequence[str]) -> JobArguments:
    """Return the arguments of a command line; exits where it is wrong."""
    # `--changed` alone would take the next path for its commit.
    own = ["--changed=HEAD" if argument == "--changed" else argument for argument in argv]
    args = parser.parse_intermixed_args(own, namespace=JobArguments())
    args.changed = args.changed[0] if args.changed else None
    args.json = args.log_json
    if args.transaction and args.no_journal:
        parser.error("--transaction needs the journal: leave --no-journal out")
    if args.transaction and not args.write:
        parser.error("--transaction needs --write")
    if args.write and (args.check or args.dry_run):
        parser.error(f"--write does not work with {'--check' if args.check else '--dry-run'}")
    return args


def spec_from(args: JobArguments, action: Action, told: JobSpec | None = None) -> JobSpec:
    """Return the job that the options say, on top of what a file has told; raises `InputError`."""
    spec = told or JobSpec(action=action)
    marker = getattr(args, "marker", None)
    selector = f"marker:{marker}" if marker else getattr(args, "select", None)
    select = _with(
        spec.select,
        paths=tuple(args.paths) or None,
        selector=selector,
        languages=args.language and tuple(args.language),
        exclude=args.exclude and (*spec.select.exclude, *args.exclude),
        changed=args.changed,
        ignored=args.no_ignore or None,
        context=False if args.no_context else None,
    )
    limits = _with(
        spec.limits,
        files=args.max_files,
        holes=args.max_holes,
        candidates=args.candidates,
        confidence=args.min_confidence,
        hole_ms=args.deadline_ms,
    )
    engine = args.engine if args.engine != "local" else None
    model = _with(
        spec.model,
        name=args.model,
        engine=engine,
        url=args.url,
        quant=args.quant,
        device=args.device,
        threads=args.threads,
    )
    instruct = _with(spec.instruct, text=getattr(args, "instruction", None), strength=getattr(args, "strength", None))
    verify = _with(
        spec.verify,
        command=args.verify,
        seconds=args.verify_seconds and float(args.verify_seconds),
        memory_mb=args.verify_memory_mb,
        processes=args.verify_processes,
        runs=args.verify_runs,
        carry=args.carry and tuple(args.carry),
        junit=args.junit,
        formatter=args.formatter,
    )
    freeze = _with(spec.freeze, parts=args.freeze and tuple(args.freeze))
    done = _with(spec, select=select, limits=limits, model=model, instruct=instruct, freeze=freeze, seed=args.seed)
    done = _with(done, verify=verify)
    check_spec(done)
    return done


def model_arguments(spec: JobSpec, as_json: bool) -> ModelArguments:
    """Return the job's model as the options that every command has."""
    args, model = ModelArguments(), spec.model
    args.model, args.engine, args.url = model.name, model.engine, model.url
    args.quant, args.device, args.threads = model.quant, model.device, model.threads
    args.json = as_json
    return args


T = TypeVar("T", Select, Freeze, Instruct, Verify, Limits, Model, JobSpec)


def _with(table: T, **given: object) -> T:
    """Return a table with what was given in place of its own."""
    return msgspec.structs.replace(table, **{name: value for name, value in given.items() if value is not None})
