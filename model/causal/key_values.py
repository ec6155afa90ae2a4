"""The keys and values of one text, in buffers that grow at the end and can be cut anywhere.

Every head of every layer has its own stretch, so that the first n tokens of it are one piece of memory: a pass reads
them where they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from model.causal.config import CausalConfig
from model.causal.graph_files import past_names, present_names
from model.diffusion.sampler import Floats, Ids

GROWTH = 256  # tokens, at least, by which a buffer grows


class KeyValues:
    """Keys and values of N tokens."""

    def __init__(self, config: CausalConfig, capacity: int = GROWTH) -> None:
        n_layers, n_heads = config.num_hidden_layers, config.num_key_value_heads
        heads = [(layer, head) for layer in range(n_layers) for head in range(n_heads)]
        self._inputs = [past_names(*at) for at in heads]
        self._outputs = [present_names(*at) for at in heads]
        self.n = 0
        self._buffer: Floats = np.empty((2, len(heads), capacity, config.head_dim), np.float32)

    @property
    def n_bytes(self) -> int:
        """Memory that the buffers take."""
        return self._buffer.nbytes

    def inputs(self) -> dict[str, Floats]:
        """What a graph reads, by name, each [N, head dim]; views, valid until the next change."""
        found: dict[str, Floats] = {}
        for i, names in enumerate(self._inputs):
            for part, name in enumerate(names):
                found[name] = self._buffer[part, i, : self.n]
        return found

    def append(self, outputs: Mapping[str, Floats], n: int) -> None:
        """Add the first `n` of a pass's own keys and values, by name, each [T, head dim]."""
        start, end = self.n, self.n + n
        self._reserve(end)
        for i, names in enumerate(self._outputs):
            for part, name in enumerate(names):
                self._buffer[part, i, start:end] = outputs[name][:n]
        self.n = end

    def cut(self, n: int) -> None:
        """Forget all tokens but the first `n`."""
        self.n = min(self.n, n)

    def keep(self, n: int, rows: Ids) -> None:
        """Keep the first `n` tokens and behind them those at `rows` [m], which come after and in order."""
        end = n + len(rows)
        if len(rows) and rows[-1] >= end:
            self._buffer[:, :, n:end] = self._buffer[:, :, rows]
        self.n = end

    def copy(self, n: int) -> KeyValues:
        """The first `n` tokens, apart."""
        twin = KeyValues.__new__(KeyValues)
        twin._inputs, twin._outputs, twin.n = self._inputs, self._outputs, n
        twin._buffer = self._buffer[:, :, :n].copy()
        return twin

    def _reserve(self, n: int) -> None:
        """Make room for `n` tokens."""
        capacity = self._buffer.shape[2]
        if n <= capacity:
            return
        larger = np.empty((*self._buffer.shape[:2], max(n, capacity + GROWTH), self._buffer.shape[3]), np.float32)
        larger[:, :, : self.n] = self._buffer[:, :, : self.n]
        self._buffer = larger


def shared(a: Sequence[int], b: Sequence[int]) -> int:
    """How many ids two texts begin with together."""
    n = min(len(a), len(b))
    differ = np.flatnonzero(np.asarray(a[:n]) != np.asarray(b[:n]))
    return int(differ[0]) if len(differ) else n
