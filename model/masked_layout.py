"""The masked models' configurations and tensor names, as published, in the classes that transformers has for them.

transformers 5.23 has no class of its own for any of them. But Dream (and with it Dream-Coder and DreamOn) is Qwen2
but for the direction of its attention, LLaDA is Llama under other names, and Open-dCoder says itself that it is a
Qwen2. The code that comes with their checkpoints is never run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub.errors import StrictDataclassError
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

from model.types import CheckpointError

Config = Qwen2Config | LlamaConfig
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Family:
    """One `model_type`."""

    network: type[Qwen2ForCausalLM] | type[LlamaForCausalLM]
    # What was made from a left-to-right model still predicts each token from the position before it.
    shifted: bool


FAMILIES = {
    "Dream": Family(Qwen2ForCausalLM, shifted=True),
    "qwen2": Family(Qwen2ForCausalLM, shifted=True),
    "llada": Family(LlamaForCausalLM, shifted=False),
}

# LLaDA's code can be configured into other shapes than Llama's; of the published checkpoints none is.
LLADA_SHAPE = {
    "block_type": "llama", "layer_norm_type": "rms", "activation_type": "silu", "rope": True, "alibi": False,
    "attention_layer_norm": False, "include_bias": False, "include_qkv_bias": False, "input_emb_norm": False,
    "scale_logits": False,
}  # fmt: skip
LLADA_NAMES = (
    (r"^model\.embed_tokens\.", "model.transformer.wte."),
    (r"^model\.norm\.", "model.transformer.ln_f."),
    (r"^lm_head\.", "model.transformer.ff_out."),
    (r"^model\.layers\.", "model.transformer.blocks."),
    (r"\.self_attn\.o_proj\.", ".attn_out."),
    (r"\.self_attn\.", "."),
    (r"\.input_layernorm\.", ".attn_norm."),
    (r"\.post_attention_layernorm\.", ".ff_norm."),
    (r"\.mlp\.gate_proj\.", ".ff_proj."),
    (r"\.mlp\.up_proj\.", ".up_proj."),
    (r"\.mlp\.down_proj\.", ".ff_out."),
)


def read_config(folder: Path) -> tuple[Family, Config, Json]:
    """What config.json describes, and config.json; raises `CheckpointError`."""
    path = folder / "config.json"
    stated: Json = json.loads(path.read_bytes())
    family = FAMILIES[stated["model_type"]]
    try:
        config = llada_config(path, stated) if stated["model_type"] == "llada" else qwen2_config(path, stated)
    except (KeyError, TypeError, ValueError, StrictDataclassError) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise CheckpointError(f"{path}: not a {stated['model_type']} ({reason})") from None
    return family, config, stated


def qwen2_config(path: Path, stated: Json) -> Qwen2Config:
    """A Qwen2 as it stands."""
    config = Qwen2Config(**{k: v for k, v in stated.items() if k not in ("model_type", "auto_map", "architectures")})
    if config.sliding_window is not None:
        raise CheckpointError(f"{path}: has a sliding window, which no masked model of this kind was published with")
    return config


def llada_config(path: Path, stated: Json) -> LlamaConfig:
    """LLaDA's settings under Llama's names."""
    other = {k: stated[k] for k, v in LLADA_SHAPE.items() if k in stated and stated[k] != v}
    if other:
        raise CheckpointError(f"{path}: a LLaDA of another shape, {next(iter(other.items()))}, which is not known here")
    return LlamaConfig(
        vocab_size=stated.get("embedding_size") or stated["vocab_size"],
        hidden_size=stated["d_model"],
        intermediate_size=stated["mlp_hidden_size"],
        num_hidden_layers=stated["n_layers"],
        num_attention_heads=stated["n_heads"],
        num_key_value_heads=stated.get("n_kv_heads") or stated["n_heads"],
        max_position_embeddings=stated["max_sequence_length"],
        rms_norm_eps=stated["rms_norm_eps"],
        rope_parameters={"rope_type": "default", "rope_theta": stated["rope_theta"]},
        tie_word_embeddings=stated.get("weight_tying", False),
    )


def published(model_type: str, name: str) -> str:
    """The name that a tensor of our class has in the checkpoint."""
    if model_type == "llada":
        for pattern, theirs in LLADA_NAMES:
            name = re.sub(pattern, theirs, name)
    return name
