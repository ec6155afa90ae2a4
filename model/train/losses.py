"""What the network is trained on: every token of the prompts, and the free positions of the canvases."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from model.train.batches import Batch
from model.train.network import Network

CHUNK = 32_768  # rows whose vocabulary scores are held at once


def cross_entropy(net: Network, hidden: Tensor, targets: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean loss in nats of hidden states [R, dim] against `targets` [R], by `weight` [R].

    Scores of a large batch do not fit: they are made chunk by chunk, and again on the way back.
    """

    def chunk_loss(h: Tensor, ids: Tensor, w: Tensor) -> Tensor:  # [r, dim], [r] and [r] to []
        return (F.cross_entropy(net.logits(h), ids, reduction="none") * w).sum()

    compute: Callable[..., Tensor] = chunk_loss
    if len(hidden) > CHUNK:
        compute = lambda *parts: checkpoint(chunk_loss, *parts, use_reentrant=False)  # noqa: E731  # pyright: ignore
    parts = zip(hidden.split(CHUNK), targets.split(CHUNK), weight.split(CHUNK), strict=True)
    return torch.stack([compute(*part) for part in parts]).sum() / weight.sum()


def losses(net: Network, batch: Batch, self_condition: bool) -> tuple[Tensor, Tensor]:
    """Causal loss [] per token of the prompts, and hole loss [] per (weighted) token of the canvases, in nats."""
    hidden, kv = net.encode(batch.prompt)
    targets, weight = batch.prompt[:, 1:].flatten(), batch.prompt_weight[:, 1:].flatten()
    kept = weight > 0
    causal = cross_entropy(net, hidden[:, :-1].flatten(0, 1)[kept], targets[kept], weight[kept])
    mask, positions = batch.mask, batch.position_ids
    soft = torch.zeros(*batch.noisy.shape, net.config.hidden_size, device=hidden.device, dtype=hidden.dtype)
    if self_condition:
        soft = conditioning(net, batch, kv, mask, positions)
    out = net.decode(batch.noisy, positions, kv, mask, soft)
    return causal, cross_entropy(net, out[batch.hole], batch.clean[batch.hole], batch.weight[batch.hole])


@torch.no_grad()
def conditioning(
    net: Network, batch: Batch, kv: list[tuple[Tensor, Tensor]], mask: Tensor, positions: Tensor
) -> Tensor:
    """Soft embeddings [B, K*C, dim] expected under a first pass; the clamped positions are known.

    `kv` holds each layer's keys and values [B, kv heads, N, head_dim]; `mask` and `positions` are the batch's.
    """
    constant = [(k.detach(), v.detach()) for k, v in kv]
    soft = net.embed(batch.clean).to(constant[0][0].dtype)
    first = net.decode(batch.noisy, positions, constant, mask, torch.zeros_like(soft))[batch.hole]
    believed = [net.soft_embeddings(net.logits(h)) for h in first.split(CHUNK)]
    soft[batch.hole] = torch.cat(believed).to(soft.dtype)
    return soft


@torch.no_grad()
def evaluate(net: Network, held_out: list[Batch]) -> tuple[float, float]:
    """Mean losses over fixed batches of held-out code."""
    pairs = [losses(net, b, True) for b in held_out]
    return float(np.mean([a.item() for a, _ in pairs])), float(np.mean([b.item() for _, b in pairs]))
