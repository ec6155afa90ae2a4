"""Canvases filled from left to right: what is clamped is read, each run of free positions is written in its turn.

A stand-in for denoising that needs no training: every run sees all before it, and of what follows only what the prompt
has. A run ends where the model would go on with the clamped text behind it, and at its length at the latest.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from model.causal.network import CausalNetwork
from model.causal.reading import ROOT
from model.diffusion.sampler import Floats
from model.types import CancelToken, Canvas, Fill, Tokenizer

TEMPERATURE = 0.6  # of all canvases but the first, which takes what is most probable


class Writer:
    """Fills one canvas over the prompt in use."""

    def __init__(self, network: CausalNetwork, tokenizer: Tokenizer, cancel: CancelToken) -> None:
        self._network, self._tokenizer, self._cancel = network, tokenizer, cancel

    def fill(self, canvas: Canvas, seed: int, greedy: bool) -> Fill:
        """The canvas's free positions, a run that ends early with pads behind it; nothing when cancelled."""
        self._random = None if greedy else np.random.default_rng(seed)
        self._reading, self._node = self._network.reading(), ROOT
        runs = [(free, list(run)) for free, run in groupby(range(len(canvas.canvas_ids)), canvas.hole_mask.__getitem__)]
        ids: list[int] = []
        entropies: list[float] = []
        for i, (free, positions) in enumerate(runs):
            if self._cancel.cancelled:
                return Fill((), (), 0, "cancelled")
            clamped = [canvas.canvas_ids[at] for at in runs[i + 1][1]] if i + 1 < len(runs) else []
            if not free:
                if i + 1 < len(runs):  # what stands behind the last hole need not be read
                    self._push([canvas.canvas_ids[at] for at in positions])
                continue
            written = self._write(len(positions), clamped)
            n_pads = len(positions) - len(written)
            ids += [token_id for token_id, _ in written] + [self._tokenizer.pad_id] * n_pads
            entropies += [entropy for _, entropy in written] + [0.0] * n_pads
        while ids and ids[-1] == self._tokenizer.pad_id:
            ids.pop()
        return Fill(tuple(ids), tuple(entropies[: len(ids)]), 1, "converged")

    def _write(self, most: int, clamped: Sequence[int]) -> list[tuple[int, float]]:
        """At most so many ids with their entropies (nats), up to where the `clamped` ids go on."""
        written: list[tuple[int, float]] = []
        line_ends = bool(clamped) and self._tokenizer.decode(clamped[:1]).startswith("\n")
        while len(written) < most and not self._cancel.cancelled:
            log_probs = self._reading.log_probs([self._node])[0]  # [W]
            token_id = int(self._network.written.ids[self._slot(log_probs)])
            if token_id in self._tokenizer.special_ids or (clamped and token_id == clamped[0]):
                break
            if line_ends and self._tokenizer.decode([token_id]).startswith("\n"):
                break
            written.append((token_id, -float(np.exp(log_probs) @ log_probs)))
            self._push([token_id])
        return written

    def _slot(self, log_probs: Floats) -> int:
        """Where the next id is in the scores [W]."""
        if self._random is None:
            return int(log_probs.argmax())
        weights = np.exp((log_probs - log_probs.max()) / TEMPERATURE)
        return int(self._random.choice(len(weights), p=weights / weights.sum()))

    def _push(self, ids: Sequence[int]) -> None:
        """Read ids behind what was read, in one pass."""
        if ids:
            start = len(self._reading.ids)
            parents = [self._node, *range(start, start + len(ids) - 1)]
            self._node = self._reading.extend(ids, parents)[-1]
