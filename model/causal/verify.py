"""Whether a converted folder is whole, its notice too; reads no weights but their header."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from model.causal.config import WEIGHTS
from model.causal.licence import NOTICE
from model.causal.sessions import checked_folder
from model.types import CheckpointError, OnBytes
from model.weights.verify import Verified


def verify(folder: Path, on_bytes: OnBytes | None = None) -> Iterator[Verified]:
    """The file of weights if it is what the folder says; raises `CheckpointError`. `on_bytes` has nothing to hear."""
    manifest = checked_folder(folder).manifest
    yield Verified(WEIGHTS, manifest.weights_bytes, "header")
    if not (folder / NOTICE).is_file():
        remedy = f"infill model fetch writes it for a model that it knows by name; else convert {manifest.source} again"
        raise CheckpointError(f"{folder / NOTICE}: missing, as in folders of older versions; {remedy}")
