"""The denoising loop: one encoded prompt, a batch of canvases, a draft after every step.

Knows rows and their draws, refuses to know text, tensors and devices. `generate()` of the class is the
reference: without clamped positions and with the same draws this loop gives the same tokens
(tests/model/torch/test_parity.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from model.config import SamplerConfig
from model.diffusion.noise import Noise, RowState
from model.diffusion.sampler import Draws, Floats, Ids, StepOutput, temperature
from model.types import Budget, CancelToken, StopReason


class Decoder(Protocol):
    """A network that reads one batch of canvases over one prompt, again and again.

    Rows that have settled are left out of `live` and cost nothing. It remembers its last output: the
    next pass is conditioned on that.
    """

    def __call__(self, live: Sequence[int], free_ids: Ids, temperature: float, uniforms: Floats) -> StepOutput:
        """One pass over the rows `live`, whose free positions hold `free_ids` [F]; `uniforms` [F] pick the ids."""
        ...


@dataclass
class Row:
    """One canvas's free positions on their way from noise to a draft."""

    ids: Ids  # [n] what stands in the free positions now
    draws: Draws
    noise: Noise
    draft: Ids = field(init=False)  # [n] best guess
    entropies: Floats = field(init=False)  # [n] nats
    n_steps: int = 0
    settled: bool = False
    pruned: bool = False  # given up after the first step
    history: list[Ids] = field(default_factory=list)  # [n] each, the draft of every step

    def __post_init__(self) -> None:
        self.draft, self.entropies = self.ids, np.zeros(len(self.ids), dtype=np.float32)
        self.settled = len(self.ids) == 0

    def advance(self, output: StepOutput, config: SamplerConfig, steps_left: int) -> None:
        """Take the network's output: keep what is sure enough, and draw noise for the others again."""
        state = RowState(self.ids, self.draft, self.entropies)
        state = self.noise.step(state, output, self.draws, config, steps_left)
        self.ids, self.draft, self.entropies = state
        self.n_steps += 1
        self.history.append(self.draft)
        self.settled = self.noise.settled(state, self.history, config)


def starting_rows(
    given: Sequence[Ids], warm: Sequence[bool], draws: Sequence[Draws], noises: Sequence[Noise]
) -> list[Row]:  # fmt: skip
    """Rows whose free positions [n] hold noise, or what is `given` [n] where `warm`; each row has its own n.

    Noise is drawn for warm rows too, so that a seed means the same either way.
    """
    rows: list[Row] = []
    for ids, is_warm, own, noise in zip(given, warm, draws, noises, strict=True):
        fresh = noise.fresh(len(ids), own)
        rows.append(Row(noise.warm(ids, own) if is_warm else fresh, own, noise))
    return rows


def denoise(
    decode: Decoder,
    rows: list[Row],
    config: SamplerConfig,
    budget: Budget,
    cancel: CancelToken,
    prune: Callable[[list[Row]], None] | None = None,
) -> Iterator[StopReason | None]:
    """Advance `rows` step by step; yields after each step, None or why it was the last.

    `prune` marks the rows that are not worth more than the first step; it is asked if there are to be more.

    Yields nothing more once cancelled. A deadline stops before a step that would not end in time, if it
    takes as long as the one before.
    """
    deadline = None if budget.deadline_ms is None else time.monotonic() + budget.deadline_ms / 1000
    max_steps = min(budget.max_denoising_steps, config.max_denoising_steps)
    live = [i for i, row in enumerate(rows) if not row.settled]
    if not live:
        yield "converged"
        return
    for denoising_step in range(max_steps):
        if cancel.cancelled:
            return
        started = time.monotonic()
        sizes = [len(rows[i].ids) for i in live]
        free_ids = np.concatenate([rows[i].ids for i in live])
        uniforms = np.concatenate([rows[i].draws.uniforms(n) for i, n in zip(live, sizes, strict=True)])
        steps_left = max_steps - denoising_step
        t = temperature(config, steps_left, max_steps)
        output = decode(live, free_ids, t, uniforms)
        cuts = np.cumsum(sizes)[:-1]
        for i, *parts in zip(live, *(np.split(part, cuts) for part in output), strict=True):
            rows[i].advance(StepOutput(*parts), config, steps_left)
        if prune is not None and denoising_step == 0 and max_steps > 1:
            prune(rows)
        live = [i for i in live if not rows[i].settled and not rows[i].pruned]
        now = time.monotonic()
        if not live:
            reason: StopReason | None = "converged"
        elif denoising_step + 1 == max_steps:
            reason = "step_budget"
        else:
            reason = "deadline" if deadline is not None and now + (now - started) > deadline else None
        yield reason
        if reason is not None:
            return
