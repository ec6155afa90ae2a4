"""Whether the files of a checkpoint are what they should be; needs no torch, and says more where it is there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from model.types import CheckpointError, OnBytes
from model.weights.expected import check_config, sizes_of
from model.weights.manifest import AGAIN, MANIFEST, read_manifest, sha256_of
from model.weights.shards import AGAIN as FETCH_AGAIN
from model.weights.shards import Shards

_SHA256 = re.compile("[0-9a-f]{64}")


class Verified(msgspec.Struct, frozen=True):
    """A file that is right, as far as could be told: `header` is its length, and names and shapes in it."""

    file: str
    n_bytes: int
    by: Literal["checksum", "header"]


def verify(folder: Path, on_bytes: OnBytes | None = None) -> Iterator[Verified]:
    """Every file of weights that is right, until one is not: that raises `CheckpointError`.

    A converted folder has checksums of its own, the hub's cache those of the hub; other files have only headers.
    """
    model = sizes_of(folder)
    check_config(folder)
    if (folder / MANIFEST).is_file():
        remedy = AGAIN
        expected = {folder / name: file.sha256 for name, file in read_manifest(folder).files.items()}
    else:
        remedy = FETCH_AGAIN
        shards = Shards(folder)
        shards.check(model.shapes)
        expected = {file: _hubs_checksum(file) for file in shards.files}
    done, all_bytes = 0, sum(file.stat().st_size for file, checksum in expected.items() if checksum)

    def on_read(n_bytes: int) -> None:
        nonlocal done
        done += n_bytes
        if on_bytes is not None:
            on_bytes(done, all_bytes)

    for file, checksum in expected.items():
        if checksum is not None and sha256_of(file, on_read) != checksum:
            raise CheckpointError(f"{file}: its checksum is wrong; {remedy}")
        yield Verified(file.name, file.stat().st_size, "header" if checksum is None else "checksum")


def _hubs_checksum(file: Path) -> str | None:
    """The SHA-256 that the hub gave a file of its cache, which links to a file of that name."""
    blob = Path(os.readlink(file)).name if file.is_symlink() else ""
    return blob if _SHA256.fullmatch(blob) else None
