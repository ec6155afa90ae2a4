"""`infill doctor`: what a fill needs, looked at one by one, each with a remedy where it is not there.

The last looks are a model that opens and a hole that is filled, so that "ok" means that it works.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from infill.cli import console
from infill.cli.command_input import ModelArguments, add_model_options, spec_of
from infill.cli.progress import byte_bar, wants_bar
from infill.cli.sizes import size
from infill.types import Filled, Filler, FillRequest, NoFill
from model.config import ONNX, check_folder, folder_of, read_infill_config
from model.types import CancelToken, CheckpointError, ModelSpec

State = Literal["ok", "warn", "fail"]

USUAL_DEADLINE_MS = 400  # of the server's automatic suggestions
_COLOURS = {"ok": console.GREEN, "warn": console.YELLOW, "fail": console.RED}
_NEEDED = ("numpy", "onnxruntime", "safetensors", "tokenizers", "tree-sitter")
_FOR_OTHERS = ("torch", "transformers")  # checkpoints without graphs for ONNX Runtime
_REINSTALL = "pip install --force-reinstall dg-lsp"
_HOLES = ("def double(x):\n    return ", "def area(width, height):\n    return width * ")  # the first one warms up
_PATIENCE_MS = 60_000.0
_ROOM = 1.3  # times the weights' size: what a model takes in memory, at least


class Check(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was looked at and what was found."""

    name: str
    state: State
    detail: str
    remedy: str = ""


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
    yield _python()
    try:
        folder = folder_of(spec)
    except CheckpointError as error:
        yield Check("checkpoint", "fail", str(error))
        return
    yield from _packages(folder)
    yield _grammars()
    checkpoint = attempt("checkpoint", lambda: _checkpoint(folder))
    yield checkpoint
    if checkpoint.state == "fail":
        return
    in_onnx = (folder / ONNX).is_dir()
    if in_onnx:  # of one format
        yield _memory(folder)
    else:
        yield attempt("format", lambda: _format(folder, spec))
    yield attempt("fill", lambda: _opened(spec, as_json))
    if in_onnx:  # of what else could run here
        yield attempt("format", lambda: _format(None, spec))


def server_checks(spec: ModelSpec) -> Iterator[Check]:
    """Look at what a model in a server needs."""
    yield _python()
    yield from _packages(None)
    yield _grammars()
    server = attempt("server", lambda: _server(spec.url or "", spec.model))
    yield server
    if server.state != "fail":
        yield attempt("fill", lambda: _opened(spec, True))


def attempt(name: str, look: Callable[[], Check]) -> Check:
    """What was found; a failure where looking fails."""
    try:
        return look()
    except CheckpointError as error:  # says what to do itself
        return Check(name, "fail", str(error))
    except Exception as error:
        return Check(name, "fail", f"{type(error).__name__}: {error}", _REINSTALL)


def filled(name: str, filler: Filler, opened_s: float) -> Check:
    """Fill a hole and say how long it took."""
    answer: Filled | NoFill = NoFill("empty_fill")
    ms = 0.0
    for text in _HOLES:
        started = time.perf_counter()
        answer = filler.fill(FillRequest(text, "python", len(text), deadline_ms=_PATIENCE_MS), CancelToken())
        ms = (time.perf_counter() - started) * 1000
    how = f"{filler.model_name} on {filler.device}, open in {opened_s:.1f} s, a hole in {ms:.0f} ms"
    if isinstance(answer, NoFill):
        return Check(name, "fail", f"{how}: {answer.reason} {answer.detail}".rstrip(), "try the embedded model")
    if ms > USUAL_DEADLINE_MS:
        remedy = "use a smaller model, more --threads, a GPU, or suggestions only when you ask (`automatic: false`)"
        return Check(
            name, "warn", f"{how}: later than the {USUAL_DEADLINE_MS} ms that a suggestion has while you type", remedy
        )
    return Check(name, "ok", how)


