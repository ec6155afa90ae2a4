"""What follows a kept prompt: a tree of rows that grows pass by pass, of which one path may be kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from model.causal.adapter import HIDDEN
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

    def forward(
        self, ids: Sequence[int] | Ids, positions: Ids, visible: Flags, past: Kept, n_canvas: int = 0
    ) -> Floats:
        """Hidden states [T, dim] of `ids` [T] at `positions` [T], the last `n_canvas` of a canvas; see `Runtime`."""
        ...

    def scored(self, hidden: Floats, n_canvas: int = 0) -> tuple[Floats, Ids]:
        """What follows rows of hidden states [M, dim], the last `n_canvas` of them of a canvas.

        Log-probabilities [M - n_canvas, W] (nats) of the written ids; of canvas rows the likeliest id [n_canvas].
        """
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
        self.canvas: dict[int, Floats] = {}  # [masks, dim] by the node that they stood behind, of the last pass

    def extend(
        self, ids: Sequence[int], parents: Sequence[int], behind: Sequence[int] = (), n_masks: int = 0
    ) -> list[int]:
        """Add nodes in one pass, each after its parent: a node, new or old, or `ROOT`; their numbers.

        In the same pass, `n_masks` masks are read behind each node of `behind`, new or old; `canvas` has what became of
        them. An interrupted pass adds nothing.
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
        n_canvas = n_masks * len(behind)
        if n_canvas:
            visible = with_canvas(visible, seen[list(behind)], n_masks)
            after = np.array([depths[node] for node in behind])[:, None] + 1 + np.arange(n_masks)
            positions = np.concatenate((positions, self._n_prompt + after.ravel()))
        rows = [*ids, *[HIDDEN] * n_canvas]
        hidden = self._network.forward(rows, positions, visible, self._prompt.key_values, n_canvas)
        self.ids += ids
        self.parents += parents
        self._depths, self._seen = depths, seen
        self._hidden += list(hidden[: len(ids)])
        self.canvas = dict(zip(behind, hidden[len(ids) :].reshape(len(behind), n_masks, hidden.shape[1]), strict=True))
        return list(range(start, end))

    def log_probs(self, nodes: Sequence[int]) -> Floats:
        """Log-probabilities [M, W] of what follows each of M nodes, or `ROOT`; ids as in `network.written`."""
        return self._network.scored(np.stack([self._hidden[node + 1] for node in nodes]))[0]

    def scored(self, nodes: Sequence[int]) -> tuple[Floats, dict[int, list[int]]]:
        """The same [M, W], and what the masks say that stand behind some of the nodes: likeliest ids, by node.

        A mask's row says what follows it, so the first of them comes after the next token.
        """
        behind = [node for node in nodes if node in self.canvas]
        masks = [row for node in behind for row in self.canvas[node]]
        rows = [*(self._hidden[node + 1] for node in nodes), *masks]
        log_probs, best = self._network.scored(np.stack(rows), len(masks))
        return log_probs, dict(zip(behind, best.reshape(len(behind), -1).tolist(), strict=True)) if behind else {}

    def path(self, node: int) -> list[int]:
        """The nodes from the root to `node`."""
        return np.flatnonzero(self._seen[node]).tolist() if node != ROOT else []

    def keep(self, node: int) -> None:
        """Drop all nodes but those on the way to `node`, which are numbered anew from 0."""
        path = self.path(node)
        rows: Ids = self._n_prompt + np.array(path, np.int64)
        self._prompt.key_values.keep(self._n_prompt, rows)
        self.canvas = {}
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


def with_canvas(visible: Flags, ways: Flags, n_masks: int) -> Flags:
    """What rows see [T, N], and behind them the masks of G groups: the prompt, their own way and their own group.

    `ways` [G, nodes] are the nodes that each group sees; N is those of the prompt and all nodes.
    """
    n_rows, n_seen = visible.shape
    n_groups, n_nodes = ways.shape
    n = n_groups * n_masks
    every = np.zeros((n_rows + n, n_seen + n), np.bool_)
    every[:n_rows, :n_seen] = visible
    every[n_rows:, : n_seen - n_nodes] = True
    every[n_rows:, n_seen - n_nodes : n_seen] = np.repeat(ways, n_masks, 0)
    every[n_rows:, n_seen:] = np.kron(np.eye(n_groups, dtype=np.bool_), np.ones((n_masks, n_masks), np.bool_))
    return every
