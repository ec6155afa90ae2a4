"""What a converted folder says of itself, and where loading keeps such folders; needs no torch.

A converted folder is a checkpoint folder like any other: the small files of the original, weights in files of
their own form (`converted.py`), and `converted.json`, which says what they were made of. A folder appears whole
or not at all. Those that loading leaves behind are in the user's cache folder; any of them may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from model.checkpoint_path import name_of
from model.types import CheckpointError, Quant
from model.user_folders import user_cache
from model.weights.shards import Shards

MANIFEST = "converted.json"
VERSION = 1  # of the form of the files; another one is converted anew
PIECE_BYTES = 1 << 23  # read at once for a checksum
AGAIN = "delete the folder; it will be made again from the checkpoint"


class File(msgspec.Struct, frozen=True):
    """What a weights file must be."""

    n_bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a converted folder holds and what it was made of."""

    version: int
    quant: Quant
    embedding: Quant
    source: str  # folder of the checkpoint
    identity: str  # of its files, see `identity_of`
    formats: dict[str, Quant]  # of the packed tensors, by name
    files: dict[str, File]


def identity_of(shards: Shards, quant: Quant, embedding: Quant) -> str:
    """A name for a checkpoint's files (paths, sizes, times) in one form; changes when any of them does."""
    facts = [f"{VERSION} {quant} {embedding}"]
    facts += [f"{f.resolve()} {f.stat().st_size} {f.stat().st_mtime_ns}" for f in shards.files]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]


def cache_folder() -> Path:
    """Where loading keeps what it converted; raises OSError for a user without a home folder."""
    return user_cache() / "converted"


def cached(source: Path, identity: str) -> Path:
    """The folder in the cache for a checkpoint in one form, whether it is there or not; raises OSError."""
    return cache_folder() / f"{name_of(source.resolve()).replace('/', '--')}-{identity}"


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a converted folder whose files are all there and whole; raises `CheckpointError`."""
    path = folder / MANIFEST
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise CheckpointError(f"{path}: {error}; {AGAIN}") from None
    if manifest.version != VERSION:
        raise CheckpointError(f"{path}: version {manifest.version}, this is version {VERSION}; {AGAIN}")
    for name, expected in manifest.files.items():
        size = (folder / name).stat().st_size if (folder / name).is_file() else None
        if size != expected.n_bytes:
            found = "missing" if size is None else f"{size:,} bytes"
            raise CheckpointError(f"{folder / name}: {found}, not {expected.n_bytes:,} bytes; {AGAIN}")
    return manifest


def wished_form(folder: Path, wish: Quant | None) -> tuple[Quant | None, Quant]:
    """The format of weights and embedding to load: a converted folder's own, unless another one is wished for."""
    if not (folder / MANIFEST).is_file():
        return wish, "bf16"
    manifest = read_manifest(folder)
    return wish or manifest.quant, manifest.embedding


def converted_folders() -> list[Path]:
    """What the cache holds, in the order of the names: also what is in the making, or was left so (`.name-…`).

    Raises OSError where the cache cannot be read.
    """
    folder = cache_folder()
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def free_bytes(folder: Path) -> int:
    """What may still be written on the disk of a folder that may not be there yet."""
    above = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(above).free


def sha256_of(path: Path, on_read: Callable[[int], None] | None = None) -> str:
    """A file's checksum in hexadecimal digits; `on_read` hears the bytes of each piece."""
    checksum = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(PIECE_BYTES):
            checksum.update(piece)
            if on_read is not None:
                on_read(len(piece))
    return checksum.hexdigest()
