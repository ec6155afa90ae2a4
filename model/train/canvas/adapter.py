"""The adapter: what a canvas row adds to each product of the base, and what stands for a mask.

Low-rank weights as of LoRA (Hu and others 2021), switched on and off by row: rows of known text are the base's own, so
one set of weights serves both kinds in one pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import Qwen2Model

from model.causal.torch_canvas import SHARES as PRODUCTS  # of a layer, by the names of the file
from model.types import CheckpointError

MASK = "mask"


class Gate:
    """Whether the rows of the pass at hand are canvas rows."""

    def __init__(self) -> None:
        self.open = False

    @contextmanager
    def opened(self) -> Iterator[None]:
        """A block of passes over canvas rows."""
        self.open = True
        try:
            yield
        finally:
            self.open = False


class AdaptedLinear(nn.Module):
    """A product of the base, to which canvas rows add `b(a(x))`."""

    def __init__(self, base: nn.Linear, rank: int, gate: Gate) -> None:
        super().__init__()
        self.base, self._gate = base, gate
        device = base.weight.device
        self.a = nn.Parameter(torch.randn(rank, base.in_features, device=device) / base.in_features**0.5)
        self.b = nn.Parameter(torch.zeros(base.out_features, rank, device=device))

    def forward(self, x: Tensor) -> Tensor:
        """The product of rows [..., inputs]; returns [..., outputs]."""
        y = self.base(x)
        if self._gate.open:
            y = y + nn.functional.linear(nn.functional.linear(x, self.a.to(x.dtype)), self.b.to(x.dtype))
        return y


class Adapter(nn.Module):
    """All that is trained: the parts of every product, and the vector of a masked position [dim]."""

    def __init__(self, model: Qwen2Model, rank: int) -> None:
        """Put the parts into the base's layers, which do not change otherwise; nothing is added as long as b is 0."""
        super().__init__()
        self.gate, self.rank = Gate(), rank
        self.parts = nn.ModuleDict()
        for i, layer in enumerate(model.layers):
            for short, name in PRODUCTS.items():
                base = layer.get_submodule(name)
                assert isinstance(base, nn.Linear)
                part = AdaptedLinear(base, rank, self.gate)
                layer.set_submodule(name, part)
                self.parts[f"{i}-{short}"] = part
        self.mask = nn.Parameter(model.embed_tokens.weight.float().mean(0))

    def trained(self) -> list[nn.Parameter]:
        """The parameters that learn, in the order of the file."""
        return [p for part in self._parts() for p in (part.a, part.b)] + [self.mask]

    def save(self, path: Path, **notes: str) -> None:
        """Write a file in bfloat16, with `notes` in its header; whole or not at all."""
        tensors = {name: p.detach().to("cpu", torch.bfloat16).contiguous() for name, p in self._named()}
        beside = path.with_suffix(".part")
        save_file(tensors, beside, {"format": "pt", "rank": str(self.rank), **notes})
        beside.replace(path)

    def load(self, path: Path) -> dict[str, str]:
        """Take a file's weights and return its notes; raises `CheckpointError` for one of other sizes."""
        try:
            with safe_open(path, "pt") as file:
                notes: dict[str, str] = file.metadata() or {}
                for name, p in self._named():
                    p.data.copy_(file.get_tensor(name))
        except (OSError, SafetensorError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise CheckpointError(
                f"{path}: is no adapter of rank {self.rank} for this base ({reason}); name another with --start"
            ) from None
        return notes

    def _parts(self) -> Iterator[AdaptedLinear]:
        for part in self.parts.values():
            assert isinstance(part, AdaptedLinear)
            yield part

    def _named(self) -> Iterator[tuple[str, nn.Parameter]]:
        for key, part in zip(self.parts, self._parts(), strict=True):
            layer, _, short = key.partition("-")
            yield f"layers.{layer}.{short}.a", part.a
            yield f"layers.{layer}.{short}.b", part.b
        yield MASK, self.mask


def rank_of(path: Path) -> int:
    """The rank of a file's adapter; raises `CheckpointError`."""
    try:
        with safe_open(path, "pt") as file:
            return int(file.get_slice("layers.0.q.a").get_shape()[0])
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path}: is no adapter ({str(error).splitlines()[0]})") from None
