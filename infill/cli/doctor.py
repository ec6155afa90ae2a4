"""`infill doctor`: what a fill needs, looked at one by one, each with a remedy where it is not there.

The last looks are a model that opens and a hole that is filled, so that "ok" means that it works.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

import msgspec

from infill.cli import console
from infill.cli.command_input import ModelArguments, add_model_options, spec_of
from infill.cli.doctor_checks import (
    Check,
    attempt,
    check_checkpoint,
    check_default,
    check_fill,
    check_format,
    check_grammars,
    check_memory,
    check_packages,
    check_python,
    check_server,
)
from model.config import CAUSAL_TYPE, ONNX, fetched_default, folder_of, read_model_type
from model.types import CheckpointError, ModelSpec

_COLOURS = {"ok": console.GREEN, "warn": console.YELLOW, "fail": console.RED}


def doctor(argv: list[str]) -> int:
    """Run `infill doctor`; return its exit code."""
    args = parser("infill doctor").parse_args(argv, namespace=ModelArguments())
    spec = spec_of(args)
    return report(server_checks(spec) if spec.engine == "http" else checks(spec, args.json), args.json)


def parser(prog: str) -> argparse.ArgumentParser:
    """The arguments of either doctor."""
    made = argparse.ArgumentParser(
        prog=prog,
        description="Check everything that suggestions need, fill a hole, and say what to do about problems.",
        epilog="exit codes: 0 nothing failed, 1 something did, 2 usage",
    )
    add_model_options(made)
    made.add_argument("--threads", metavar="N", type=console.whole_number(1, 1024), help="processor threads")
    made.add_argument("--json", action="store_true", help="one JSON object per line")
    return made


def report(found: Iterator[Check], as_json: bool) -> int:
    """Print each check as soon as it is made; the exit code."""
    failed = False
    for check in found:
        failed |= check.state == "fail"
        if as_json:
            console.write_stdout(msgspec.json.encode(check) + b"\n")
        else:
            state = console.painted(f"{check.state:4}", _COLOURS[check.state], console.has_colour(sys.stdout))
            remedy = f"\n{'':20}-> {check.remedy}" if check.remedy else ""
            console.write_stdout(f"{state}  {check.name:12}  {check.detail}{remedy}\n".encode())
    return 1 if failed else 0


def checks(spec: ModelSpec, as_json: bool) -> Iterator[Check]:
    """Look at what needs no server; `as_json`: a program reads it, which wants no bar while the model loads."""
    yield check_python()
    try:
        folder = folder_of(spec)
    except CheckpointError as error:
        yield Check("checkpoint", "fail", str(error))
        return
    yield from check_packages(folder)
    yield check_grammars()
    checkpoint = attempt("checkpoint", lambda: check_checkpoint(folder))
    yield checkpoint
    if spec.model is None and fetched_default() is None:
        yield check_default()
    if checkpoint.state == "fail":
        return
    in_onnx = (folder / ONNX).is_dir()
    if in_onnx or read_model_type(folder) == CAUSAL_TYPE:  # of one format
        yield check_memory(folder)
    else:
        yield attempt("format", lambda: check_format(folder, spec))
    yield attempt("fill", lambda: check_fill(spec, as_json))
    if in_onnx:  # of what else could run here
        yield attempt("format", lambda: check_format(None, spec))


def server_checks(spec: ModelSpec) -> Iterator[Check]:
    """Look at what a model in a server needs."""
    yield check_python()
    yield from check_packages(None)
    yield check_grammars()
    server = attempt("server", lambda: check_server(spec.url or "", spec.model))
    yield server
    if server.state != "fail":
        yield attempt("fill", lambda: check_fill(spec, True))
