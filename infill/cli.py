"""The `infill` command: arguments in; data on stdout, talk on stderr, an exit code out.

0: every position was filled. 1: at least one had nothing to show. 2: usage or set-up, and no file was
written. 130: interrupted, or the reader of the output went away. Everything the user gave is checked
before the model is loaded. Knows nothing of how a fill is made.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Sequence

import msgspec

from infill import console, report
from infill.edits import FilledText, FillOptions, Outcome, fill_nothing, fill_text
from infill.files import Position, SourceFile, check_writable, offset_of, printable, write_all
from infill.ignored import IgnoreRules, Verdict
from infill.types import Filled, Filler, InputError, NoFill
from model.types import CancelToken, CheckpointError

STDIN = "-"
# argparse takes `-:2:16` for an option. No argument can hold a NUL, so one in front hides it safely.
_HIDDEN = "\0"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code and raises nothing."""
    try:
        try:
            code = _dispatch(list(sys.argv[1:] if argv is None else argv))
        except SystemExit as stop:  # argparse: --help, --version, a usage error
            code = stop.code if isinstance(stop.code, int) else 2
        console.write_stdout(b"")  # flush what argparse printed, where a closed pipe can still be handled
        return code
    except (InputError, CheckpointError) as error:
        line = " ".join(str(error).splitlines())
        console.say(f"{console.painted('infill:', console.RED, console.has_colour(sys.stderr))} {line}")
        return 2
    except BrokenPipeError:
        console.discard_stdout()
        return 130
    except KeyboardInterrupt:
        return 130
    except Exception:  # our own bug: show where, but never with the code that means "nothing to show"
        traceback.print_exc()
        return 2


