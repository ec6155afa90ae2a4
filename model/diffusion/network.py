"""What the engine asks of a network, whichever runtime computes it. Arrays are numpy, on the host.

Shapes: B canvases, V ids; a continuation has n tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from model.diffusion.denoise import Decoder
from model.diffusion.noise import Noise
from model.diffusion.sampler import Flags, Floats
from model.types import CancelToken, Canvas


class ScoredTokens(NamedTuple):
    """Log-probability (nats) of each token of a continuation, and the entropy of what it was drawn from."""

    log_probs: Floats  # [n]
    entropies: Floats  # [n]


class LeftToRight(Protocol):
    """The causal encoder writing on after the kept prompt, one token at a time."""

    def best(self, allowed: Flags | None) -> tuple[int, float]:
        """The most probable next id, among those `allowed` [V], and its log-probability among all."""
        ...

    def push(self, token_id: int) -> None:
        """Append an id."""
        ...


class Network(Protocol):
    """One diffusion model on one device, with the keys and values of the last prompt kept."""

    vocab_size: int
    pad_id: int | None  # where the checkpoint states one
    n_parameters: int
    device: str
    dtype: str

    def prefill(self, prompt_ids: Sequence[int]) -> None:
        """Make `prompt_ids` the kept prompt; what it shares with the last one is not encoded again."""
        ...

    def noise(self, canvas: Canvas) -> Noise:
        """What the network was trained to find in the free positions of such a canvas."""
        ...

    def decoder(self, canvases: Sequence[Canvas], barred: Flags) -> Decoder:
        """A decoder of `canvases` over the kept prompt; `barred` [B, V] marks ids a row may not predict."""
        ...

    def left_to_right(self) -> LeftToRight:
        """A left-to-right reading that starts after the kept prompt."""
        ...

    def score_continuations(self, continuations: Sequence[Sequence[int]]) -> list[ScoredTokens]:
        """What the causal encoder thinks of each non-empty continuation of the kept prompt."""
        ...

    def interrupted_by(self, cancel: CancelToken) -> AbstractContextManager[None]:
        """A block of calls that `cancel` ends from another thread, early and without an error.

        A pass on its way ends there too where the runtime can end one. What was kept before is kept still.
        """
        ...


def common_prefix(kept: Sequence[int], ids: Sequence[int]) -> int:
    """How many leading ids are the same."""
    n = 0
    for a, b in zip(kept, ids, strict=False):
        if a != b:
            break
        n += 1
    return n
