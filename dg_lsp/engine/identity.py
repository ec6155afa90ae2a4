"""Which engine a server needs: same program, same weights, same threads. Others get another engine."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import msgspec

import dg_lsp
from model.checkpoint_path import find
from model.config import EMBEDDED, check_folder
from model.types import Quant

PROTOCOL = 4  # raise it when a message changes its meaning
_DIGEST_CHARS = 16


class Identity(msgspec.Struct, frozen=True):
    """What must be equal for two windows to share an engine."""

    protocol: int
    version: str
    program: str  # the interpreter's prefix and the package's folder: another installation is another program
    model: str | None  # checkpoint folder, absolute; None: the embedded one
    weights: str  # hash of the names, sizes and times of the checkpoint's files
    threads: int | None
    niceness: int
    quant: Quant | None = None  # the least lossy format that fits when the engine starts
    device: str | None = None  # a GPU where there is one

    @property
    def digest(self) -> str:
        """A short name for it, for files."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:_DIGEST_CHARS]


def identity_of(
    model: str | None, threads: int | None, niceness: int, quant: Quant | None = None, device: str | None = None
) -> Identity:
    """Return the identity of an engine for this model; raises `CheckpointError` for a folder that is none."""
    folder = EMBEDDED if model is None else find(model).resolve()
    check_folder(folder)
    return Identity(
        protocol=PROTOCOL,
        version=dg_lsp.__version__,
        program=f"{sys.prefix}:{Path(dg_lsp.__file__).resolve().parent}",
        model=None if model is None else str(folder),
        weights=_stamp(folder),
        threads=threads,
        niceness=niceness,
        quant=quant,
        device=device,
    )


def _stamp(folder: Path) -> str:
    """A hash that changes with any file of the folder; reads no weights, which may be gigabytes."""
    stamp = hashlib.sha256()
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            path = Path(parent, name)
            try:
                found = path.stat()
            except OSError:  # a dangling link
                continue
            stamp.update(f"{path.relative_to(folder)}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
    return stamp.hexdigest()[:_DIGEST_CHARS]