def _dispatch(argv: list[str]) -> int:
    """Read the first argument only; the rest belongs to the subcommand."""
    width = max(map(len, COMMANDS))
    parser = argparse.ArgumentParser(
        prog="infill",
        usage="infill [--help] [--version] COMMAND ...",
        description="Fill code with a local text-diffusion model.",
        epilog="commands:\n" + "\n".join(f"  {name:{width}}  {command.summary}" for name, command in COMMANDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"infill {_version()}")
    parser.add_argument("command", metavar="COMMAND", choices=COMMANDS, help=argparse.SUPPRESS)
    name: str = parser.parse_args(argv[:1]).command
    return COMMANDS[name].run(argv[1:])


class _FillArguments:
    """What `infill fill` was given; argparse fills it in."""

    positions: list[Position]
    write: bool
    json: bool
    explain: bool
    no_ignore: bool
    candidates: int
    seed: int
    deadline_ms: int | None
    language: str | None
    model: str | None
    threads: int | None


class _Job(msgspec.Struct, frozen=True):
    """One text and the places to fill in it; `language` is None when it cannot be told."""

    source: SourceFile
    language: str | None
    offsets: dict[Position, int]


def _fill(argv: list[str]) -> int:
    args = _parse_fill(argv)
    jobs = _read_jobs(args)
    filler = _open_filler(args) if any(job.language for job in jobs) else None
    results = [_run_job(filler, job, args) for job in jobs]
    if args.write:
        write_all([(job.source, result.text) for job, result in _changed(jobs, results) if job.source.path])
    outcomes = {
        position: outcome
        for job, result in zip(jobs, results, strict=True)
        for position, outcome in zip(job.offsets, result.outcomes, strict=True)
    }
    if args.json:
        lines = (report.position_line(place, outcomes[place], args.seed) for place in args.positions)
        console.write_stdout(b"".join(lines))
    elif args.write:
        piped = [(job, result) for job, result in zip(jobs, results, strict=True) if not job.source.path]
        console.write_stdout(b"".join(job.source.encode(result.text) for job, result in piped))
    else:
        diffs = (job.source.diff(result.text) for job, result in _changed(jobs, results))
        console.write_stdout("".join(diffs).encode())
    return 0 if all(isinstance(outcome.result, Filled) for outcome in outcomes.values()) else 1


def _parse_fill(argv: list[str]) -> _FillArguments:
    parser = argparse.ArgumentParser(
        prog="infill fill",
        usage="infill fill [options] FILE:LINE:COL [FILE:LINE:COL ...]",
        description="Fill code at positions and print the change as a unified diff. Line and column count "
        "from 1 and refer to the text as it is now; -:LINE:COL reads standard input.",
        epilog="exit codes: 0 all filled, 1 at least one had nothing to show, 2 usage or set-up",
        allow_abbrev=False,
    )
    add, whole = parser.add_argument, console.whole_number
    add("positions", metavar="FILE:LINE:COL", nargs="+", type=_position, help="where to fill")
    add("--write", action="store_true", help="change the files (all or none); for - print the filled text")
    add("--json", action="store_true", help="print one JSON object per position, times on stderr")
    add("--explain", action="store_true", help="say on stderr which hole was found and what came of it")
    add("--no-ignore", action="store_true", help="fill files too that an ignore file or a secret's name rules out")
    add("--candidates", metavar="K", type=whole(1, 16), default=1, help="how many fills to find, 1 to 16")
    add("--seed", metavar="N", type=whole(0, 2**63 - 1), default=0, help="the same seed, the same fill (0)")
    add("--deadline-ms", metavar="N", type=whole(1, 10**9), help="stop after N milliseconds per position")
    add("--language", metavar="ID", help="language of the text; told by its name, else python for -")
    add("--model", metavar="PATH", help="checkpoint folder to use instead of the embedded model")
    add("--threads", metavar="N", type=whole(1, 1024), help="processor threads (default: one core is left free)")
    visible = [_HIDDEN + argument if argument.startswith(f"{STDIN}:") else argument for argument in argv]
    args = parser.parse_intermixed_args(visible, namespace=_FillArguments())
    if args.write and args.json and any(position.file == STDIN for position in args.positions):
        parser.error("--write and --json would both print to standard output for -")
    return args


def _read_jobs(args: _FillArguments) -> list[_Job]:
    """Read and check everything the user gave, before anything heavy is loaded."""
    by_file: dict[str, list[Position]] = {}
    for position in args.positions:
        # Two names of one file must be one job: the second write would undo the first.
        key = STDIN if position.file == STDIN else os.path.realpath(position.file)
        by_file.setdefault(key, []).append(position)
    if not args.no_ignore:
        _refuse_ignored(dict.fromkeys(position.file for position in args.positions))
    jobs: list[_Job] = []
    for positions in by_file.values():
        name = positions[0].file
        source = SourceFile.read_stream("stdin", console.stdin_bytes()) if name == STDIN else SourceFile.read(name)
        offsets = {position: _offset(source, position) for position in positions}
        if args.write:
            check_writable(source)
        jobs.append(_Job(source, _language_id(source, args.language), offsets))
    return jobs


def _refuse_ignored(names: Iterable[str]) -> None:
    rules = IgnoreRules([os.getcwd()])
    for name in names:
        verdict = Verdict(True) if name == STDIN else rules.judge(name)
        if not verdict.allowed:
            why = f"{printable(verdict.rule)} ({printable(verdict.source)})"
            raise InputError(f"{printable(name)}: is ignored: {why}; --no-ignore fills it all the same")


def _run_job(filler: Filler | None, job: _Job, args: _FillArguments) -> FilledText:
    def tell(outcome: Outcome) -> None:
        for position in (place for place, offset in job.offsets.items() if offset == outcome.offset):
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
    options = FillOptions(args.seed, args.candidates, args.deadline_ms)
    return fill_text(filler, job.source.text, job.language, offsets, options, CancelToken(), tell)


def _open_filler(args: _FillArguments) -> Filler:
    started = time.perf_counter()
    try:
        from infill.filler import open_filler  # the weights: only now that all input is good

        filler = open_filler(args.model, args.threads)
    except ImportError as error:
        raise InputError(f"the model cannot be loaded: {error}") from error
    if not args.json:
        console.say(f"{filler.model_name}: loaded in {time.perf_counter() - started:.1f} s")
    return filler


def _language_id(source: SourceFile, wanted: str | None) -> str | None:
    from infill import languages  # after the file was read: a wrong name is told without loading grammars

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


def _bench(argv: list[str]) -> int:
    try:
        bench = importlib.import_module("infill.bench")
    except ModuleNotFoundError as error:
        if error.name != "infill.bench":
            raise
        raise InputError("bench is not part of this installation") from None
    return int(bench.main(argv) or 0)


class _Command(msgspec.Struct, frozen=True):
    summary: str
    run: Callable[[list[str]], int]


COMMANDS = {
    "fill": _Command("fill code at positions of files or of standard input", _fill),
    "bench": _Command("measure speed and quality", _bench),
}


def _changed(jobs: list[_Job], results: list[FilledText]) -> list[tuple[_Job, FilledText]]:
    pairs = zip(jobs, results, strict=True)
    return [(job, result) for job, result in pairs if result.text != job.source.text]


def _offset(source: SourceFile, position: Position) -> int:
    try:
        return offset_of(source.text, position.line, position.column)
    except InputError as error:
        raise InputError(f"{position}: {error}") from None


def _position(argument: str) -> Position:
    return Position.parse(argument.removeprefix(_HIDDEN))


def _version() -> str:
    try:
        return importlib.metadata.version("dg-lsp")
    except importlib.metadata.PackageNotFoundError:  # run from a checkout
        return "(not installed)"
