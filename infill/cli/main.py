"""The `infill` command: arguments in; data on stdout, talk on stderr, an exit code out.

0: every position was filled. 1: at least one had nothing to show. 2: usage or set-up, and no file was
written. 130: interrupted, or the reader of the output went away. 143: ended by SIGTERM. Everything the user gave
is checked before the model is loaded. Knows nothing of how a fill is made.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from infill.cli import console
from infill.cli.docstring_command import docstring
from infill.cli.doctor import doctor
from infill.cli.fill_command import fill
from infill.cli.fix_command import fix
from infill.cli.hints_command import hints
from infill.cli.rewrite_command import refine, rewrite
from infill.files.signals import orderly_end
from infill.types import InputError
from model.types import CheckpointError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code and raises nothing."""
    try:
        try:
            with orderly_end():
                code = _dispatch(list(sys.argv[1:] if argv is None else argv))
        except SystemExit as stop:  # argparse: --help, --version, a usage error; a signal
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


def _run(argv: list[str]) -> int:
    from infill.cli import job_command  # loads grammars

    return job_command.run(argv)


def _over_a_tree(name: Literal["fill", "rewrite", "refine"], option: str, usual: _Run) -> _Run:
    """Return a command that works on a tree where it has the option, and else on the places that it names."""

    def command(argv: list[str]) -> int:
        options = argv[: argv.index("--")] if "--" in argv else argv
        if not any(argument == option or argument.startswith(f"{option}=") for argument in options):
            return usual(argv)
        from infill.cli import job_command

        on_a_tree: _Run = getattr(job_command, name)
        return on_a_tree(argv)

    return command


def _model(argv: list[str]) -> int:
    from infill.cli.model_command import model  # what it imports costs every other command 40 ms

    return model(argv)


def _bench(argv: list[str]) -> int:
    try:
        bench = importlib.import_module("infill.bench.main")
    except ModuleNotFoundError as error:
        if error.name != "infill.bench.main":
            raise
        raise InputError("bench is not part of this installation") from None
    return int(bench.main(argv) or 0)


_Run = Callable[[list[str]], int]


class _Command(msgspec.Struct, frozen=True):
    summary: str
    run: _Run


COMMANDS = {
    "fill": _Command(
        "fill code at positions, every hole of a file, or with --marker all that is marked in a tree",
        _over_a_tree("fill", "--marker", fill),
    ),
    "rewrite": _Command(
        "write lines of a file anew, or with --select places of a tree", _over_a_tree("rewrite", "--select", rewrite)
    ),
    "docstring": _Command("write docstrings and doc comments, in the style that the file has", docstring),
    "hints": _Command("write the missing type hints of functions", hints),
    "fix": _Command("mend what another program reports: syntax errors, undefined names, missing imports", fix),
    "refine": _Command(
        "change the tokens that the model finds least likely, of some lines or with --select of places of a tree",
        _over_a_tree("refine", "--select", refine),
    ),
    "run": _Command("do to a tree of files what a job file says", _run),
    "doctor": _Command("check the set-up, and say what to do about problems", doctor),
    "model": _Command("list, fetch, verify, convert and remove checkpoints", _model),
    "bench": _Command("measure speed and quality", _bench),
}


def _version() -> str:
    try:
        return importlib.metadata.version("dg-lsp")
    except importlib.metadata.PackageNotFoundError:  # run from a checkout
        return "(not installed)"
