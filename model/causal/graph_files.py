"""Where the graphs of a model are: most ship with the package, those of an unusual size lie beside the weights."""

from __future__ import annotations

from pathlib import Path

from model.causal.config import CausalConfig, Format
from model.causal.layout import head_format
from model.types import CheckpointError

FOLDER = Path(__file__).parent / "graphs"

ROW_GATE = "row_gate"  # an input [T, 1]: 1 for a canvas row, else 0


def trunk_name(config: CausalConfig, kind: Format, rank: int = 0) -> str:
    """The file of the layers' graph; with a rank, of the one for canvas rows too."""
    return f"trunk-{config.shape_name}-{kind}{f'-canvas{rank}' if rank else ''}.onnx"


def head_name(config: CausalConfig, kind: Format, n_written: int) -> str:
    """The file of the graph that scores `n_written` tokens."""
    return f"head-{config.hidden_size}x{n_written}-{head_format(kind)}.onnx"


def past_names(layer: int, key_head: int) -> tuple[str, str]:
    """The inputs for kept keys and values."""
    return f"past_keys.{layer}.{key_head}", f"past_values.{layer}.{key_head}"


def present_names(layer: int, key_head: int) -> tuple[str, str]:
    """The outputs with a pass's own keys and values."""
    return f"keys.{layer}.{key_head}", f"values.{layer}.{key_head}"


def find_graph(name: str, folder: Path) -> Path:
    """A graph's file, shipped or in a converted folder; raises `CheckpointError`."""
    for place in (FOLDER, folder):
        if (path := place / name).is_file():
            return path
    raise CheckpointError(
        f"{folder}: there is no graph {name} for a model of this size; with pip install 'dg-lsp[train]' "
        "converting makes one"
    )


def has_graph(name: str, folder: Path) -> bool:
    """Whether `find_graph` finds it."""
    return any((place / name).is_file() for place in (FOLDER, folder))
