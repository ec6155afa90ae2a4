"""What computes a causal model's passes: ONNX Runtime on the CPU, or torch on another device.

Shapes: T rows of a pass over N that are kept, W ids that the head covers, M rows whose scores are wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol, Self

from model.causal.config import CausalConfig
from model.diffusion.sampler import Flags, Floats, Ids
from model.types import CancelToken


class Kept(Protocol):
    """The keys and values of N tokens, wherever they are."""

    @property
    def n(self) -> int:
        """N."""
        ...

    @property
    def n_bytes(self) -> int:
        """Memory that they take."""
        ...

    def cut(self, n: int) -> None:
        """Forget all tokens but the first `n`."""
        ...

    def keep(self, n: int, rows: Ids) -> None:
        """Keep the first `n` tokens and behind them those at `rows` [m], which come after and in order."""
        ...

    def copy(self, n: int) -> Self:
        """The first `n` tokens, apart."""
        ...


class Runtime(Protocol):
    """The weights of a converted folder where they are multiplied."""

    config: CausalConfig
    device: str
    dtype: str
    head_ids: Ids  # [W]

    @property
    def has_canvas(self) -> bool:
        """Whether a pass may have canvas rows."""
        ...

    def embed(self, ids: Sequence[int] | Ids) -> Floats:
        """The rows [T, dim] of the embedding."""
        ...

    def nothing_kept(self) -> Kept:
        """Keys and values of no tokens."""
        ...

    def forward(
        self, ids: Sequence[int] | Ids, positions: Ids, visible: Flags, past: Kept, n_canvas: int = 0
    ) -> Floats:
        """Hidden states [T, dim] of `ids` [T] at `positions` [T], whose keys and values are added to `past`.

        `visible` [T, N + T] says which of the N rows of `past` and of the T new ones each row sees. The last `n_canvas`
        rows are of a canvas, where `HIDDEN` is a mask's id; their keys and values are not added.
        """
        ...

    def scores(self, hidden: Floats) -> Floats:
        """Scores [M, W] of the head's ids after rows of hidden states [M, dim]."""
        ...

    def interrupted_by(self, cancel: CancelToken) -> AbstractContextManager[None]:
        """A block of calls that `cancel` ends from another thread, without an error; finished passes are kept."""
        ...
