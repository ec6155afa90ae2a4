"""From a training run to a checkpoint folder that the transformers class loads.

Weights are the averaged ones, in bfloat16: half the download, and rounding them changed no draft that
we looked at. Files are written beside the old ones and then put in their place.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from model.config import EMBEDDED
from model.tokenizer import TextTokenizer
from model.train.network import NetworkConfig
from model.types import CheckpointError


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
    """Weights under the class's names: one expert gets its axis back, the router chooses among one."""
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


def export(weights: dict[str, Tensor], config: NetworkConfig, tokenizer_folder: Path, out: Path) -> None:
    """Write config, weights and tokenizer to `out`; `infill.json` and the card there are left alone."""
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = TextTokenizer.load(tokenizer_folder)
    ids = tokenizer.pad_id, tokenizer.eos_id, tokenizer.bos_id
    (out / "config.json").write_text(json.dumps(class_config(config, *ids), indent=1) + "\n")
    part = out / "model.part"
    save_file(class_weights(weights, config), part, metadata={"format": "pt"})
    part.replace(out / "model.safetensors")
    if tokenizer_folder.resolve() != out.resolve():
        shutil.copyfile(tokenizer_folder / "tokenizer.json", out / "tokenizer.json")


def mean_with(weights: dict[str, Tensor], config: NetworkConfig, folders: Sequence[Path]) -> dict[str, Tensor]:
    """The mean of these weights and those of checkpoints; raises `CheckpointError` where one is of another shape.

    Runs that began at one state and ended with a falling rate lie in one valley: their mean is better than either
    (model soups, Wortsman et al. 2022).
    """
    from model.train.to_onnx import network_from_folder  # which brings onnx along, and needs this module

    others: list[dict[str, Tensor]] = []
    for folder in folders:
        net = network_from_folder(folder)
        if net.config != config:
            raise CheckpointError(f"{folder}: has {net.config}; the run has {config}")
        others.append(net.state_dict())
    return {name: torch.stack([w.float(), *(o[name] for o in others)]).mean(0) for name, w in weights.items()}


def run(state_path: Path, tokenizer_folder: Path, out: Path, others: Sequence[Path] = ()) -> None:
    """Export the averaged weights of a saved training state, or their mean with those of other checkpoints."""
    state = torch.load(state_path, weights_only=True, map_location="cpu")
    config = NetworkConfig(**state["config"])
    export(mean_with(state["averaged"], config, others), config, tokenizer_folder, out)
    print(f"{out}: {state['step']} steps, {state['n_positions'] / 1e6:.1f}M positions")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=Path("runs/cpu"))
    parser.add_argument("--tokenizer", type=Path, default=Path("data/tokenizer"))
    parser.add_argument("--out", type=Path, default=EMBEDDED)
    parser.add_argument("--mean-with", type=Path, nargs="+", default=[], help="checkpoints to average the weights with")
    args = parser.parse_args()
    try:
        run(args.run / "state.pt", args.tokenizer, args.out, args.mean_with)
    except CheckpointError as error:
        sys.exit(f"export: {error}")


if __name__ == "__main__":
    main()
