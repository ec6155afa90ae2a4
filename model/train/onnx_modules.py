"""The network as three plain modules, each of which becomes a graph for ONNX Runtime.

`Condition` adds the last step's expected embeddings to the canvas embeddings, `Trunk` runs the layers over keys and
values that are already there, `Head` gives the vocabulary's scores. Encoder and decoder are the same trunk under
another mask, so prompts, drafts, scores and canvases all go through one set of weights.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.train.network import Layer, Network


def transposed(*matrices: Tensor) -> nn.Parameter:
    """Linear weights [out, in], stacked along `out`, as the right side of a product [in, out]."""
    return nn.Parameter(torch.cat(matrices).T.contiguous(), requires_grad=False)


class TrunkLayer(nn.Module):
    """A layer on positions [T, dim] without a batch: fewer, larger products, norms before them folded in."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        attention, mlp, experts = layer.self_attn, layer.mlp, layer.experts
        self.config, self.norms = attention.config, layer
        self.v_of_k = attention.v_proj is None
        read = layer.input_layernorm.weight
        projections = [attention.q_proj, attention.k_proj, *([] if self.v_of_k else [attention.v_proj])]
        self.qkv = transposed(*(p.weight * read for p in projections))
        self.out = transposed(attention.o_proj.weight)
        dense, expert = layer.pre_feedforward_layernorm.weight, layer.pre_feedforward_layernorm_2.weight
        gate, up = experts.gate_up_proj.chunk(2)
        self.gate_up = transposed(mlp.gate_proj.weight * dense, gate * expert, mlp.up_proj.weight * dense, up * expert)
        self.sizes = [mlp.gate_proj.weight.shape[0], gate.shape[0]]
        self.dense_down, self.expert_down = transposed(mlp.down_proj.weight), transposed(experts.down_proj)

    def normed(self, x: Tensor) -> Tensor:  # [..., dim] to [..., dim]
        return F.rms_norm(x, (x.shape[-1],), None, self.config.norm_eps)

    def attend(self, x: Tensor, angles: tuple[Tensor, Tensor], mask: Tensor, past: Sequence[Tensor]) -> list[Tensor]:
        """Attention output [T, heads * head_dim], then all keys and values [kv heads, N + T, head_dim]."""
        c, n = self.config, x.shape[0]
        widths = [c.n_heads * c.head_dim, *[c.n_kv_heads * c.head_dim] * (1 if self.v_of_k else 2)]
        q, k, *rest = (part.view(n, -1, c.head_dim) for part in (self.normed(x) @ self.qkv).split(widths, dim=-1))
        v = self.normed(rest[0] if rest else k).transpose(0, 1)
        q = rotated(self.norms.self_attn.q_norm(q).transpose(0, 1), *angles)
        k = rotated(self.norms.self_attn.k_norm(k).transpose(0, 1), *angles)
        keys, values = torch.cat((past[0], k), dim=1), torch.cat((past[1], v), dim=1)
        # Heads that share keys are stacked below each other: one product for each key head.
        scores = q.reshape(c.n_kv_heads, -1, c.head_dim) @ keys.transpose(1, 2)
        shares = (scores.view(c.n_heads, n, -1) + mask).softmax(-1)
        out = (shares.view(c.n_kv_heads, c.n_heads // c.n_kv_heads * n, -1) @ values).view(c.n_heads, n, c.head_dim)
        return [out.transpose(0, 1).reshape(n, -1), keys, values]

    def feed_forward(self, x: Tensor) -> Tensor:  # [T, dim] to [T, dim]
        norms = self.norms
        gate, up = (self.normed(x) @ self.gate_up).split([sum(self.sizes)] * 2, dim=-1)
        dense, expert = (F.gelu(gate, approximate="tanh") * up).split(self.sizes, dim=-1)
        dense = norms.post_feedforward_layernorm_1(dense @ self.dense_down)
        expert = norms.post_feedforward_layernorm_2(expert @ self.expert_down)
        return norms.post_feedforward_layernorm(dense + expert)

    def forward(
        self, x: Tensor, angles: tuple[Tensor, Tensor], mask: Tensor, past: Sequence[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        out, *present = self.attend(x, angles, mask, past)
        x = x + self.norms.post_attention_layernorm(out @ self.out)
        return x + self.feed_forward(x), present


def rotated(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary embedding of `x` [heads, T, head_dim] by angles [T, head_dim / 2]."""
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)


class Trunk(nn.Module):
    """Embeddings x [T, dim] at `position_ids` [T], keys and values of N earlier positions, mask [T, N + T].

    `mask` is added to the attention scores. Gives hidden states [T, dim] and each layer's keys and values.
    """

    def __init__(self, net: Network) -> None:
        super().__init__()
        self.layers = nn.ModuleList(TrunkLayer(layer) for layer in net.layers)  # type: ignore[arg-type]
        self.norm = net.norm
        half = torch.arange(0, net.config.head_dim, 2).float() / net.config.head_dim
        self.frequencies = nn.Buffer(net.config.rope_theta**-half)

    def forward(self, x: Tensor, position_ids: Tensor, mask: Tensor, past: list[Tensor]) -> tuple[Tensor, ...]:
        angles = position_ids[:, None].float() * self.frequencies
        present: list[Tensor] = []
        for i, layer in enumerate(self.layers):
            x, new = layer(x, (angles.cos(), angles.sin()), mask, past[2 * i : 2 * i + 2])
            present += new
        return self.norm(x), *present


class Condition(nn.Module):
    """Canvas embeddings [T, dim] with soft embeddings of the last step [T, dim] added."""

    def __init__(self, net: Network) -> None:
        super().__init__()
        own = net.self_conditioning
        self.gate_up = transposed(*(p.weight * own.pre_norm.weight for p in (own.gate_proj, own.up_proj)))
        self.down = transposed(own.down_proj.weight)
        self.eps = own.eps

    def forward(self, x: Tensor, soft: Tensor) -> Tensor:
        gate, up = (F.rms_norm(soft, (soft.shape[-1],), None, self.eps) @ self.gate_up).chunk(2, dim=-1)
        combined = x + (F.gelu(gate, approximate="tanh") * up) @ self.down
        return F.rms_norm(combined, (combined.shape[-1],), None, self.eps)


class Head(nn.Module):
    """Soft-capped scores [M, V] of hidden states [M, dim]."""

    def __init__(self, net: Network) -> None:
        super().__init__()
        self.weight = transposed(net.embed_tokens.weight)
        self.cap = net.config.softcap

    def forward(self, hidden: Tensor) -> Tensor:
        return torch.tanh((hidden @ self.weight) / self.cap) * self.cap
