"""What every command that fills does with its input: ignore rules, languages, options, the model."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal, TypeVar

from infill.cli import console
from infill.cli.progress import byte_bar, wants_bar
from infill.files.read import SourceFile, printable
from infill.files.write import check_writable
from infill.ignore.rules import IgnoreRules, Verdict
from infill.project.project_context import project_context
from infill.types import Context, Filler, InputError
from model.types import ModelSpec, Quant
from model.weights.formats import QUANTS

if TYPE_CHECKING:
    from infill.pipeline.filler import ModelFiller

STDIN = "-"
# argparse takes `-:2:16` and `-x.py:2:16` for options. No argument can hold a NUL, so one in front hides it safely.
_HIDDEN = "\0"


class ModelArguments:
    """What every command is told of its model; argparse fills it in."""

    model: str | None
    engine: Literal["local", "http"]
    url: str | None
    quant: Quant | None
    device: str | None
    threads: int | None
    json: bool


class CommonArguments(ModelArguments):
    """The options of every command that fills; argparse fills them in."""

    write: bool
    no_ignore: bool
    no_context: bool
    seed: int
    deadline_ms: int | None
    min_confidence: float | None
    language: str | None


class TargetArguments(CommonArguments):
    """The options of a command that names what to fill."""

    targets: list[str]  # as given: positions, ranges of lines, or files


Arguments = TypeVar("Arguments", bound=TargetArguments)


def add_common_options(parser: argparse.ArgumentParser, per: str, least: str = "0") -> None:
    """Add the options of `CommonArguments`; `per` names what is filled one at a time, `least` the usual confidence."""
    add, whole = parser.add_argument, console.whole_number
    add("--write", action="store_true", help="change the files (all or none); for - print the filled text")
    add("--json", action="store_true", help=f"print one JSON object per {per}, times on stderr")
    add(
        "--no-ignore",
        action="store_true",
        help="also fill files that an ignore file or the list of secret files excludes",
    )
    add("--no-context", action="store_true", help="read no other files of the project; fills are better with them")
    add("--seed", metavar="N", type=whole(0, 2**63 - 1), default=0, help="the same seed gives the same fill (0)")
    add("--deadline-ms", metavar="N", type=whole(1, 10**9), help=f"stop after N milliseconds per {per}")
    share = console.share
    add("--min-confidence", metavar="P", type=share, help=f"refuse fills that are less sure than P, 0 to 1 ({least})")
    add("--language", metavar="ID", help="language of the text (default: by the file's name; python for -)")
    add_model_options(parser)
    add("--threads", metavar="N", type=whole(1, 1024), help="processor threads (default: one core is left free)")


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which model, in which form, and where it runs."""
    add = parser.add_argument
    add(
        "--model",
        metavar="NAME|PATH|ID",
        help="embedded, a fetched model's name or hub id, or a folder (default: qwen-0.5b if fetched, else embedded)",
    )
    add("--quant", choices=QUANTS, help="format of the weights, in torch (default: the most exact that fits)")
    add("--device", metavar="D", help="torch device: cpu, cuda, cuda:1, mps (default: a GPU if there is one)")
    told = "http: the model runs in an OpenAI-compatible server, and --model is its name there (local)"
    add("--engine", choices=("local", "http"), default="local", help=told)
    add("--url", metavar="URL", help="address of that server's API, such as http://127.0.0.1:8000/v1")


def spec_of(args: ModelArguments) -> ModelSpec:
    """The model that was asked for; raises `InputError` for a server without its URL, and for a URL alone."""
    if args.engine == "http" and not args.url:
        raise InputError("--engine http needs --url, such as http://127.0.0.1:8000/v1")
    if args.engine != "http" and args.url:
        raise InputError("--url needs --engine http")
    return ModelSpec(args.model, args.quant, args.device, args.engine, args.url, args.threads)


def parsed(parser: argparse.ArgumentParser, argv: Sequence[str], arguments: Arguments) -> Arguments:
    """Fill in the arguments from a command line; exits where it is wrong.

    Targets may be in standard input, and all that follows `--` are targets.
    """
    options = argv[: argv.index("--")] if "--" in argv else argv
    hidden = [_HIDDEN + argument if argument.startswith(f"{STDIN}:") else argument for argument in options]
    hidden += [_HIDDEN + argument for argument in argv[len(options) + 1 :]]
    args = parser.parse_intermixed_args(hidden, namespace=arguments)
    args.targets = [target.removeprefix(_HIDDEN) for target in args.targets]
    if args.write and args.json and any(target.partition(":")[0] == STDIN for target in args.targets):
        parser.error("--write and --json would both print to standard output for -")
    return args


def read_sources(names: Iterable[str], args: CommonArguments) -> dict[str, SourceFile]:
    """Every file once, by each name given for it; refuses what is ignored, or cannot be written as asked."""
    names = list(dict.fromkeys(names))
    if not args.no_ignore:
        refuse_ignored(names)
    by_path: dict[str, SourceFile] = {}
    sources: dict[str, SourceFile] = {}
    for name in names:
        # Two names of one file must be one source: the second write would undo the first.
        key = STDIN if name == STDIN else os.path.realpath(name)
        if key not in by_path:
            stream = name == STDIN
            by_path[key] = SourceFile.read_stream("stdin", console.stdin_bytes()) if stream else SourceFile.read(name)
            if args.write:
                check_writable(by_path[key])
        sources[name] = by_path[key]
    return sources


def refuse_ignored(names: Iterable[str]) -> None:
    """Raise InputError for the first name whose file may not be read."""
    rules = IgnoreRules.here()
    for name in names:
        verdict = Verdict(True) if name == STDIN else rules.judge(name)
        if not verdict.allowed:
            why = f"{printable(verdict.rule)} ({printable(verdict.source)})"
            raise InputError(f"{printable(name)}: is ignored: {why}; --no-ignore fills it anyway")


def open_model(args: ModelArguments) -> Filler:
    """The pipeline; says on stderr how long that took unless the output is for programs."""
    started = time.perf_counter()
    try:
        filler = opened(args)
    except ImportError as error:
        raise InputError(f"the model cannot be loaded: {error}") from error
    if not args.json:
        console.say(f"{filler.model_name}: loaded in {time.perf_counter() - started:.1f} s")
    return filler


def opened(args: ModelArguments) -> ModelFiller:
    """The pipeline over the model that was asked for, with a bar while it loads for long."""
    spec = spec_of(args)
    if spec.engine == "http" and (spec.quant or spec.device):
        raise InputError("--quant and --device do not work with --engine http")

    from infill.pipeline.filler import open_filler  # the weights, or a network: once all input is good

    with byte_bar("loading", wants_bar(args.json)) as on_bytes:
        return open_filler(spec, on_bytes)


def context_of(source: SourceFile, language: str, args: CommonArguments) -> Context:
    """What the source's project says of what it imports; nothing for standard input."""
    if args.no_context or source.path is None:
        return Context()
    return project_context(str(source.path), source.text, language)


def language_id(source: SourceFile, wanted: str | None) -> str | None:
    """Our id of the language that was asked for, or that the name tells; None when nothing does."""
    from infill.syntax import languages  # after the file was read: a wrong name is told without loading grammars

    if wanted is not None:
        chosen = languages.by_id(wanted)
        if chosen is None:
            known = ", ".join(sorted(language.id for language in languages.LANGUAGES))
            raise InputError(f"--language {printable(wanted)}: is not one of {known}")
        return chosen.id
    language = languages.for_path(source.name, source.text)
    if language is None and source.path is None:
        return "python"
    return language.id if language else None
