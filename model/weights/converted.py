"""Quantized weights on disk, so that the second load reads them and computes nothing.

A converted folder is a checkpoint folder like any other: the small files of the original, weights in files of
their own form, and `converted.json`, which says what they were made of. A folder appears whole or not at all.
Those that loading leaves behind are in the user's cache folder; any of them may be deleted at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
from platformdirs import user_cache_path
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from model.types import CheckpointError
from model.weights.formats import FORMATS, Quant
from model.weights.packing import Packed
from model.weights.shards import Shards

MANIFEST = "converted.json"
VERSION = 1  # of the form of the files; another one is converted anew
FILE_BYTES = 1 << 30  # a file is closed once it has that many
CODES, SCALES = ".codes", ".scales"
COPIED = ("config.json", "generation_config.json", "infill.json", "tokenizer.json", "tokenizer_config.json",
          "chat_template.jinja", "lengths.json")  # fmt: skip
AGAIN = "delete the folder, it is made again from the checkpoint"


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
    """Where loading keeps what it converted."""
    return user_cache_path("dg-lsp", appauthor=False) / "converted"


def cached(source: Path, identity: str) -> Path:
    """The folder in the cache for a checkpoint in one form, whether it is there or not."""
    return cache_folder() / f"{source.resolve().name}-{identity}"


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


def verify(folder: Path) -> Iterator[tuple[str, int]]:
    """Read every file and compare its checksum; yields each name and size, raises `CheckpointError` at a bad one."""
    for name, expected in read_manifest(folder).files.items():
        if _sha256(folder / name) != expected.sha256:
            raise CheckpointError(f"{folder / name}: its checksum is wrong; {AGAIN}")
        yield name, expected.n_bytes


def read_converted(folder: Path, manifest: Manifest, device: str) -> Iterator[tuple[str, Packed | Tensor]]:
    """Every tensor of a converted folder, on `device`."""
    for file in sorted(manifest.files):
        try:
            with safe_open(folder / file, framework="pt", device=device) as weights:
                for name in weights.keys():  # noqa: SIM118, not a dict
                    if name.endswith(CODES):
                        name = name.removesuffix(CODES)
                        codes, scales = weights.get_tensor(name + CODES), weights.get_tensor(name + SCALES)
                        yield name, Packed(FORMATS[manifest.formats[name]], codes, scales)
                    elif not name.endswith(SCALES):
                        yield name, weights.get_tensor(name)
        except (SafetensorError, OSError, KeyError) as error:
            raise CheckpointError(f"{folder / file}: damaged ({error}); {AGAIN}") from None


class Writer:
    """A converted folder in the making: everything goes to a folder beside it, which takes its place at the end."""

    def __init__(self, folder: Path) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._making = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        self._held: dict[str, Tensor] = {}
        self._formats: dict[str, Quant] = {}
        self._files: dict[str, File] = {}

    def add(self, name: str, weight: Packed | Tensor) -> None:
        """Take a tensor; it is on disk at the latest when the folder is finished."""
        if isinstance(weight, Packed):
            self._formats[name] = weight.format.name
            self._held |= {name + CODES: weight.codes.cpu(), name + SCALES: weight.scales.cpu()}
        else:
            self._held[name] = weight.cpu()
        if sum(t.nbytes for t in self._held.values()) >= FILE_BYTES:
            self._flush()

    def finish(self, source: Path, quant: Quant, embedding: Quant, identity: str) -> None:
        """Write the rest and put the folder in its place."""
        self._flush()
        for name in COPIED:
            if (source / name).is_file():
                shutil.copyfile(source / name, self._making / name)
        manifest = Manifest(VERSION, quant, embedding, str(source), identity, self._formats, self._files)
        (self._making / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self._folder)
        os.replace(self._making, self._folder)

    def discard(self) -> None:
        """Leave nothing behind; after `finish` there is nothing to leave."""
        shutil.rmtree(self._making, ignore_errors=True)

    def _flush(self) -> None:
        if self._held:
            path = self._making / f"weights-{len(self._files):05}.safetensors"
            # Copies of their own: a slice of a larger storage would be written whole, shared ones are refused.
            save_file({name: t.clone() if t._is_view() else t for name, t in self._held.items()}, path)
            self._files[path.name] = File(path.stat().st_size, _sha256(path))
            self._held = {}


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def free_bytes(folder: Path) -> int:
    """What may still be written on the disk of a folder that may not be there yet."""
    above = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(above).free
