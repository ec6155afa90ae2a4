"""Names and shapes of a DiffusionGemma checkpoint's text weights, as published, from its config.json.

Needs no torch: sizes are known before anything is read. The decoder's names stand for the encoder's too, which
shares every weight but its layer scalars. The vision tower has names of its own and is left out.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from model.config import unusable
from model.types import CheckpointError

SLIDING = "sliding_attention"
FULL = "full_attention"
DECODER = "model.decoder."
ENCODER = "model.encoder.language_model."
EMBEDDING = f"{DECODER}embed_tokens.weight"
# Of the masked models, at either end.
MASKED_EMBEDDINGS = ("model.embed_tokens.weight", "lm_head.weight", "model.transformer.wte.weight",
                     "model.transformer.ff_out.weight")  # fmt: skip
VISION = re.compile(r"model\.encoder\.(vision_tower|embed_vision)\.")

Shape = tuple[int, ...]


class LayerDims(msgspec.Struct, frozen=True):
    """What a layer has instead of the numbers of all; None: nothing."""

    num_key_value_heads: int | None = None
    head_dim: int | None = None


class Rope(msgspec.Struct, frozen=True):
    """How positions turn in one kind of layers; no shape depends on it, but the library takes anything."""

    rope_theta: float
    rope_type: str = "default"
    partial_rotary_factor: float | None = None


class Dims(msgspec.Struct, frozen=True):
    """The numbers of a config.json's `text_config` that shapes depend on, under the names they have there."""

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    num_experts: int
    top_k_experts: int
    moe_intermediate_size: int
    sliding_window: int
    global_head_dim: int = 512
    num_global_key_value_heads: int | None = None
    layer_types: tuple[str, ...] = ()
    rope_parameters: dict[str, Rope] | None = None
    per_layer_config: dict[str, LayerDims] | None = None  # as transformers writes it, in place of `global_*`

    def __post_init__(self) -> None:
        if not self.layer_types:
            every_sixth = tuple(SLIDING if (i + 1) % 6 else FULL for i in range(self.num_hidden_layers))
            msgspec.structs.force_setattr(self, "layer_types", every_sixth)
        if len(self.layer_types) != self.num_hidden_layers or set(self.layer_types) - {SLIDING, FULL}:
            raise ValueError(f"layer_types {self.layer_types} do not describe {self.num_hidden_layers} layers")

    def heads(self, layer: int) -> tuple[int, int]:
        """Key-value heads and the size of a head in one layer."""
        n_heads, size = self.num_key_value_heads, self.head_dim
        if self.per_layer_config is not None:
            own = self.per_layer_config.get(str(layer), LayerDims())
            return own.num_key_value_heads or n_heads, own.head_dim or size
        if self.layer_types[layer] == FULL:
            return self.num_global_key_value_heads or n_heads, self.global_head_dim
        return n_heads, size

    @property
    def shapes(self) -> dict[str, Shape]:
        """Of every tensor, as `tensor_shapes` has them."""
        return tensor_shapes(self)

    def bytes_on_top(self, n_context: int, n_canvas: int, number_bytes: int) -> dict[str, int]:
        """What a canvas takes beside the weights.

        The logits are one float32 copy and their probabilities in 16 bits. The activations are an estimate: of a
        prompt that is encoded in pieces of 1,024 tokens.
        """
        widest = max(2 * self.moe_intermediate_size * self.top_k_experts, self.hidden_size * self.top_k_experts)
        return {
            "prompt's keys and values": 2 * self.kv_bytes(n_context, number_bytes),  # kept, and laid out for the canvas
            "logits": n_canvas * self.vocab_size * (4 + number_bytes),
            "activations": 1024 * (widest * 3 + self.hidden_size * 8) * 4,
        }

    def kv_bytes(self, n_tokens: int, bytes_each: int = 2) -> int:
        """Bytes of the keys and values of a prompt; a sliding layer needs no more than its window."""
        total = 0
        for i, kind in enumerate(self.layer_types):
            n_heads, size = self.heads(i)
            total += 2 * n_heads * size * (min(n_tokens, self.sliding_window - 1) if kind == SLIDING else n_tokens)
        return total * bytes_each


