"""`dg-lsp doctor`: what `infill doctor` looks at, and what only the server needs: engine, socket, state folder."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence

import msgspec

from dg_lsp.app.engine_cli import holder, peek
from dg_lsp.engine.blocking import BlockingEngine
from dg_lsp.engine.identity import identity_of
from dg_lsp.engine.runtime_dir import EngineUnavailable, folder, socket_paths, supported
from dg_lsp.stats.keeping import counts_path, read_counts
from dg_lsp.user_folders import state_folder
from infill.cli.command_input import ModelArguments, spec_of
from infill.cli.doctor import checks, parser, report, server_checks
from infill.cli.doctor_checks import Check, attempt, filled
from infill.types import InputError
from model.types import ModelSpec

_ALONE = "each window has a model of its own"


def doctor(arguments: Sequence[str]) -> int:
    """Look at everything; the exit code."""
    args = parser("dg-lsp doctor").parse_args(arguments, namespace=ModelArguments())
    try:
        spec = spec_of(args)
    except InputError as error:
        sys.stderr.write(f"dg-lsp: {error}\n")
        return 2
    return report(_with_server(spec) if spec.engine == "http" else _all(spec, args.json), args.json)


def _with_server(spec: ModelSpec) -> Iterator[Check]:
    """A model in a server needs no engine."""
    yield from server_checks(spec)
    yield _state()


def _all(spec: ModelSpec, as_json: bool) -> Iterator[Check]:
    yield from checks(spec, as_json)
    socket = _socket()
    yield socket
    if supported() and socket.state == "ok":
        engines = _engines()
        yield engines
        if engines.state == "ok":
            yield attempt("engine", lambda: _engine(spec))
    yield _state()


def _socket() -> Check:
    if not supported():
        return Check("socket", "ok", f"this system has no shared engine: {_ALONE}")
    try:
        return Check("socket", "ok", f"in {folder()}")
    except EngineUnavailable as error:  # says what to do itself
        return Check("socket", "warn", f"{error}; until this is solved, {_ALONE}")


def _engines() -> Check:
    """The engines that run, and whether they answer."""
    running: list[str] = []
    for path in socket_paths():
        process_id = holder(path)
        if process_id is None:
            continue
        facts = peek(path)
        if facts is None:
            return Check("engines", "fail", f"pid {process_id} does not answer", "dg-lsp engine stop")
        windows = f"{facts.clients} window{'' if facts.clients == 1 else 's'}"
        running.append(f"pid {facts.process_id} {facts.state}, {windows}, {facts.resident_mib:.0f} MiB")
    return Check("engines", "ok", "; ".join(running) or "none runs now")


def _engine(spec: ModelSpec) -> Check:
    """A fill by the engine of this model, started where it does not run; it soon ends again by itself."""
    started = time.perf_counter()
    try:
        with BlockingEngine(identity_of(spec)) as filler:
            return filled("engine", filler, time.perf_counter() - started)
    except EngineUnavailable as error:
        return Check("engine", "warn", f"{error}; until this is solved, {_ALONE}")


def _state() -> Check:
    """Where counts and the engine's log are kept."""
    try:
        place = state_folder()
        above = next(path for path in (place, *place.parents) if path.exists())
        if not os.access(above, os.W_OK):
            raise PermissionError(f"{above} cannot be written")
        read_counts()
    except msgspec.DecodeError:
        return Check("state", "warn", f"{counts_path()} is broken", "dg-lsp stats --reset")
    except OSError as error:
        remedy = "set XDG_STATE_HOME to a folder of your own, or `stats: false`"
        return Check("state", "warn", f"cannot write the counts and the engine's log: {error}", remedy)
    return Check("state", "ok", f"in {place}")
