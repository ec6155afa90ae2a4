"""The training forward of a one-expert DiffusionGemma, written out so that it is fast on small shapes.

Parameter names are those of `transformers`' decoder, so that `export.py` only renames a prefix; a test
holds that both give the same logits from the same weights. The encoder and the decoder share every
weight (layer scalars stay at 1). One expert instead of many: at this size routing costs time and buys
nothing, and with one expert the router's weight is exactly 1.

Shapes: B documents of N prompt tokens and T canvas positions, V ids; `dim` is `hidden_size`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import msgspec
import torch
from torch import Tensor, nn
from torch.nn import functional as F


class NetworkConfig(msgspec.Struct, frozen=True):
    """Shape of the network; defaults are the embedded model's."""

    vocab_size: int = 8192
    hidden_size: int = 256
    n_layers: int = 4
    n_heads: int = 4
    n_kv_heads: int = 2
    head_dim: int = 64
    intermediate_size: int = 640
    expert_size: int = 128
    sliding_window: int = 1024  # longer than any prompt we send: every layer sees all of it
    rope_theta: float = 10_000.0
    softcap: float = 30.0
    norm_eps: float = 1e-6

    def is_full(self, layer_idx: int) -> bool:
        """Whether this layer is of the class's full-attention kind, whose values are its keys."""
        return layer_idx == self.n_layers - 1


class RMSNorm(nn.Module):
    """Rows [..., dim] scaled to a mean square of 1, then by a weight [dim]."""

    def __init__(self, dim: int, eps: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, (x.shape[-1],), self.weight, self.eps)


