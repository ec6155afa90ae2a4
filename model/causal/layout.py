"""The tensors of a converted folder, by name, type and shape; the graphs name them in the same way."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from model.causal.config import BITS, BLOCK, CausalConfig, Format
from model.causal.tensor_file import Spec

EMBEDDING, HEAD, HEAD_IDS, LAST_NORM = "embedding", "head", "head.ids", "norm"
CODES, SCALES, WEIGHT, BIAS = ".codes", ".scales", ".weight", ".bias"
QKV, OUT, GATE, UP, DOWN, NORM1, NORM2 = "qkv", "out", "gate", "up", "down", "norm1", "norm2"

# Of the adapter: a canvas row's product is `x W + (x LOW) HIGH`. One matrix of ours may be several of the base.
LOW, HIGH = ".low", ".high"
SHARES = {QKV: ("q", "k", "v"), OUT: ("o",), GATE: ("g",), UP: ("u",), DOWN: ("d",)}


def in_layer(layer: int, part: str) -> str:
    """The name of a part of a layer."""
    return f"layers.{layer}.{part}"


def products(config: CausalConfig) -> dict[str, tuple[int, int]]:
    """The matrices of a layer with their sizes (outputs, inputs)."""
    d, f = config.hidden_size, config.intermediate_size
    return {QKV: (config.qkv_size, d), OUT: (d, d), GATE: (f, d), UP: (f, d), DOWN: (d, f)}


def matrix_specs(name: str, rows: int, columns: int, kind: Format) -> Iterator[Spec]:
    """The tensors of one matrix of `rows` outputs; without blocks it stands as a product takes it, inputs first."""
    if kind == "float32":
        yield Spec(name + WEIGHT, np.float32, (columns, rows))
    elif kind == "int8":
        yield Spec(name + CODES, np.int8, (columns, rows))
        yield Spec(name + SCALES, np.float32, (rows,))
    else:
        yield Spec(name + CODES, np.uint8, (rows, columns // BLOCK, BLOCK * BITS[kind] // 8))
        yield Spec(name + SCALES, np.float32, (rows, columns // BLOCK))


def embedding_specs(config: CausalConfig, kind: Format) -> Iterator[Spec]:
    """The tensors of the embedding, which is gathered and so never takes less than eight bits."""
    if kind == "float32":
        yield Spec(EMBEDDING + WEIGHT, np.float32, (config.vocab_size, config.hidden_size))
    else:
        yield from matrix_specs(EMBEDDING, config.vocab_size, config.hidden_size, "blocks8")


def layer_specs(config: CausalConfig, layer: int, kind: Format) -> Iterator[Spec]:
    """The tensors of one layer."""
    for part, (rows, columns) in products(config).items():
        yield from matrix_specs(in_layer(layer, part), rows, columns, kind)
    yield Spec(in_layer(layer, QKV) + BIAS, np.float32, (config.qkv_size,))
    for norm in (NORM1, NORM2):
        yield Spec(in_layer(layer, norm), np.float32, (config.hidden_size,))


def adapter_specs(config: CausalConfig, layer: int, rank: int, kind: Format) -> Iterator[Spec]:
    """The tensors that an adapter of this rank adds to one layer."""
    for part, (rows, columns) in products(config).items():
        n, name = rank * len(SHARES[part]), in_layer(layer, part)
        yield from matrix_specs(name + LOW, n, columns, "int8" if kind == "int8" else "float32")
        yield Spec(name + HIGH, np.float32, (n, rows))


def head_format(kind: Format) -> Format:
    """The head's format. It is small and decides: never less than eight bits."""
    return "blocks8" if kind == "blocks4" else kind


def head_specs(config: CausalConfig, n_written: int, kind: Format) -> Iterator[Spec]:
    """The tensors of the head, which covers `n_written` tokens."""
    yield from matrix_specs(HEAD, n_written, config.hidden_size, head_format(kind))


def all_specs(config: CausalConfig, n_written: int, kind: Format) -> list[Spec]:
    """Every tensor of a converted folder, in the order of its file."""
    return [
        Spec(HEAD_IDS, np.int64, (n_written,)),
        *embedding_specs(config, kind),
        *(spec for layer in range(config.num_hidden_layers) for spec in layer_specs(config, layer, kind)),
        Spec(LAST_NORM, np.float32, (config.hidden_size,)),
        *head_specs(config, n_written, kind),
    ]
