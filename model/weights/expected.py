"""What a checkpoint folder must hold, whatever kind of model it is of."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from model.config import MASKED_TYPES, read_model_type
from model.types import CheckpointError
from model.weights.formats import Sized
from model.weights.layout import read_dims

_NEEDED = ("torch", "transformers")


def sizes_of(folder: Path) -> Sized:
    """The sizes that config.json states; raises `CheckpointError`. Those of a masked model need torch."""
    if read_model_type(folder) not in MASKED_TYPES:
        return read_dims(folder)
    if not all(map(find_spec, _NEEDED)):
        raise CheckpointError(f"{folder}: a masked model needs torch, not installed here; pip install 'dg-lsp[gpu]'")
    from model.weights.masked_layout import read_config

    return read_config(folder)


def check_config(folder: Path) -> None:
    """Refuse a config.json that loading refuses: what the libraries know of it, where they are there. Takes seconds."""
    if read_model_type(folder) not in MASKED_TYPES and all(map(find_spec, _NEEDED)):
        from model.weights.empty import empty_network

        empty_network(folder)