def _python() -> Check:
    detail = f"{platform.python_implementation()} {platform.python_version()}, {platform.system()} {platform.machine()}"
    if sys.implementation.name != "cpython" or sys.maxsize < 2**32:
        return Check("python", "warn", detail, "only 64-bit CPython is tested")
    return Check("python", "ok", detail)


def _packages(folder: Path | None) -> Iterator[Check]:
    """The runtimes; those for other checkpoints only matter to one of these, and none to a server."""
    versions = {name: _version(name) for name in (*_NEEDED, *_FOR_OTHERS)}
    missing = [name for name in _NEEDED if versions[name] is None]
    here = ", ".join(f"{name} {versions[name]}" for name in _NEEDED if versions[name])
    if missing:
        yield Check("packages", "fail", f"missing: {', '.join(missing)}", _REINSTALL)
    else:
        yield Check("packages", "ok", here)
    if folder is None:
        return
    missing = [name for name in _FOR_OTHERS if versions[name] is None]
    if not missing:
        yield Check("torch", "ok", ", ".join(f"{name} {versions[name]}" for name in _FOR_OTHERS))
    elif (folder / ONNX).is_dir() or not folder.is_dir():
        yield Check("torch", "ok", "not installed, and not needed for this model")
    else:
        yield Check("torch", "fail", f"missing: {', '.join(missing)}", "pip install 'dg-lsp[gpu]'")


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _grammars() -> Check:
    """Every grammar is loaded: a wheel of another processor is found only so."""
    from infill.syntax.languages import LANGUAGES
    from infill.syntax.tree import parse

    broken: list[str] = []
    for language in LANGUAGES:
        try:
            parse(language, "x")
        except Exception:
            broken.append(language.id)
    if broken:
        return Check("grammars", "fail", f"cannot be used: {', '.join(broken)}", _REINSTALL)
    return Check("grammars", "ok", f"{len(LANGUAGES)} languages")


def _checkpoint(folder: Path) -> Check:
    check_folder(folder)
    name = read_infill_config(folder).name or folder.name
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        return Check("checkpoint", "fail", f"{folder}: no *.safetensors", "fetch the checkpoint again")
    for path in weights:
        with path.open("rb") as stream:
            if stream.read(7) == b"version":
                return Check("checkpoint", "fail", f"{path}: a Git LFS pointer, not weights", "git lfs pull")
    return Check("checkpoint", "ok", f"{name}, {size(_size(folder))} in {folder}")


def _memory(folder: Path) -> Check:
    import psutil  # not for every command

    free, needed = psutil.virtual_memory().available, _ROOM * _size(folder)
    detail = f"{size(free)} free, the model takes {size(needed)} or more"
    if free < needed:
        return Check("memory", "warn", detail, "close something, or use a smaller model; a GPU has memory of its own")
    return Check("memory", "ok", detail)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.safetensors"))


def _format(folder: Path | None, spec: ModelSpec) -> Check:
    from infill.cli.doctor_format import format_found

    wish = None if folder is None else spec.quant
    return Check("format", "ok", format_found(folder, spec.device, wish))


def _opened(spec: ModelSpec, as_json: bool) -> Check:
    """A model that opens, here or in a server, and a fill."""
    from infill.pipeline.filler import open_filler

    started = time.perf_counter()
    with byte_bar("loading", wants_bar(as_json)) as on_bytes:
        filler = open_filler(spec, on_bytes)
    return filled("fill", filler, time.perf_counter() - started)


def _server(url: str, model: str | None) -> Check:
    """Whether the server answers, has the model, and is spoken to in private."""
    from model.http.server import KEY_VARIABLE, is_private, served

    names = served(url)
    detail = f"{url} has {', '.join(names) or 'models that it does not name'}"
    if model and names and model not in names:
        return Check("server", "warn", f"{detail}; not {model}", f"--model {names[0]}")
    if not is_private(url):
        return Check(
            "server", "warn", f"{detail}; code and {KEY_VARIABLE} are sent unencrypted", "use https or a tunnel"
        )
    return Check("server", "ok", detail)
