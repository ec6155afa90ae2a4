"""Modules of a network whose weights are packed: linear layers, experts, and the embedding.

Each multiplies with its weight as `multiply` says: a kernel that unpacks on the fly where there is one, else
the weight is unpacked, used and dropped. Values come and go in the activations' dtype.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple, Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers.integrations.moe import ALL_EXPERTS_FUNCTIONS

from model.weights.packing import Packed

EXPERTS = "dg_lsp_packed"  # the name of our experts' function in transformers' interface
MIXED_AT_ONCE = 1 << 15  # rows of a packed embedding that are unpacked at once


class Multiply(Protocol):
    """Products with packed weights on one kind of device."""

    def linear(self, x: Tensor, weight: Packed) -> Tensor:
        """`x` [n, columns] times the weight [rows, columns] transposed: [n, rows]."""
        ...

    def grouped(self, x: Tensor, weight: Packed, ends: Tensor) -> Tensor:
        """Rows of `x` [n, columns], sorted by expert, each times its expert's weight [rows, columns] transposed.

        `weight` is [experts, rows, columns]; expert e has the rows of `x` from ends[e - 1] (or 0) up to
        ends[e] (int32 [experts], on the device). Rows past the last end are not written.
        """
        ...

    def experts(self, x: Tensor, top_k_index: Tensor, top_k_weights: Tensor, gate_up: Packed, down: Packed) -> Tensor:
        """Each row of `x` [n, dim] through its k experts [n, k], summed by weight [n, k]: [n, dim].

        An expert is `down` [dim, inner] of the tanh GELU of its gate times its up, both `gate_up` [2 x inner, dim].
        """
        ...


class PlainMultiply:
    """Products with weights unpacked: any device, any format. One expert at a time, only those that are hit."""

    def linear(self, x: Tensor, weight: Packed) -> Tensor:
        return F.linear(x, weight.unpacked(x.dtype))

    def grouped(self, x: Tensor, weight: Packed, ends: Tensor) -> Tensor:
        out = x.new_empty(len(x), weight.shape[-2])
        start = 0
        for expert, end in enumerate(ends.tolist()):
            if end > start:
                out[start:end] = F.linear(x[start:end], weight[expert].unpacked(x.dtype))
            start = end
        return out

    def experts(self, x: Tensor, top_k_index: Tensor, top_k_weights: Tensor, gate_up: Packed, down: Packed) -> Tensor:
        # Rows are sorted by expert, so that each expert's weight is read once.
        n, top_k = top_k_index.shape
        ids, order = top_k_index.flatten().sort(stable=True)
        every = torch.arange(gate_up.shape[0], device=ids.device, dtype=ids.dtype)
        ends = torch.searchsorted(ids, every, right=True, out_int32=True)
        gate, up = self.grouped(x[order // top_k], gate_up, ends).chunk(2, dim=-1)
        out = self.grouped(F.gelu(gate, approximate="tanh") * up, down, ends)
        back = torch.empty_like(order).scatter_(0, order, torch.arange(n * top_k, device=order.device))
        weighted = out[back].unflatten(0, (n, top_k)) * top_k_weights[..., None]
        return weighted.sum(1).to(x.dtype)


class ScratchMultiply(PlainMultiply):
    """A layer's experts are unpacked into one buffer, used again for every layer, and multiplied as a group.

    For a GPU (compute capability 8.0 and newer) without a kernel of ours: it writes and reads every weight.
    """

    def __init__(self) -> None:
        self._scratch = torch.empty(0)

    def grouped(self, x: Tensor, weight: Packed, ends: Tensor) -> Tensor:
        n_experts, n_rows, n_columns = weight.shape
        if self._scratch.numel() < n_experts * n_rows * n_columns or self._scratch.dtype != x.dtype:
            self._scratch = x.new_empty(n_experts * n_rows * n_columns)
        unpacked = self._scratch[: n_experts * n_rows * n_columns].view(n_experts, n_rows, n_columns)
        for expert in range(n_experts):  # one at a time, so that float32 copies stay small
            unpacked[expert] = weight[expert].unpacked(x.dtype)
        return F.grouped_mm(x, unpacked.transpose(1, 2), offs=ends)


class PackedLinear(nn.Module):
    """A linear layer whose weight [rows, columns] is packed; its bias is [rows]."""

    def __init__(self, weight: Packed, multiply: Multiply, bias: nn.Parameter | None = None) -> None:
        super().__init__()
        self.weight, self._multiply = weight, multiply
        self.bias: nn.Parameter | None
        self.register_parameter("bias", bias)

    def forward(self, x: Tensor) -> Tensor:
        """`x` [..., columns] to [..., rows]."""
        out = self._multiply.linear(x.flatten(0, -2), self.weight).unflatten(0, x.shape[:-1])
        return out if self.bias is None else out + self.bias


class PackedEmbedding(nn.Module):
    """Embeddings [ids, dim] in int8, scaled as the class scales them; also the other way, as the last layer."""

    def __init__(self, weight: Packed, embed_scale: float, dtype: torch.dtype) -> None:
        super().__init__()
        self.weight, self._dtype = weight, dtype
        self._embed_scale = torch.tensor(embed_scale).to(dtype).item()  # rounded as the class rounds it

    def forward(self, ids: Tensor) -> Tensor:
        """Embeddings [..., dim] of `ids`."""
        rows = self.weight[ids.flatten()].unpacked(self._dtype) * self._embed_scale
        return rows.unflatten(0, ids.shape)

    def mixed(self, probs: Tensor) -> Tensor:
        """Embeddings [n, dim] averaged by probabilities [n, ids], a part of the ids at a time."""
        out = probs.new_zeros(len(probs), self.weight.shape[-1], dtype=torch.float32)
        for start in range(0, self.weight.shape[0], MIXED_AT_ONCE):
            rows = slice(start, start + MIXED_AT_ONCE)
            weight = Packed(self.weight.format, self.weight.codes[rows], self.weight.scales[rows])
            out += probs[:, rows].to(self._dtype) @ weight.unpacked(self._dtype)
        return out.to(self._dtype) * self._embed_scale


def packed_experts(experts: nn.Module, hidden_states: Tensor, top_k_index: Tensor, top_k_weights: Tensor) -> Tensor:
    """A layer's experts, whose packed weights are its attribute; an entry for transformers' `ALL_EXPERTS_FUNCTIONS`.

    Shapes are those of `Multiply.experts`: `hidden_states` [n, dim], `top_k_index` and `top_k_weights` [n, k].
    """
    multiply, gate_up, down = cast("PackedExperts", experts.packed)
    return multiply.experts(hidden_states, top_k_index, top_k_weights, gate_up, down)


class PackedExperts(NamedTuple):
    """What `packed_experts` multiplies with, as the attribute `packed` of the class's own experts module."""

    multiply: Multiply
    gate_up: Packed  # [experts, 2 x inner, dim]
    down: Packed  # [experts, dim, inner]


ALL_EXPERTS_FUNCTIONS.register(EXPERTS, packed_experts)


def packed_weights(network: nn.Module) -> Iterator[Packed]:
    """Every packed weight [..., rows, columns] of a network, each once."""
    seen: set[int] = set()
    for module in network.modules():
        own = getattr(module, "packed", None)
        found = own[1:] if isinstance(own, PackedExperts) else [getattr(module, "weight", None)]
        for weight in found:
            if isinstance(weight, Packed) and id(weight.codes) not in seen:
                seen.add(id(weight.codes))
                yield weight


def n_parameters(network: nn.Module) -> int:
    """The numbers that the weights stand for, whatever they are stored in, each once."""
    packed = sum(math.prod(weight.shape) for weight in packed_weights(network))
    return packed + sum(p.numel() for p in network.parameters())
