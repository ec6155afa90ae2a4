"""Muon for matrices, AdamW for everything else.

Muon (K. Jordan and others, 2024) steps along the orthogonalised momentum. torch's own Muon works in
bfloat16 whatever the device, which is a hundred times slower than float32 on a processor without
bfloat16 arithmetic; hence this one, which takes the type from the parameters on a CPU.
"""

from __future__ import annotations

from collections import defaultdict

import torch
from torch import Tensor, nn


def orthogonalise(batch: Tensor, n_steps: int = 5) -> Tensor:
    """Nearest semi-orthogonal matrices of a batch [n, rows, columns], by a quintic Newton-Schulz iteration."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = batch if batch.device.type == "cpu" else batch.bfloat16()
    tall = x.shape[1] > x.shape[2]
    x = x.mT if tall else x
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(n_steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.mT if tall else x).to(batch.dtype)


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised, scaled so that steps are comparable across shapes."""

    def __init__(self, params: list[nn.Parameter], lr: float, momentum: float = 0.95, weight_decay: float = 0.05):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[nn.Parameter]] = defaultdict(list)
            for p in group["params"]:
                if p.grad is not None:
                    by_shape[p.shape].append(p)
            for shape, params in by_shape.items():
                updates = torch.stack([self._momentum(p, group["momentum"]) for p in params])
                scale = group["lr"] * max(1.0, shape[0] / shape[1]) ** 0.5
                for p, update in zip(params, orthogonalise(updates), strict=True):
                    p.mul_(1 - group["lr"] * group["weight_decay"]).add_(update, alpha=-scale)

    def _momentum(self, p: nn.Parameter, momentum: float) -> Tensor:
        """Where the gradient of a matrix [rows, columns] goes, by Nesterov's momentum: the same shape."""
        state = self.state[p]
        buffer = state.setdefault("momentum", torch.zeros_like(p))
        buffer.lerp_(p.grad, 1 - momentum)  # type: ignore[arg-type]
        return torch.lerp(p.grad, buffer, momentum)  # type: ignore[arg-type]


def optimizers(model: nn.Module, muon_lr: float, adamw_lr: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the blocks, AdamW for the embedding and the norms."""
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    embeddings = [p for n, p in model.named_parameters() if "embed" in n]
    scales = [p for n, p in model.named_parameters() if p.ndim == 1]
    groups = [
        {"params": embeddings, "weight_decay": 0.01},
        {"params": scales, "weight_decay": 0.0, "lr": adamw_lr / 3},
    ]
    return [Muon(matrices, muon_lr), torch.optim.AdamW(groups, lr=adamw_lr, betas=(0.9, 0.98), eps=1e-10)]
