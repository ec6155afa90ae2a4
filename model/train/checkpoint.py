"""A checkpoint folder of the embedded model's kind, as the transformers class has it, to and from our network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from model.train.network import Network, NetworkConfig
from model.types import CheckpointError

ONLY = "only checkpoints of the embedded model's kind (one expert, see export.py) can be read here"


def network_from_folder(folder: Path) -> Network:
    """The checkpoint as a `Network`; raises `CheckpointError` where there is none or it is of another shape."""
    path = folder / "config.json"
    if absent := [p for p in (path, folder / "model.safetensors") if not p.is_file()]:
        raise CheckpointError(f"{absent[0]}: missing; a checkpoint is a folder with config.json and model.safetensors")
    try:
        text = json.loads(path.read_bytes())["text_config"]
        config = NetworkConfig(
            vocab_size=text["vocab_size"],
            hidden_size=text["hidden_size"],
            n_layers=text["num_hidden_layers"],
            n_heads=text["num_attention_heads"],
            n_kv_heads=text["num_key_value_heads"],
            head_dim=text["head_dim"],
            intermediate_size=text["intermediate_size"],
            expert_size=text["moe_intermediate_size"],
            sliding_window=text["sliding_window"],
            rope_theta=text["rope_parameters"]["full_attention"]["rope_theta"],
            softcap=text["final_logit_softcapping"],
            norm_eps=text["rms_norm_eps"],
        )
        special = [text[f"{name}_token_id"] for name in ("pad", "eos", "bos")]
    except KeyError as error:
        raise CheckpointError(f"{path}: has no {error.args[0]}; {ONLY}") from None
    ours = class_config(config, *special)["text_config"]
    if other := sorted(k for k, v in ours.items() if text.get(k) != v):
        raise CheckpointError(f"{path}: {', '.join(other)}: {ONLY}")
    stored = load_file(folder / "model.safetensors")
    net = Network(config)
    blank = class_weights(net.state_dict(), config)
    constant = [k for k in blank if "router" in k or "layer_scalar" in k]
    differing = [k for k in constant if k not in stored or not torch.equal(stored[k], blank[k])]
    if wrong := sorted((blank.keys() ^ stored.keys()) | set(differing)):
        raise CheckpointError(f"{folder}/model.safetensors: {wrong[0]}: {ONLY}")
    named = {k.removeprefix("model.decoder."): v.float() for k, v in stored.items() if k not in constant}
    net.load_state_dict({k: v[0] if ".experts." in k else v for k, v in named.items()})
    return net.eval().requires_grad_(False)


def class_config(config: NetworkConfig, pad_id: int, eos_id: int, bos_id: int) -> dict[str, Any]:
    """`config.json` of the transformers class for this network."""
    rope = {"rope_type": "default", "rope_theta": config.rope_theta}
    layer_types = ["full_attention" if config.is_full(i) else "sliding_attention" for i in range(config.n_layers)]
    text = {
        "model_type": "diffusion_gemma_text", "vocab_size": config.vocab_size, "hidden_size": config.hidden_size,
        "intermediate_size": config.intermediate_size, "num_hidden_layers": config.n_layers,
        "num_attention_heads": config.n_heads, "num_key_value_heads": config.n_kv_heads,
        "num_global_key_value_heads": config.n_kv_heads, "head_dim": config.head_dim,
        "global_head_dim": config.head_dim, "sliding_window": config.sliding_window, "layer_types": layer_types,
        "rope_parameters": {"full_attention": rope, "sliding_attention": rope}, "rms_norm_eps": config.norm_eps,
        "final_logit_softcapping": config.softcap, "num_experts": 1, "top_k_experts": 1,
        "moe_intermediate_size": config.expert_size, "max_position_embeddings": 2048, "tie_word_embeddings": True,
        "pad_token_id": pad_id, "eos_token_id": eos_id, "bos_token_id": bos_id,
    }  # fmt: skip
    return {
        "architectures": ["DiffusionGemmaForBlockDiffusion"], "model_type": "diffusion_gemma", "text_config": text,
        "canvas_length": 64, "tie_word_embeddings": True, "dtype": "bfloat16",
    }  # fmt: skip


def class_weights(weights: dict[str, Tensor], config: NetworkConfig) -> dict[str, Tensor]:
    """Weights under the class's names: [rows, columns] of the expert become [1, rows, columns], a router is added."""
    out: dict[str, Tensor] = {}
    for name, value in weights.items():
        out["model.decoder." + name] = value[None] if ".experts." in name else value
    for i in range(config.n_layers):
        layer = f"model.decoder.layers.{i}."
        out[layer + "router.proj.weight"] = torch.zeros(1, config.hidden_size)
        out[layer + "router.scale"] = torch.ones(config.hidden_size)
        out[layer + "router.per_expert_scale"] = torch.ones(1)
        out[layer + "layer_scalar"] = torch.ones(1)
        out[f"model.encoder.language_model.layers.{i}.layer_scalar"] = torch.ones(1)
    return {k: v.to(torch.bfloat16).contiguous() for k, v in out.items()}
