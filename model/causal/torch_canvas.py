"""The canvas adapter in the library's class: every product of the base with what canvas rows add to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from transformers import Qwen2Model

from model.causal.adapter import HIDDEN, Adapter, low

SHARES = {
    "q": "self_attn.q_proj",
    "k": "self_attn.k_proj",
    "v": "self_attn.v_proj",
    "o": "self_attn.o_proj",
    "g": "mlp.gate_proj",
    "u": "mlp.up_proj",
    "d": "mlp.down_proj",
}


class Canvas:
    """How many of the rows of the pass at hand, the last ones, are canvas rows; and the vector of a mask [dim]."""

    def __init__(self, mask: Tensor) -> None:
        self.n, self._mask = 0, mask

    @contextmanager
    def rows(self, n: int) -> Iterator[None]:
        """A block of passes with `n` canvas rows."""
        self.n = n
        try:
            yield
        finally:
            self.n = 0

    def embed(self, model: Qwen2Model, ids: Tensor) -> Tensor:
        """The rows [T, dim] of `ids` [T], masks among them."""
        found = model.embed_tokens(ids.clamp(min=0))
        return torch.where((ids == HIDDEN)[:, None], self._mask, found) if self.n else found


class AdaptedLinear(nn.Module):
    """A product of the base; canvas rows add a product of low rank."""

    def __init__(self, base: nn.Linear, matrices: tuple[Tensor, Tensor], canvas: Canvas) -> None:
        """`matrices` are [inputs, rank] and [rank, outputs]."""
        super().__init__()
        self.base, self._canvas = base, canvas
        self._low, self._high = matrices

    def forward(self, x: Tensor) -> Tensor:
        """The product of rows [1, T, inputs]; returns [1, T, outputs]."""
        y = self.base(x)
        if n := self._canvas.n:
            y[0, -n:].addmm_(x[0, -n:] @ self._low, self._high)
        return y


def adapt(model: Qwen2Model, adapter: Adapter) -> Canvas:
    """Put the adapter into the class's layers; what it returns says which rows it is for."""
    weight = model.embed_tokens.weight

    def there(values: object) -> Tensor:  # [...], as given
        return torch.as_tensor(values).to(weight.device, weight.dtype)

    canvas = Canvas(there(adapter.mask))
    for i, layer in enumerate(model.layers):
        for share, name in SHARES.items():
            part, base = adapter.parts[i, share], layer.get_submodule(name)
            assert isinstance(base, nn.Linear)
            layer.set_submodule(name, AdaptedLinear(base, (there(low(part)), there(part.high)), canvas))
    return canvas
