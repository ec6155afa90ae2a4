"""What each weight format stores and how large it is. Arithmetic only: no torch, nothing is read.

A quantized weight is split along its last axis into groups of 64 columns with one scale each; in `fp8` a
scale serves 64 rows as well. Router, norms and scalars stay as they are: they are small and everything
depends on them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Literal, get_args

import msgspec

from model.weights.layout import EMBEDDING, PARTS, Dims, Shape, part_of, tensor_shapes

Quant = Literal["int4", "fp8", "int8", "bf16"]
QUANTS: tuple[Quant, ...] = get_args(Quant)
GROUP = 64  # columns that share a scale
BF16_BYTES = 2
QUANTIZED_PARTS = frozenset(("experts", "attention", "dense MLP", "self-conditioning"))


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
    if name == EMBEDDING:
        wanted = embedding
    elif len(shape) > 1 and part_of(name) in QUANTIZED_PARTS:
        wanted = quant
    return FORMATS[wanted] if len(shape) > 1 and shape[-1] % GROUP == 0 else FORMATS["bf16"]


def part_bytes(shapes: Mapping[str, Shape], quant: Quant, embedding: Quant = "bf16") -> dict[str, int]:
    """Bytes of each part of the weights under `--quant`."""
    sizes = dict.fromkeys(PARTS, 0)
    for name, shape in shapes.items():
        sizes[part_of(name)] += format_of(name, shape, quant, embedding).bytes_of(shape)
    return sizes


def resident_bytes(
    dims: Dims, quant: Quant, n_context: int, n_canvas: int, embedding: Quant = "bf16"
) -> dict[str, int]:
    """Bytes on the device while a canvas is denoised: the weights by part, and what comes on top of them.

    The logits are one float32 copy and their probabilities in 16 bits. The activations are an estimate: of a
    prompt that is encoded in pieces of 1,024 tokens.
    """
    sizes = part_bytes(tensor_shapes(dims), quant, embedding)
    sizes["prompt's keys and values"] = 2 * dims.kv_bytes(n_context)  # kept, and laid out for the canvas
    sizes["logits"] = n_canvas * dims.vocab_size * (4 + BF16_BYTES)
    widest = max(2 * dims.moe_intermediate_size * dims.top_k_experts, dims.hidden_size * dims.top_k_experts)
    sizes["activations"] = 1024 * (widest * 3 + dims.hidden_size * 8) * 4
    return sizes


def total(sizes: Mapping[str, int], parts: Iterable[str] | None = None) -> int:
    """The sum of `sizes`, or of these parts of it."""
    return sum(sizes.values() if parts is None else (sizes[part] for part in parts))
