"""Whether a converted folder is whole; reads no weights but their header."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from model.causal.config import WEIGHTS
from model.causal.sessions import checked_folder
from model.types import OnBytes
from model.weights.verify import Verified


def verify(folder: Path, on_bytes: OnBytes | None = None) -> Iterator[Verified]:
    """The file of weights if it is what the folder says; raises `CheckpointError`. `on_bytes` has nothing to hear."""
    yield Verified(WEIGHTS, checked_folder(folder).manifest.weights_bytes, "header")