# google/diffusiongemma-26B-A4B-it, as its config.json states it.
PUBLISHED_26B = Dims(
    vocab_size=262_144, hidden_size=2816, intermediate_size=2112, num_hidden_layers=30, num_attention_heads=16,
    num_key_value_heads=8, head_dim=256, global_head_dim=512, num_global_key_value_heads=2, num_experts=128,
    top_k_experts=8, moe_intermediate_size=704, sliding_window=1024,
)  # fmt: skip


class _Stated(msgspec.Struct):
    text_config: dict[str, Any]


def read_dims(folder: Path) -> Dims:
    """The dimensions that a checkpoint folder's config.json states; raises `CheckpointError` naming the field."""
    path = folder / "config.json"
    try:
        stated = msgspec.json.decode(path.read_bytes(), type=_Stated).text_config
        return msgspec.convert({k: v for k, v in stated.items() if v is not None}, Dims)
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:  # msgspec's errors are ValueErrors
        raise unusable(path, "DiffusionGemma", error) from None


def tensor_shapes(dims: Dims) -> dict[str, Shape]:
    """Every text tensor of the checkpoint by name, layer by layer, with its shape [rows, columns] or less or more."""
    hidden, inner, expert = dims.hidden_size, dims.intermediate_size, dims.moe_intermediate_size
    shapes: dict[str, Shape] = {EMBEDDING: (dims.vocab_size, hidden)}
    for i, kind in enumerate(dims.layer_types):
        n_heads, size = dims.heads(i)
        layer = f"{DECODER}layers.{i}."
        linear = {
            "self_attn.q_proj": (dims.num_attention_heads * size, hidden),
            "self_attn.k_proj": (n_heads * size, hidden),
            "self_attn.v_proj": (n_heads * size, hidden),
            "self_attn.o_proj": (hidden, dims.num_attention_heads * size),
            "mlp.gate_proj": (inner, hidden),
            "mlp.up_proj": (inner, hidden),
            "mlp.down_proj": (hidden, inner),
            "router.proj": (dims.num_experts, hidden),
        }
        if kind == FULL:  # its values are its keys
            del linear["self_attn.v_proj"]
        shapes |= {f"{layer}{name}.weight": shape for name, shape in linear.items()}
        shapes |= {f"{layer}{name}.weight": (hidden,) for name in NORMS}
        shapes |= {f"{layer}self_attn.{name}.weight": (size,) for name in ("q_norm", "k_norm")}
        shapes[f"{layer}router.scale"] = (hidden,)
        shapes[f"{layer}router.per_expert_scale"] = (dims.num_experts,)
        shapes[f"{layer}experts.gate_up_proj"] = (dims.num_experts, 2 * expert, hidden)
        shapes[f"{layer}experts.down_proj"] = (dims.num_experts, hidden, expert)
        shapes[f"{layer}layer_scalar"] = (1,)
        shapes[f"{ENCODER}layers.{i}.layer_scalar"] = (1,)
    shapes[f"{DECODER}norm.weight"] = (hidden,)
    conditioning = f"{DECODER}self_conditioning."
    shapes[f"{conditioning}pre_norm.weight"] = (hidden,)
    shapes |= {f"{conditioning}{name}_proj.weight": (inner, hidden) for name in ("gate", "up")}
    shapes[f"{conditioning}down_proj.weight"] = (hidden, inner)
    return shapes


NORMS = (
    "input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm",
    "post_feedforward_layernorm_1", "post_feedforward_layernorm_2", "pre_feedforward_layernorm_2",
)  # fmt: skip

PARTS: tuple[str, ...] = (
    "experts",
    "attention",
    "dense MLP",
    "embedding",
    "self-conditioning",
    "router",
    "norms and scalars",
)


def part_of(name: str) -> str:
    """Which of `PARTS` a tensor belongs to."""
    if name == EMBEDDING or name in MASKED_EMBEDDINGS:
        return "embedding"
    if ".experts." in name:
        return "experts"
    if ".router." in name:
        return "router"
    if "norm" in name or name.endswith("layer_scalar"):
        return "norms and scalars"
    if ".self_conditioning." in name:
        return "self-conditioning"
    return "attention" if ".self_attn." in name else "dense MLP"
