"""One denoising step as pure functions over tensors; `denoise.py` strings them together.

The method is DiffusionGemma's: uniform random tokens as noise, acceptance under an entropy bound
(Ben-Hamu and others 2025, arXiv 2505.24857), renoising of the rest. What is ours: everything is computed
for the free positions of the holes only, so clamped ones can neither change nor count, and draws come
from one generator per row, so that no row depends on its company.

Shapes: B canvases of C positions, V ids, F free positions of the whole batch in row order.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from model.config import SamplerConfig


def noise_like(n_free: Sequence[int], vocab_size: int, generators: Sequence[torch.Generator]) -> Tensor:
    """Uniform random ids [F]; row i has `n_free[i]` of them, from generator i."""
    device = generators[0].device
    drawn = [
        torch.randint(0, vocab_size, (n,), generator=g, device=device) for n, g in zip(n_free, generators, strict=True)
    ]
    return torch.cat(drawn)


def temperature(config: SamplerConfig, steps_left: int, max_steps: int) -> float:
    """Linear schedule from t_max (all steps left) down to t_min; float32 as in the reference."""
    share = torch.tensor(steps_left, dtype=torch.int32) / max_steps
    return float(config.t_min + (config.t_max - config.t_min) * share)


def one_hot_logits(canvas: Tensor, vocab_size: int) -> Tensor:
    """Logits [B, C, V] that are certain of every token of `canvas`: how self-conditioning sees the clamped."""
    logits = torch.full((*canvas.shape, vocab_size), -torch.inf, device=canvas.device)
    return logits.scatter_(-1, canvas[..., None], 0.0)


def token_entropies(log_probs: Tensor) -> Tensor:
    """Entropy [F] in nats of each distribution of `log_probs` [F, V]; barred ids are -inf there."""
    return -(log_probs.exp() * log_probs.clamp(min=torch.finfo(log_probs.dtype).min)).sum(-1)


def sample(probs: Tensor, n_free: Sequence[int], generators: Sequence[torch.Generator]) -> Tensor:
    """One id [F] from each distribution of `probs` [F, V], row i's drawn with generator i."""
    segments = probs.split(list(n_free))
    drawn = [torch.multinomial(p, 1, generator=g)[:, 0] for p, g in zip(segments, generators, strict=True) if len(p)]
    return torch.cat(drawn)


def accepted_mask(entropies: Tensor, n_free: Sequence[int], entropy_bound: float) -> Tensor:
    """Positions [F] to accept: in each row the surest, while their joint uncertainty is under the bound.

    Accepting k tokens of sorted entropies H_1..H_k costs at most H_1 + ... + H_(k-1).
    """
    masks: list[Tensor] = []
    for row in entropies.split(list(n_free)):
        ordered, idx = row.sort()
        within = ordered.cumsum(0) - ordered <= entropy_bound
        masks.append(torch.zeros_like(within).scatter(0, idx, within))
    return torch.cat(masks)


def settled(
    draft: Tensor, history: Sequence[Tensor], entropies: Tensor, n_free: Sequence[int], config: SamplerConfig
) -> Tensor:
    """Rows [B] whose draft [F] equals the last `stability_threshold` ones and which are sure of it."""
    sizes = list(n_free)
    confident = torch.stack([e.sum() / max(1, len(e)) < config.confidence_threshold for e in entropies.split(sizes)])
    if len(history) < config.stability_threshold:
        return torch.zeros_like(confident)
    same = torch.ones_like(draft, dtype=torch.bool)
    for old in history[len(history) - config.stability_threshold :]:
        same &= draft == old
    return torch.stack([row.all() for row in same.split(sizes)]) & confident
