"""A network of any dimensions with random weights, made on the device: nothing is on disk, nothing is downloaded."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from transformers import DiffusionGemmaConfig, DiffusionGemmaTextConfig

from model.torch.load import multiply_for
from model.types import Quant
from model.weights.formats import format_of
from model.weights.layout import FULL, SLIDING, Dims, tensor_shapes
from model.weights.loader import EXPERTS, assembled
from model.weights.packing import Packed, packed
from model.weights.text_only import TextOnlyDiffusionGemma, smallest_vision_config

# The 26B's proportions at a size that a CPU can run: what proves the script, not the speed.
SMALL = Dims(
    vocab_size=300, hidden_size=64, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
    num_key_value_heads=1, head_dim=32, global_head_dim=32, num_global_key_value_heads=1, num_experts=2,
    top_k_experts=1, moe_intermediate_size=64, sliding_window=64, layer_types=(SLIDING, FULL),
)  # fmt: skip


def random_network(dims: Dims, device: str, quant: Quant) -> TextOnlyDiffusionGemma:
    """In evaluation mode; the same weights for every format, up to what the format loses."""
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    text = {name: getattr(dims, name) for name in Dims.__struct_fields__ if name != "per_layer_config"}
    text_config = DiffusionGemmaTextConfig(**text | {"layer_types": list(dims.layer_types)})
    config = DiffusionGemmaConfig(text_config=text_config, vision_config=smallest_vision_config(), canvas_length=256)
    config._attn_implementation = "sdpa"
    with torch.device("meta"):
        empty = TextOnlyDiffusionGemma(config)
    network = assembled(empty, random_weights(dims, device, dtype, quant), device, dtype, multiply_for(device))
    network.set_experts_implementation(EXPERTS if quant != "bf16" else "eager" if device == "cpu" else "grouped_mm")
    return network


def random_weights(
    dims: Dims, device: str, dtype: torch.dtype, quant: Quant
) -> Iterator[tuple[str, Packed | Tensor]]:  # fmt: skip
    """Normal numbers that keep activations in range, ones for norms and scalars."""
    generator = torch.Generator(device).manual_seed(0)
    for name, shape in tensor_shapes(dims).items():
        if len(shape) == 1:
            yield name, torch.ones(shape, device=device, dtype=dtype)
            continue
        weight = torch.randn(shape, device=device, dtype=dtype, generator=generator).mul_(shape[-1] ** -0.5)
        form = format_of(name, shape, quant)
        yield name, weight if form.name == "bf16" else packed(weight, form.name)
