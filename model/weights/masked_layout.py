"""The masked models' configurations and tensor names, as published, in the classes that transformers has for them.

transformers 5.23 has no class of its own for any of them. But Dream (and with it Dream-Coder and DreamOn) is Qwen2
but for the direction of its attention, LLaDA is Llama under other names, and Open-dCoder says itself that it is a
Qwen2. The code that comes with their checkpoints is never run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec
import torch
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

from model.config import SCORES_AT_ONCE, unusable
from model.types import CheckpointError
from model.weights.layout import Shape

Config = Qwen2Config | LlamaConfig
Transformer = Qwen2ForCausalLM | LlamaForCausalLM

TOKENS_AT_ONCE = 1 << 14  # of a pass over many rows; bounds its memory


class Stated(msgspec.Struct):
    """What any config.json says that the library's classes have no field for."""

    model_type: str
    mask_token_id: int | None = None


class StatedLlada(Stated, kw_only=True):
    """LLaDA's own settings."""

    d_model: int
    n_layers: int
    n_heads: int
    mlp_hidden_size: int
    vocab_size: int
    max_sequence_length: int
    rms_norm_eps: float
    rope_theta: float
    n_kv_heads: int | None = None
    embedding_size: int | None = None
    weight_tying: bool = False


@dataclass(frozen=True)
class Family:
    """One `model_type`."""

    network: type[Transformer]
    # What was made from a left-to-right model still predicts each token from the position before it.
    shifted: bool


FAMILIES = {
    "Dream": Family(Qwen2ForCausalLM, shifted=True),
    "qwen2": Family(Qwen2ForCausalLM, shifted=True),
    "llada": Family(LlamaForCausalLM, shifted=False),
}


class Described(NamedTuple):
    """What a config.json comes to; `Sized`."""

    family: Family
    stated: Stated
    config: Config
    network: Transformer  # with shapes and no numbers

    @property
    def names(self) -> dict[str, str]:
        """What the class calls each tensor of the checkpoint."""
        return {published(self.stated.model_type, name): name for name, _ in self.network.named_parameters()}

    @property
    def shapes(self) -> dict[str, Shape]:
        """Of every tensor of the checkpoint."""
        return {theirs: tuple(self.network.get_parameter(name).shape) for theirs, name in self.names.items()}

    def bytes_on_top(self, n_context: int, n_canvas: int, number_bytes: int) -> dict[str, int]:
        """What a pass over as many rows as are read at once takes: an estimate, and nothing is kept of a prompt."""
        config = self.config
        return {
            "logits": SCORES_AT_ONCE * (8 + number_bytes),
            "activations": TOKENS_AT_ONCE * (3 * config.intermediate_size + 8 * config.hidden_size) * number_bytes,
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


def read_config(folder: Path) -> Described:
    """What config.json describes; raises `CheckpointError` naming the field."""
    path = folder / "config.json"
    kind: object = "masked model"
    try:
        content = path.read_bytes()
        stated = msgspec.json.decode(content, type=Stated)
        kind, family = stated.model_type, FAMILIES[stated.model_type]
        config = llada_config(path, content) if kind == "llada" else qwen2_config(path, content)
        with torch.device("meta"):
            network = cast("Transformer", family.network(config))  # type: ignore[arg-type]
    except CheckpointError:
        raise
    except Exception as error:  # all that is read is this file, and the library raises any kind
        raise unusable(path, kind, error) from None
    return Described(family, stated, config, network)


def qwen2_config(path: Path, content: bytes) -> Qwen2Config:
    """A Qwen2 as it stands."""
    stated = msgspec.json.decode(content, type=dict[str, Any])
    config = Qwen2Config(**{k: v for k, v in stated.items() if k not in ("model_type", "auto_map", "architectures")})
    if config.sliding_window is not None:
        raise CheckpointError(f"{path}: has a sliding window, which no masked model of this kind was published with")
    return config


def llada_config(path: Path, content: bytes) -> LlamaConfig:
    """LLaDA's settings under Llama's names."""
    other = {k: v for k, v in msgspec.json.decode(content).items() if k in LLADA_SHAPE and LLADA_SHAPE[k] != v}
    if other:
        raise CheckpointError(f"{path}: this LLaDA has {next(iter(other.items()))}, which is not supported")
    stated = msgspec.json.decode(content, type=StatedLlada)
    return LlamaConfig(
        vocab_size=stated.embedding_size or stated.vocab_size,
        hidden_size=stated.d_model,
        intermediate_size=stated.mlp_hidden_size,
        num_hidden_layers=stated.n_layers,
        num_attention_heads=stated.n_heads,
        num_key_value_heads=stated.n_kv_heads or stated.n_heads,
        max_position_embeddings=stated.max_sequence_length,
        rms_norm_eps=stated.rms_norm_eps,
        rope_parameters={"rope_type": "default", "rope_theta": stated.rope_theta},
        tie_word_embeddings=stated.weight_tying,
    )


def published(model_type: str, name: str) -> str:
    """The name that a tensor of our class has in the checkpoint."""
    if model_type == "llada":
        for pattern, theirs in LLADA_NAMES:
            name = re.sub(pattern, theirs, name)
    return name
