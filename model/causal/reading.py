"""What follows a kept prompt: a tree of rows that grows pass by pass, of which one path may be kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from model.causal.runtime import Kept
from model.diffusion.sampler import Flags, Floats, Ids

ROOT = -1  # the prompt's last token, as a parent


class Prompt:
    """A text that was read."""

    def __init__(self, key_values: Kept) -> None:
        self.ids: list[int] = []
        self.key_values = key_values  # of its tokens, and behind them of what is read on
        self.last_hidden: Floats | None = None  # [dim] of its last token, unless it was cut

    def cut(self, n: int) -> None:
        """Forget all but the first `n` tokens."""
        if n < len(self.ids):
            del self.ids[n:]
            self.last_hidden = None
        self.key_values.cut(n)


class Passes(Protocol):
    """What computes."""

    def forward(self, ids: Sequence[int] | Ids, positions: Ids, visible: Flags, past: Kept) -> Floats:
        """Hidden states [T, dim] of `ids` [T] at `positions` [T], whose keys and values are added to `past`.

        `visible` [T, N + T] says which of the N rows of `past` and of the T new ones each row sees.
        """
        ...

    def log_probs(self, hidden: Floats) -> Floats:
        """Log-probabilities [M, W] (nats) of the written ids after rows of hidden states [M, dim]."""
        ...


class Reading:
    """A tree over the prompt in use. Nodes are numbered in the order in which they were added."""

    def __init__(self, network: Passes, prompt: Prompt) -> None:
        self._network, self._prompt = network, prompt
        self._begin()

    def _begin(self) -> None:
        """A tree without nodes."""
        self._n_prompt = len(self._prompt.ids)
        assert self._prompt.last_hidden is not None, "a prompt must have been read"
        self._hidden: list[Floats] = [self._prompt.last_hidden]  # [dim] of the prompt's end, then of each node
        self.ids: list[int] = []
        self.parents: list[int] = []
        self._depths: list[int] = []
        self._seen: Flags = np.zeros((0, 0), np.bool_)  # [nodes, nodes], the way to each

    def extend(self, ids: Sequence[int], parents: Sequence[int]) -> list[int]:
        """Add nodes in one pass, each after its parent: a node, new or old, or `ROOT`; their numbers.

        An interrupted pass adds nothing.
        """
        if not ids:
            return []
        start, end = len(self.ids), len(self.ids) + len(ids)
        depths = list(self._depths)
        seen = np.zeros((end, end), np.bool_)
        seen[:start, :start] = self._seen
        for node, parent in enumerate(parents, start):
            if parent != ROOT:
                seen[node] = seen[parent]
            seen[node, node] = True
            depths.append(0 if parent == ROOT else depths[parent] + 1)
        visible = np.concatenate((np.ones((len(ids), self._n_prompt), np.bool_), seen[start:]), axis=1)
        positions = self._n_prompt + np.array(depths[start:])
        hidden = self._network.forward(ids, positions, visible, self._prompt.key_values)
        self.ids += ids
        self.parents += parents
        self._depths, self._seen = depths, seen
        self._hidden += list(hidden)
        return list(range(start, end))

    def log_probs(self, nodes: Sequence[int]) -> Floats:
        """Log-probabilities [M, W] of what follows each of M nodes, or `ROOT`; ids as in `network.written`."""
        return self._network.log_probs(np.stack([self._hidden[node + 1] for node in nodes]))

    def path(self, node: int) -> list[int]:
        """The nodes from the root to `node`."""
        return np.flatnonzero(self._seen[node]).tolist() if node != ROOT else []

    def keep(self, node: int) -> None:
        """Drop all nodes but those on the way to `node`, which are numbered anew from 0."""
        path = self.path(node)
        rows: Ids = self._n_prompt + np.array(path, np.int64)
        self._prompt.key_values.keep(self._n_prompt, rows)
        self._hidden = [self._hidden[0], *(self._hidden[i + 1] for i in path)]
        self.ids = [self.ids[i] for i in path]
        self.parents = list(range(-1, len(path) - 1))
        self._depths = list(range(len(path)))
        self._seen = np.tri(len(path), dtype=np.bool_)

    def accept(self, node: int) -> None:
        """Make the way to `node` the end of the kept prompt, and begin anew after it."""
        self.keep(node)
        self._prompt.ids += self.ids
        self._prompt.last_hidden = self._hidden[-1]
        self._begin()
