"""A network that learns: its optimisers, its averaged weights, and the state of a run."""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec
import torch
from torch import Tensor

from model.train.batches import Batch
from model.train.losses import evaluate, losses
from model.train.network import Network, NetworkConfig
from model.train.optimizer import optimizers
from model.types import CheckpointError


class Training:
    """What learns, and how far it is."""

    def __init__(self, config: NetworkConfig, args: argparse.Namespace) -> None:
        self.net = Network(config)
        self.net.initialise(torch.Generator().manual_seed(args.seed))
        self.net.to(args.device)
        self.opts = optimizers(self.net, args.muon_lr, args.adamw_lr)
        self.base_lrs = [[g["lr"] for g in opt.param_groups] for opt in self.opts]
        self.averaged = {n: p.detach().clone() for n, p in self.net.named_parameters()}
        self.step = self.n_positions = 0
        self.minutes = 0.0

    def start(self, folder: Path) -> None:
        """Begin with a checkpoint's weights; raises `CheckpointError` where its shape is not the one asked for."""
        from model.train.checkpoint import network_from_folder  # brings onnx along

        net = network_from_folder(folder)
        if net.config != self.net.config:
            raise CheckpointError(f"{folder}: has {net.config}; --size asks for {self.net.config}")
        self.net.load_state_dict(net.state_dict())
        self.averaged = {n: p.detach().clone() for n, p in self.net.named_parameters()}

    def set_rate(self, rate: float) -> None:
        """Learning rates as a share of their highest."""
        for opt, lrs in zip(self.opts, self.base_lrs, strict=True):
            for group, lr in zip(opt.param_groups, lrs, strict=True):
                group["lr"] = lr * rate

    def learn(self, batch: Batch, self_condition: bool, ema: float) -> tuple[Tensor, Tensor]:
        """One step; the two losses [], still on the device."""
        device = batch.prompt.device.type
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            causal, hole = losses(self.net, batch, self_condition)
        (causal + hole).backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        for opt in self.opts:
            opt.step()
            opt.zero_grad(set_to_none=True)
        self.step += 1
        self.n_positions += batch.n_positions
        decay = min(ema, 1 - 1 / (self.step + 1))
        with torch.no_grad():
            for name, p in self.net.named_parameters():
                self.averaged[name].lerp_(p, 1 - decay)
        return causal.detach(), hole.detach()

    def check(self, held_out: list[Batch]) -> tuple[float, float]:
        """Held-out losses of the averaged weights."""
        raw = {n: p.detach().clone() for n, p in self.net.named_parameters()}
        self.net.load_state_dict(self.averaged)
        device = held_out[0].prompt.device.type
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            result = evaluate(self.net, held_out)
        self.net.load_state_dict(raw)
        return result

    def save(self, path: Path) -> None:
        """Everything `--resume` and `export.py` need, written whole or not at all."""
        part = path.with_suffix(".part")
        state = {"net": self.net.state_dict(), "averaged": self.averaged, "opts": [o.state_dict() for o in self.opts],
                 "step": self.step, "n_positions": self.n_positions, "minutes": self.minutes,
                 "config": msgspec.to_builtins(self.net.config)}  # fmt: skip
        torch.save(state, part)
        part.replace(path)

    def load(self, path: Path, device: str) -> None:
        """Go on from a saved state; one without optimisers (only weights were kept) starts them afresh."""
        saved = torch.load(path, weights_only=True, map_location=device)
        self.net.load_state_dict(saved["net"])
        self.averaged = {n: t.float() for n, t in saved["averaged"].items()}
        self.step, self.n_positions, self.minutes = saved["step"], saved["n_positions"], saved["minutes"]
        for opt, opt_state in zip(self.opts, saved.get("opts", []), strict="opts" in saved):
            opt.load_state_dict(opt_state)
