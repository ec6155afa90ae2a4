"""What each weight format stores and how large it is. Arithmetic only: no torch, nothing is read.

A quantized weight is split along its last axis into groups of 64 columns with one scale each; in `fp8` a
scale serves 64 rows as well. Router, norms and scalars stay as they are: they are small and everything
depends on them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Protocol, get_args

import msgspec

from model.types import Quant
from model.weights.layout import PARTS, Dims, Shape, part_of, tensor_shapes

QUANTS: tuple[Quant, ...] = get_args(Quant)
GROUP = 64  # columns that share a scale
BF16_BYTES = 2
QUANTIZED_PARTS = frozenset(("experts", "attention", "dense MLP", "self-conditioning"))


class Sized(Protocol):
    """A model whose sizes are known before anything is read."""

    @property
    def shapes(self) -> Mapping[str, Shape]:
        """Of every tensor of its checkpoint."""
        ...

    def bytes_on_top(self, n_context: int, n_canvas: int, number_bytes: int) -> dict[str, int]:
        """What a canvas takes beside the weights."""
        ...


class Format(msgspec.Struct, frozen=True):
    """How one weight is stored: so many bits for each number, and scales of so many bytes."""

    name: Quant
    bits: int
    scale_bytes: int = 0
    scale_rows: int = 1  # rows that share a scale

    def bytes_of(self, shape: Shape) -> int:
        """Bytes of a weight [..., rows, columns], scales included."""
        n_bytes = math.prod(shape) * self.bits // 8
        if self.scale_bytes:
            *batch, rows, columns = shape
            n_bytes += math.prod(batch) * math.ceil(rows / self.scale_rows) * (columns // GROUP) * self.scale_bytes
        return n_bytes


FORMATS: Mapping[Quant, Format] = {
    "int4": Format("int4", 4, BF16_BYTES),
    "fp8": Format("fp8", 8, 4, GROUP),
    "int8": Format("int8", 8, BF16_BYTES),
    "bf16": Format("bf16", 16),
}


def format_of(name: str, shape: Shape, quant: Quant, embedding: Quant = "bf16") -> Format:
    """How a tensor of the checkpoint is stored under `--quant`; what cannot be split into groups stays whole."""
    wanted: Quant = "bf16"
    part = part_of(name)
    if part == "embedding":
        wanted = embedding
    elif len(shape) > 1 and part in QUANTIZED_PARTS:
        wanted = quant
    return FORMATS[wanted] if len(shape) > 1 and shape[-1] % GROUP == 0 else FORMATS["bf16"]


def part_bytes(
    shapes: Mapping[str, Shape], quant: Quant, embedding: Quant = "bf16", number_bytes: int = BF16_BYTES
) -> dict[str, int]:
    """Bytes of each part of the weights under `--quant`; `number_bytes` for each number that is not quantized."""
    sizes = dict.fromkeys(PARTS, 0)
    for name, shape in shapes.items():
        form = format_of(name, shape, quant, embedding)
        sizes[part_of(name)] += math.prod(shape) * number_bytes if form.name == "bf16" else form.bytes_of(shape)
    return sizes


def resident_bytes(
    model: Sized,
    quant: Quant,
    n_context: int,
    n_canvas: int,
    embedding: Quant = "bf16",
    number_bytes: int = BF16_BYTES,
) -> dict[str, int]:
    """Bytes on the device while a canvas is denoised: the weights by part, and what comes on top of them."""
    weights = part_bytes(model.shapes, quant, embedding, number_bytes)
    return weights | model.bytes_on_top(n_context, n_canvas, number_bytes)


def step_bytes(dims: Dims, quant: Quant, n_canvas: int, number_bytes: int = BF16_BYTES) -> int:
    """Bytes of weights that one denoising step must read: of the experts those that some token is sent to.

    Experts are taken to be hit evenly; the embedding is read as the last layer and for self-conditioning.
    """
    sizes = part_bytes(tensor_shapes(dims), quant, number_bytes=number_bytes)
    hit = 1 - (1 - dims.top_k_experts / dims.num_experts) ** n_canvas
    return total(sizes) + sizes["embedding"] - round(sizes["experts"] * (1 - hit))


def total(sizes: Mapping[str, int], parts: Iterable[str] | None = None) -> int:
    """The sum of `sizes`, or of these parts of it."""
    return sum(sizes.values() if parts is None else (sizes[part] for part in parts))