def rope(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate `x` [B, heads, T, dim] by angles whose `cos` and `sin` are [B or 1, 1, T, dim]."""
    x1, x2 = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-x2, x1), dim=-1) * sin


def rope_angles(position_ids: Tensor, config: NetworkConfig) -> tuple[Tensor, Tensor]:
    """Cosines and sines for `position_ids` [B, T], each [B, 1, T, head_dim]."""
    idx = torch.arange(0, config.head_dim, 2, dtype=torch.float, device=position_ids.device)
    angles = position_ids[..., None].float() / config.rope_theta ** (idx / config.head_dim)
    angles = torch.cat((angles, angles), dim=-1)[:, None]
    return angles.cos(), angles.sin()


class Attention(nn.Module):
    def __init__(self, config: NetworkConfig, layer_idx: int):
        super().__init__()
        self.config = config
        dim, kv = config.hidden_size, config.n_kv_heads * config.head_dim
        self.q_proj = nn.Linear(dim, config.n_heads * config.head_dim, bias=False)
        self.k_proj = nn.Linear(dim, kv, bias=False)
        self.v_proj = None if config.is_full(layer_idx) else nn.Linear(dim, kv, bias=False)
        self.o_proj = nn.Linear(config.n_heads * config.head_dim, dim, bias=False)
        self.q_norm = RMSNorm(config.head_dim, config.norm_eps)
        self.k_norm = RMSNorm(config.head_dim, config.norm_eps)

    def project(self, x: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Normalised, rotated queries and keys, normalised values of `x` [B, T, dim]: each [B, heads, T, head_dim]."""

        def heads(t: Tensor) -> Tensor:  # [B, T, heads * head_dim] to [B, heads, T, head_dim]
            return t.view(*t.shape[:-1], -1, self.config.head_dim).transpose(1, 2)

        k_raw = heads(self.k_proj(x))
        v_raw = k_raw if self.v_proj is None else heads(self.v_proj(x))
        q = rope(self.q_norm(heads(self.q_proj(x))), cos, sin)
        k = rope(self.k_norm(k_raw), cos, sin)
        v = F.rms_norm(v_raw, (self.config.head_dim,), None, self.config.norm_eps)
        return q, k, v

    def attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
        """Attention [B, T, dim] without a scale (the norms carry it); causal without a `mask` [B, 1, T, N + T]."""
        if mask is not None and q.is_cuda:  # shared heads and a mask together have no fast kernel
            k, v = (t.repeat_interleave(q.shape[1] // t.shape[1], dim=1) for t in (k, v))
        out = F.scaled_dot_product_attention(
            q, k, v, attn_mask=mask, is_causal=mask is None, scale=1.0, enable_gqa=True
        )
        return self.o_proj(out.transpose(1, 2).flatten(2))


class GatedMLP(nn.Module):
    """A dense layer with a gate, from [..., dim] to [..., dim]."""

    def __init__(self, dim: int, inner: int):
        super().__init__()
        self.gate_proj = nn.Linear(dim, inner, bias=False)
        self.up_proj = nn.Linear(dim, inner, bias=False)
        self.down_proj = nn.Linear(inner, dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.gelu(self.gate_proj(x), approximate="tanh") * self.up_proj(x))


class Expert(nn.Module):
    """The single expert, from [..., dim] to [..., dim], its gate and up matrices fused as in the class."""

    def __init__(self, dim: int, inner: int):
        super().__init__()
        self.gate_up_proj = nn.Parameter(torch.empty(2 * inner, dim))
        self.down_proj = nn.Parameter(torch.empty(dim, inner))

    def forward(self, x: Tensor) -> Tensor:
        gate, up = F.linear(x, self.gate_up_proj).chunk(2, dim=-1)
        return F.linear(F.gelu(gate, approximate="tanh") * up, self.down_proj)


class Layer(nn.Module):
    def __init__(self, config: NetworkConfig, layer_idx: int):
        super().__init__()
        dim, eps = config.hidden_size, config.norm_eps
        self.self_attn = Attention(config, layer_idx)
        self.mlp = GatedMLP(dim, config.intermediate_size)
        self.experts = Expert(dim, config.expert_size)
        self.input_layernorm = RMSNorm(dim, eps)
        self.post_attention_layernorm = RMSNorm(dim, eps)
        self.pre_feedforward_layernorm = RMSNorm(dim, eps)
        self.pre_feedforward_layernorm_2 = RMSNorm(dim, eps)
        self.post_feedforward_layernorm = RMSNorm(dim, eps)
        self.post_feedforward_layernorm_1 = RMSNorm(dim, eps)
        self.post_feedforward_layernorm_2 = RMSNorm(dim, eps)

    def feed_forward(self, x: Tensor) -> Tensor:
        """`x` [B, T, dim] with what the dense layer and the expert make of it added."""
        dense = self.post_feedforward_layernorm_1(self.mlp(self.pre_feedforward_layernorm(x)))
        expert = self.post_feedforward_layernorm_2(self.experts(self.pre_feedforward_layernorm_2(x)))
        return x + self.post_feedforward_layernorm(dense + expert)

    def encode(self, x: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Causal pass over x [B, N, dim]; also its keys and values [B, kv heads, N, head_dim], for the canvases."""
        q, k, v = self.self_attn.project(self.input_layernorm(x), cos, sin)
        x = x + self.post_attention_layernorm(self.self_attn.attend(q, k, v, None))
        return self.feed_forward(x), (k, v)

    def decode(self, x: Tensor, cos: Tensor, sin: Tensor, kv: tuple[Tensor, Tensor], mask: Tensor) -> Tensor:
        """Pass over canvas positions [B, T, dim], which see the encoder's keys and each other as `mask` allows.

        Keys and values are [B, kv heads, N, head_dim], `mask` is [B, 1, T, N + T].
        """
        q, k, v = self.self_attn.project(self.input_layernorm(x), cos, sin)
        k, v = torch.cat((kv[0], k), dim=2), torch.cat((kv[1], v), dim=2)
        x = x + self.post_attention_layernorm(self.self_attn.attend(q, k, v, mask))
        return self.feed_forward(x)


class SelfConditioning(GatedMLP):
    """Adds the expected embeddings [B, T, dim] of the previous step to the canvas embeddings [B, T, dim]."""

    def __init__(self, config: NetworkConfig):
        super().__init__(config.hidden_size, config.intermediate_size)
        self.pre_norm = RMSNorm(config.hidden_size, config.norm_eps)
        self.eps = config.norm_eps

    def forward(self, embeds: Tensor, soft: Tensor) -> Tensor:
        combined = embeds + super().forward(self.pre_norm(soft))
        return F.rms_norm(combined, (combined.shape[-1],), None, self.eps)


class Network(nn.Module):
    """Encoder and decoder over one set of weights."""

    def __init__(self, config: NetworkConfig):
        super().__init__()
        self.config = config
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Layer(config, i) for i in range(config.n_layers))
        self.norm = RMSNorm(config.hidden_size, config.norm_eps)
        self.self_conditioning = SelfConditioning(config)

    def initialise(self, generator: torch.Generator) -> None:
        """Draw the first weights. Norms after a block start low, so that blocks speak up as they learn."""
        for name, p in self.named_parameters():
            if p.ndim > 1:
                scale = 0.5 if "embed" in name else 1.0
                nn.init.normal_(p, std=scale * p.shape[-1] ** -0.5, generator=generator)
            elif "q_norm" in name or "k_norm" in name:
                nn.init.constant_(p, self.config.head_dim**-0.25)  # dot products of unit variance
            elif "post_attention" in name or name.endswith("post_feedforward_layernorm.weight"):
                nn.init.constant_(p, 0.25)

    def _layers(self) -> Iterable[Layer]:
        return cast("Iterable[Layer]", self.layers)

    def embed(self, ids: Tensor) -> Tensor:
        """Scaled embeddings [..., dim] of `ids` [...]."""
        return self.embed_tokens(ids) * self.config.hidden_size**0.5

    def encode(self, ids: Tensor) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        """Causal pass over ids [B, N]: last hidden states [B, N, dim] and per-layer keys and values."""
        cos, sin = rope_angles(torch.arange(ids.shape[1], device=ids.device)[None], self.config)
        x, kv = self.embed(ids), []
        for layer in self._layers():
            x, layer_kv = layer.encode(x, cos, sin)
            kv.append(layer_kv)
        return self.norm(x), kv

    def decode(
        self,
        canvas: Tensor,
        position_ids: Tensor,
        kv: list[tuple[Tensor, Tensor]],
        mask: Tensor,
        soft: Tensor,
    ) -> Tensor:
        """Pass over canvas ids [B, T]; `mask` [B, 1, T, N + T] is True where attention is allowed.

        `soft` [B, T, dim] are the soft embeddings of the previous step, zeros on the first.
        """
        cos, sin = rope_angles(position_ids, self.config)
        x = self.self_conditioning(self.embed(canvas), soft)
        for layer, layer_kv in zip(self._layers(), kv, strict=True):
            x = layer.decode(x, cos, sin, layer_kv, mask)
        return self.norm(x)

    def logits(self, hidden: Tensor) -> Tensor:
        """Soft-capped vocabulary scores [..., V], float32, of hidden states [..., dim]."""
        raw = F.linear(hidden, self.embed_tokens.weight).float()
        return torch.tanh(raw / self.config.softcap) * self.config.softcap

    def soft_embeddings(self, logits: Tensor) -> Tensor:
        """Expected embedding [..., dim] under the distribution of `logits` [..., V]."""
        weight = self.embed_tokens.weight
        return logits.softmax(-1).to(weight.dtype) @ weight * self.config.hidden_size**0.5
