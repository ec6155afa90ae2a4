"""The checkpoints on this machine: embedded, fetched by name, converted, in the hub's cache. Reads headers only."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from infill.types import InputError
from model.causal.config import read_manifest as read_causal_manifest
from model.checkpoint_path import fetched_folder, fetched_folders, find, name_of, path_of
from model.config import EMBEDDED, EMBEDDED_NAME, check_folder, read_infill_config
from model.types import CheckpointError
from model.user_folders import user_models
from model.weights.manifest import cache_folder, converted_folders, read_manifest


class Stored(msgspec.Struct, frozen=True):
    """A checkpoint, and what it takes on disk."""

    name: str
    kind: Literal["embedded", "fetched", "converted", "hub"]
    format: str  # of the weights; unfinished, damaged or incomplete
    n_bytes: int
    path: str


def stored(on_problem: Callable[[str], None]) -> Iterator[Stored]:
    """Yield every checkpoint that is found; `on_problem` hears of each place that cannot be looked at."""
    yield Stored(_embedded_name(), "embedded", "onnx", bytes_in(EMBEDDED), str(EMBEDDED))
    try:
        for folder in fetched_folders():
            yield Stored(folder.name, "fetched", _format_of_fetched(folder), bytes_in(folder), str(folder))
    except OSError as error:
        on_problem(f"models that were fetched by name cannot be listed: {error}")
    try:
        for folder in converted_folders():
            yield Stored(folder.name, "converted", _format_of_converted(folder), bytes_in(folder), str(folder))
    except OSError as error:
        on_problem(f"converted checkpoints cannot be listed: {error}")
    from model.hub.fetch import snapshots  # half a second

    try:
        for folder, n_bytes in snapshots():
            try:
                check_folder(folder)
            except CheckpointError:  # of another kind: the cache is everybody's
                continue
            yield Stored(name_of(folder), "hub", _format_of_snapshot(folder), n_bytes, str(folder))
    except OSError as error:
        on_problem(f"checkpoints of the hub cannot be listed: {error}")


def named(argument: str) -> Path:
    """Return the folder of a checkpoint by its path, its hub id or its name in the list."""
    if argument in (_embedded_name(), EMBEDDED_NAME) and not path_of(argument).exists():
        return EMBEDDED
    return _by_name(argument) or find(argument)


def removable(argument: str) -> Path:
    """Return a fetched or converted folder by its name or path; raises `InputError` for anything else."""
    try:
        folder = _by_name(argument) or fetched_folder(argument) or path_of(argument).resolve()
        if folder in (*converted_folders(), *fetched_folders()):
            return folder
        ours = f"{cache_folder()} and {user_models()}"
        raise InputError(f"{argument}: is not in {ours}; only fetched and converted models can be removed")
    except OSError as error:
        raise InputError(f"{argument}: cannot be removed: {error}") from None


def bytes_in(folder: Path) -> int:
    """Return the bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _embedded_name() -> str:
    return read_infill_config(EMBEDDED).name or EMBEDDED.name


def _by_name(argument: str) -> Path | None:
    folders: list[Path] = []
    with contextlib.suppress(OSError):  # then nothing there has a name
        folders = converted_folders()
    return next((folder for folder in folders if folder.name == argument), None)


def _format_of_fetched(folder: Path) -> str:
    try:
        return read_causal_manifest(folder).format
    except CheckpointError:
        return "damaged"


def _format_of_converted(folder: Path) -> str:
    if folder.name.startswith("."):
        return "unfinished"
    try:
        manifest = read_manifest(folder)
    except CheckpointError:
        return "damaged"
    return manifest.quant if manifest.embedding == "bf16" else f"{manifest.quant}, {manifest.embedding} embedding"


def _format_of_snapshot(folder: Path) -> str:
    from model.weights.shards import Shards  # imports numpy

    try:
        return ", ".join(sorted(dtype.lower() for dtype in Shards(folder).dtypes))
    except CheckpointError:
        return "incomplete"
