"""Checkpoints in the published layout with random weights, of any size; their shapes come from the layout itself."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from model.weights.layout import Dims, tensor_shapes


def write_checkpoint(folder: Path, n_layers: int, hidden: int, n_experts: int, expert: int, n_vocab: int) -> Path:
    """One shard for each layer and an index, as the published one has them."""
    dims = Dims(
        vocab_size=n_vocab, hidden_size=hidden, intermediate_size=2 * expert, num_hidden_layers=n_layers,
        num_attention_heads=4, num_key_value_heads=2, head_dim=64, global_head_dim=128, num_global_key_value_heads=1,
        num_experts=n_experts, top_k_experts=2, moe_intermediate_size=expert, sliding_window=64,
    )  # fmt: skip
    folder.mkdir(parents=True)
    text = {name: getattr(dims, name) for name in Dims.__struct_fields__ if name != "per_layer_config"}
    config = {"model_type": "diffusion_gemma", "text_config": text | {"layer_types": list(dims.layer_types)},
              "canvas_length": 32}  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    generator = torch.Generator().manual_seed(0)
    shards: dict[str, dict[str, torch.Tensor]] = {}
    for name, shape in tensor_shapes(dims).items():
        number = name.split(".layers.")[1].split(".")[0] if ".layers." in name else "rest"
        weight = torch.ones(shape) if len(shape) == 1 else torch.randn(shape, generator=generator) * 0.05
        shards.setdefault(f"model-{number}.safetensors", {})[name] = weight.to(torch.bfloat16)
    weight_map = {name: file for file, tensors in shards.items() for name in tensors}
    for file, tensors in shards.items():
        save_file(tensors, folder / file, {"format": "pt"})
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    return folder
