"""The single looks of the doctor: each says in a `Check` what it found, with a remedy where something is wrong."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from infill.cli.progress import byte_bar, wants_bar
from infill.cli.sizes import size
from infill.types import Filled, Filler, FillRequest, NoFill
from model.catalog import CATALOG
from model.config import DEFAULT_NAME, ONNX, check_folder, read_infill_config
from model.types import CancelToken, CheckpointError, ModelSpec

State = Literal["ok", "warn", "fail"]

USUAL_DEADLINE_MS = 800  # of the server's automatic suggestions
_NEEDED = ("numpy", "onnxruntime", "safetensors", "tokenizers", "tree-sitter")
_FOR_OTHERS = ("torch", "transformers")  # checkpoints without graphs for ONNX Runtime
_REINSTALL = "python3 -m pip install --force-reinstall PATH, where PATH is your clone of dg-lsp or its wheel"
_HOLES = ("def double(x):\n    return ", "def area(width, height):\n    return width * ")  # the first one warms up
_PATIENCE_MS = 60_000.0
_ROOM = 1.3  # times the weights' size: what a model takes in memory, at least


class Check(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was looked at and what was found."""

    name: str
    state: State
    detail: str
    remedy: str = ""


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
        answer = filler.fill(FillRequest(text, "python", offset=len(text), deadline_ms=_PATIENCE_MS), CancelToken())
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


def check_python() -> Check:
    """The interpreter and the system."""
    detail = f"{platform.python_implementation()} {platform.python_version()}, {platform.system()} {platform.machine()}"
    if sys.implementation.name != "cpython" or sys.maxsize < 2**32:
        return Check("python", "warn", detail, "only 64-bit CPython is tested")
    return Check("python", "ok", detail)


def check_packages(folder: Path | None) -> Iterator[Check]:
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


def check_grammars() -> Check:
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


def check_checkpoint(folder: Path) -> Check:
    """Whether the folder holds weights; raises `CheckpointError` where a file is missing or broken."""
    check_folder(folder)
    config = read_infill_config(folder)
    name = config.name or folder.name
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        return Check("checkpoint", "fail", f"{folder}: no *.safetensors", "fetch the checkpoint again")
    for path in weights:
        with path.open("rb") as stream:
            if stream.read(7) == b"version":
                return Check("checkpoint", "fail", f"{path}: a Git LFS pointer, not weights", "git lfs pull")
    only_asked = f"; only when asked: {', '.join(config.manual_languages)}" if config.manual_languages else ""
    return Check("checkpoint", "ok", f"{name}, {size(_size(folder))} in {folder}{only_asked}")


def check_default() -> Check:
    """That the model for twelve languages is not here, and how it is had; for a person who named no other."""
    entry = CATALOG[DEFAULT_NAME]
    detail = f"{entry.name} is not on this machine; the embedded model answers, in Python only"
    size_and_terms = f"{entry.n_bytes / 1e6:.0f} MB, licence {entry.license}"
    return Check("default", "ok", detail, f"infill model fetch {entry.name} gets it ({size_and_terms})")


def check_memory(folder: Path) -> Check:
    """Whether the model fits into the memory that is free."""
    import psutil  # not for every command

    free, needed = psutil.virtual_memory().available, _ROOM * _size(folder)
    detail = f"{size(free)} free, the model takes {size(needed)} or more"
    if free < needed:
        return Check("memory", "warn", detail, "close something, or use a smaller model; a GPU has memory of its own")
    return Check("memory", "ok", detail)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.safetensors"))


def check_format(folder: Path | None, spec: ModelSpec) -> Check:
    """The weight format that the model has on the device, or without a folder what else could run there."""
    from infill.cli.doctor_format import format_found

    wish = None if folder is None else spec.quant
    return Check("format", "ok", format_found(folder, spec.device, wish))


def check_fill(spec: ModelSpec, as_json: bool) -> Check:
    """A model that opens, here or in a server, and a fill."""
    from infill.pipeline.filler import open_filler

    started = time.perf_counter()
    with byte_bar("loading", wants_bar(as_json)) as on_bytes:
        filler = open_filler(spec, on_bytes)
    return filled("fill", filler, time.perf_counter() - started)


def check_server(url: str, model: str | None) -> Check:
    """Whether the server answers, has the model, and is spoken to in private."""
    from model.http.server import served
    from model.http.url import KEY_VARIABLE, is_private

    names = served(url)
    detail = f"{url} has {', '.join(names) or 'models that it does not name'}"
    if model and names and model not in names:
        return Check("server", "warn", f"{detail}; not {model}", f"--model {names[0]}")
    if not is_private(url):
        return Check(
            "server", "warn", f"{detail}; code and {KEY_VARIABLE} are sent unencrypted", "use https or a tunnel"
        )
    return Check("server", "ok", detail)
