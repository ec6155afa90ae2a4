"""What a training run keeps of itself: the adapter, the optimizer's memory and how far it is."""

from __future__ import annotations

from pathlib import Path
from pickle import UnpicklingError

import torch
from torch.optim import AdamW

from model.train.canvas.adapter import Adapter
from model.types import CheckpointError

RATE = 5e-4
WARM_UP = 40  # steps, after every start


class Run:
    """A run's parameters with their optimizer."""

    def __init__(self, adapter: Adapter, rate: float = RATE) -> None:
        self.adapter, self.rate = adapter, rate
        self.optimizer = AdamW(adapter.trained(), lr=rate, betas=(0.9, 0.98), weight_decay=0.0)
        self.step = self.n_blocks = 0
        self.minutes = 0.0

    def learn(self, loss: torch.Tensor, share: float) -> None:
        """One step from a loss [] at a share (0..1) of the rate."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate * share
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.adapter.trained(), 1.0)
        self.optimizer.step()
        self.step += 1

    def save(self, path: Path) -> None:
        """Write all of it; whole or not at all."""
        beside = path.with_suffix(".part")
        values = {
            "step": self.step,
            "n_blocks": self.n_blocks,
            "minutes": self.minutes,
            "params": [p.detach() for p in self.adapter.trained()],
            "optimizer": self.optimizer.state_dict(),
        }
        torch.save(values, beside)
        beside.replace(path)

    def load(self, path: Path) -> None:
        """Go on from a file; raises `CheckpointError`."""
        try:
            values = torch.load(path, map_location="cpu", weights_only=True)
            for p, kept in zip(self.adapter.trained(), values["params"], strict=True):
                p.data.copy_(kept)
            self.optimizer.load_state_dict(values["optimizer"])
            self.step, self.n_blocks, self.minutes = values["step"], values["n_blocks"], values["minutes"]
        except (OSError, KeyError, ValueError, RuntimeError, UnpicklingError) as error:
            reason = str(error).splitlines()[0]
            raise CheckpointError(f"{path}: cannot be gone on from ({reason}); delete it to begin anew") from None
