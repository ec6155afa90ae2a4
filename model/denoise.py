"""The denoising loop: one encoded prompt, a batch of canvases, a draft after every step.

Knows tensors and the network, refuses to know text. `generate()` of the class is the reference: without
clamped positions and with the same draws this loop gives the same tokens (tests/model/test_parity.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from model import sampler
from model.config import SamplerConfig
from model.types import Budget, CancelToken, StopReason

# canvas [B, C], self-conditioning logits [B, C, V] or None -> logits [B, C, V]
Decoder = Callable[[Tensor, Tensor | None], Tensor]


@dataclass
class Step:
    """State after one denoising step; rows that have settled no longer change."""

    canvas: Tensor  # [B, C] best guess in the free positions, the clamped as given
    draft: Tensor  # [F] best guess of every free position, in row order
    entropies: Tensor  # [F] nats
    n_steps: Tensor  # [B] steps each row has taken
    stop_reason: StopReason | None


class StepClock:
    """Running estimate of milliseconds per step for one canvas shape."""

    def __init__(self) -> None:
        self._ms: dict[tuple[int, int], float] = {}

    def estimate_ms(self, shape: tuple[int, int]) -> float:
        """Expected milliseconds of the next step; 0 while nothing was measured."""
        return self._ms.get(shape, 0.0)

    def record(self, shape: tuple[int, int], ms: float) -> None:
        old = self._ms.get(shape)
        self._ms[shape] = ms if old is None else 0.7 * old + 0.3 * ms


def denoise(
    decode: Decoder,
    canvas: Tensor,
    hole_mask: Tensor,
    warm: Tensor,
    barred: Tensor,
    config: SamplerConfig,
    budget: Budget,
    cancel: CancelToken,
    generators: Sequence[torch.Generator],
    clock: StepClock,
) -> Iterator[Step]:
    """Denoise canvas ids [B, C] where `hole_mask` is True; the last step yielded names why it stopped.

    `warm` [B] marks rows whose free positions start from `canvas` instead of noise; `barred` [B, V]
    marks ids that a row may not predict. Yields nothing when cancelled before the first step.
    """
    shape = (canvas.shape[0], canvas.shape[1])
    n_vocab, n_free = barred.shape[-1], hole_mask.sum(-1).tolist()
    row_of = torch.arange(shape[0], device=canvas.device).repeat_interleave(hole_mask.sum(-1))  # [F]
    deadline = None if budget.deadline_ms is None else time.monotonic() + budget.deadline_ms / 1000
    max_steps = min(budget.max_denoising_steps, config.max_denoising_steps)
    # The first canvas; draws are made for warm rows too, so that a seed means the same either way.
    noise = sampler.noise_like(n_free, n_vocab, generators)
    current = canvas.masked_scatter(hole_mask, torch.where(warm[row_of], canvas[hole_mask], noise))
    done = ~hole_mask.any(-1)
    draft, entropies = current[hole_mask], torch.zeros(len(row_of), device=canvas.device)
    n_steps = torch.zeros(shape[0], dtype=torch.long, device=canvas.device)
    conditioning: Tensor | None = None
    history: list[Tensor] = []
    if bool(done.all()):
        yield Step(current, draft, entropies, n_steps, "converged")
        return
    for denoising_step in range(max_steps):
        if cancel.cancelled:
            return
        started = time.monotonic()
        # What the network believes of the free positions, at this step's temperature.
        t = sampler.temperature(config, max_steps - denoising_step, max_steps)
        logits = free_logits(decode(current, conditioning), hole_mask, barred[row_of], t)
        log_probs = logits.log_softmax(-1)
        # What to keep and what to noise again.
        sampled = sampler.sample(log_probs.exp(), n_free, generators)
        new_entropies = sampler.token_entropies(log_probs)
        accepted = sampler.accepted_mask(new_entropies, n_free, config.entropy_bound)
        noise = sampler.noise_like(n_free, n_vocab, generators)
        # Rows that settled before keep what they had.
        frozen = done[row_of]
        draft = torch.where(frozen, draft, logits.argmax(-1))
        entropies = torch.where(frozen, entropies, new_entropies)
        following = torch.where(frozen, current[hole_mask], torch.where(accepted, sampled, noise))
        current = current.masked_scatter(hole_mask, following)
        n_steps += (~done).long()
        done = done | sampler.settled(draft, history, entropies, n_free, config)
        history.append(draft)
        if conditioning is None:
            conditioning = sampler.one_hot_logits(canvas, n_vocab)
        conditioning[hole_mask] = logits
        clock.record(shape, (time.monotonic() - started) * 1000)
        reason = stop_reason(bool(done.all()), denoising_step + 1 == max_steps, deadline, clock.estimate_ms(shape))
        yield Step(canvas.masked_scatter(hole_mask, draft), draft, entropies, n_steps, reason)
        if reason is not None:
            return


def free_logits(logits: Tensor, hole_mask: Tensor, barred: Tensor, temperature: float) -> Tensor:
    """Logits [F, V] of the free positions at a temperature; ids that `barred` [F, V] marks are out."""
    return logits[hole_mask].masked_fill_(barred, -torch.inf).div_(temperature)


def stop_reason(all_done: bool, last_step: bool, deadline: float | None, step_ms: float) -> StopReason | None:
    """Why to stop now; a deadline stops before a step that would not end in time."""
    if all_done:
        return "converged"
    if last_step:
        return "step_budget"
    if deadline is not None and time.monotonic() + step_ms / 1000 > deadline:
        return "deadline"
    return None
