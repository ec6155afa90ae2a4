"""The least a pass can take on this machine: its multiply-adds at the measured rate, its weights at the measured
bandwidth, whichever is longer. Arithmetic only; knows no runtime.

Counted are the products with weights, attention over prompt and canvas, and the vocabulary's scores of the
free positions. Not counted: norms, softmax, soft embeddings, the sampler. Weights as small as the embedded
model's may stay in the processor's cache, where they are read faster than from memory.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Literal

import msgspec

Arithmetic = Literal["float32", "bfloat16", "int8"]

BYTES: dict[Arithmetic, int] = {"float32": 4, "bfloat16": 2, "int8": 1}
FLOPS_PER_MULTIPLY_ADD = 2


class Shapes(msgspec.Struct, frozen=True):
    """Numbers of weights, and what attention depends on."""

    layer_weights: int  # in all layers together
    conditioning_weights: int
    vocab_size: int
    hidden_size: int
    n_layers: int
    query_width: int  # heads times their dimension


class Work(msgspec.Struct, frozen=True):
    """What one pass must do."""

    weight_macs: int  # multiply-adds with weights
    attention_macs: int  # multiply-adds of activations with activations, always in float32
    n_weights: int  # read at least once


class Rates(msgspec.Struct, frozen=True):
    """What this machine does, at one number of threads. None: not measured."""

    n_threads: int
    float32_gflops: float | None
    int8_gflops: float | None
    bfloat16_gflops: float | None
    memory_gb_s: float | None

    def gflops(self, arithmetic: Arithmetic) -> float | None:
        """The rate of matrix products in this arithmetic."""
        return {"float32": self.float32_gflops, "int8": self.int8_gflops, "bfloat16": self.bfloat16_gflops}[arithmetic]


def read_shapes(folder: Path) -> Shapes:
    """Shapes of a checkpoint folder, from its config and the header of its weights."""
    text = json.loads((folder / "config.json").read_bytes())["text_config"]
    with (folder / "model.safetensors").open("rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    sizes = {name: numel(entry["shape"]) for name, entry in header.items() if len(entry.get("shape", ())) > 1}
    active = text["top_k_experts"] / text["num_experts"]
    layers = sum(n * (active if ".experts." in name else 1) for name, n in sizes.items() if "decoder.layers." in name)
    return Shapes(
        layer_weights=int(layers),
        conditioning_weights=sum(n for name, n in sizes.items() if "self_conditioning" in name),
        vocab_size=text["vocab_size"],
        hidden_size=text["hidden_size"],
        n_layers=text["num_hidden_layers"],
        query_width=text["num_attention_heads"] * text["head_dim"],
    )


def numel(shape: list[int]) -> int:
    """Elements of a tensor."""
    n = 1
    for size in shape:
        n *= size
    return n


def decoder_pass(shapes: Shapes, n_canvas: int, n_prompt: int, n_free: int) -> Work:
    """One denoising step of a canvas with `n_free` free positions over a kept prompt."""
    trunk, head = shapes.layer_weights + shapes.conditioning_weights, shapes.vocab_size * shapes.hidden_size
    return Work(
        weight_macs=n_canvas * trunk + n_free * head,
        attention_macs=2 * shapes.n_layers * shapes.query_width * n_canvas * (n_prompt + n_canvas),
        n_weights=trunk + head,
    )


def encoder_pass(shapes: Shapes, n_prompt: int) -> Work:
    """A prompt encoded from nothing, with the vocabulary's scores of its last token."""
    head = shapes.vocab_size * shapes.hidden_size
    return Work(
        weight_macs=n_prompt * shapes.layer_weights + head,
        attention_macs=2 * shapes.n_layers * shapes.query_width * n_prompt * (n_prompt + 1) // 2,
        n_weights=shapes.layer_weights + head,
    )


def floor_ms(work: Work, rates: Rates, arithmetic: Arithmetic) -> float | None:
    """Milliseconds below which the pass cannot be; None where a rate was not measured."""
    rate, plain, memory = rates.gflops(arithmetic), rates.float32_gflops, rates.memory_gb_s
    if rate is None or plain is None or memory is None:
        return None
    seconds = FLOPS_PER_MULTIPLY_ADD * (work.weight_macs / rate + work.attention_macs / plain) / 1e9
    return 1000 * max(seconds, work.n_weights * BYTES[arithmetic] / memory / 1e9)
