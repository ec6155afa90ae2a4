"""Which engine a server needs: same program, same weights, same threads. Others get another engine."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import msgspec

import dg_lsp
from model.config import EMBEDDED, EMBEDDED_NAME, check_folder, folder_of
from model.types import ModelSpec

PROTOCOL = 6  # raise it when a message changes its meaning
_DIGEST_CHARS = 16


class Identity(msgspec.Struct, frozen=True):
    """What must be equal for two windows to share an engine."""

    protocol: int
    version: str
    program: str  # the interpreter's prefix and the package's folder: another installation is another program
    spec: ModelSpec  # its checkpoint's folder is absolute
    weights: str  # hash of the names, sizes and times of the checkpoint's files

    @property
    def digest(self) -> str:
        """A short name for it, for files."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:_DIGEST_CHARS]


def identity_of(spec: ModelSpec) -> Identity:
    """Return the identity of an engine for a local model; raises `CheckpointError` for a folder that is none."""
    folder = folder_of(spec).resolve()
    check_folder(folder)
    return Identity(
        protocol=PROTOCOL,
        version=dg_lsp.__version__,
        program=f"{sys.prefix}:{Path(dg_lsp.__file__).resolve().parent}",
        spec=msgspec.structs.replace(spec, model=EMBEDDED_NAME if folder == EMBEDDED.resolve() else str(folder)),
        weights=_stamp(folder),
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
