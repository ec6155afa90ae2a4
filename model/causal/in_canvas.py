"""Canvases filled from left to right: what is clamped is read, each run of free positions is written in its turn.

A stand-in for denoising that needs no training: every run sees all before it, and of what follows only what the prompt
has. A run ends where the model would go on with the clamped text behind it, and at its length at the latest. Canvases
are filled side by side, a token of each in a pass, which costs little more than one of them alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

import numpy as np

from model.causal.network import CausalNetwork
from model.causal.reading import ROOT
from model.diffusion.sampler import Floats, Ids
from model.types import CancelToken, Canvas, Fill, Tokenizer

TEMPERATURE = 0.6  # of all canvases but the first, which takes what is most probable
# What ends a line, a string or a comment: the model may write it as the end of a longer token.
_CLOSING = re.compile(r"\n|\"\"\"|'''|[ \n]*\*/")


def fill_canvases(
    network: CausalNetwork, tokenizer: Tokenizer, canvases: Sequence[Canvas], seed: int, cancel: CancelToken
) -> list[Fill]:
    """Fill all canvases over the prompt in use, the first with what is most probable, the others by chance.

    Cancelled, those that are not whole are empty.
    """
    reading, texts = network.reading(), tokenizer
    rows = [Row(c, texts, None if not i else np.random.default_rng(seed + i)) for i, c in enumerate(canvases)]
    while not cancel.cancelled and (going := [row for row in rows if not row.done]):
        writing = [row for row in going if not row.owed]
        if writing:
            scores = reading.log_probs([row.node for row in writing])  # [M, W]
            for row, log_probs in zip(writing, scores, strict=True):
                row.write(network.written.ids, log_probs)
        pushing = [row for row in going if row.owed]
        ids: list[int] = []
        parents: list[int] = []
        for row in pushing:
            start = len(reading.ids) + len(ids)
            ids += row.owed
            parents += [row.node, *range(start, start + len(row.owed) - 1)]
            row.node, row.owed = start + len(row.owed) - 1, []
        reading.extend(ids, parents)
    return [row.fill() for row in rows]


class Row:
    """One canvas on its way. `owed` are the ids that are to be read next, behind the `node` that was read last."""

    def __init__(self, canvas: Canvas, tokenizer: Tokenizer, random: np.random.Generator | None) -> None:
        self._ids, self._tokenizer, self._random = canvas.canvas_ids, tokenizer, random
        self._runs = [
            (free, list(run)) for free, run in groupby(range(len(canvas.canvas_ids)), canvas.hole_mask.__getitem__)
        ]
        self.node, self.owed, self.done = ROOT, list[int](), False
        self._at = -1  # the run that is written
        self._written: list[int] = []  # of the run
        self._all: list[int] = []
        self._entropies: list[float] = []
        self._next_run()

    def write(self, written_ids: Ids, log_probs: Floats) -> None:
        """Take the next id by the log-probabilities [W] of the ids [W]; it may end the run."""
        token_id = int(written_ids[self._slot(log_probs)])
        if token_id in self._tokenizer.special_ids or [token_id] == self._following[:1]:
            return self._end_run()
        entropy = -float(np.exp(log_probs) @ log_probs)
        rest = self._before_closing(token_id)
        if rest is not None:
            for i in rest:
                self._take(i, entropy)
            return self._end_run()
        self._take(token_id, entropy)
        if len(self._written) >= len(self._runs[self._at][1]):
            self._end_run()
        return None

    def fill(self) -> Fill:
        """What was written, a run that ended early with pads behind it."""
        if not self.done:
            return Fill((), (), 0, "cancelled")
        ids, pad = list(self._all), self._tokenizer.pad_id
        while ids and ids[-1] == pad:
            ids.pop()
        return Fill(tuple(ids), tuple(self._entropies[: len(ids)]), 1, "converged")

    def _take(self, token_id: int, entropy: float) -> None:
        if len(self._written) < len(self._runs[self._at][1]):
            self._written.append(token_id)
            self._all.append(token_id)
            self._entropies.append(entropy)
            self.owed.append(token_id)

    def _end_run(self) -> None:
        n_pads = len(self._runs[self._at][1]) - len(self._written)
        self._all += [self._tokenizer.pad_id] * n_pads
        self._entropies += [0.0] * n_pads
        self._next_run()

    def _next_run(self) -> None:
        """Go to the next run of free positions; what is clamped before it is to be read first."""
        self._written = []
        while (at := self._at + 1) < len(self._runs):
            self._at = at
            free, positions = self._runs[at]
            if free:
                following = self._runs[at + 1][1] if at + 1 < len(self._runs) else []
                self._following = [self._ids[i] for i in following]
                closing = _CLOSING.match(self._tokenizer.decode(self._following[:4]))
                self._closing = closing[0] if closing else ""
                return
            if at + 1 < len(self._runs):  # what stands behind the last hole need not be read
                self.owed += [self._ids[i] for i in positions]
        self.owed, self.done = [], True

    def _before_closing(self, token_id: int) -> list[int] | None:
        """The ids of what a token has before the closing text that follows the run; None where it has none in it."""
        if not self._closing:
            return None
        before = self._tokenizer.decode(self._written[-2:])
        text = self._tokenizer.decode([*self._written[-2:], token_id])
        at = text.find(self._closing, max(0, len(before) - len(self._closing) + 1))
        if at < 0:
            return None
        return self._tokenizer.encode(text[len(before) : at]) if at > len(before) else []

    def _slot(self, log_probs: Floats) -> int:
        """Where the next id is in the scores [W]."""
        if self._random is None:
            return int(log_probs.argmax())
        weights = np.exp((log_probs - log_probs.max()) / TEMPERATURE)
        return int(self._random.choice(len(weights), p=weights / weights.sum()))
