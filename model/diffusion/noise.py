"""What stands in a hole before it is known, and what a denoising step decides: the two kinds of noise there are.

DiffusionGemma's noise is uniform: any id, and what a step is not sure of is drawn anew. The masked models' noise
is one id, the mask, which is replaced by a token and then stays (LLaDA, arXiv 2502.09992; the order of decisions
under an entropy bound, arXiv 2505.24857). DreamOn's noise also has two tokens that change the hole's length
(arXiv 2602.01326). Pure functions of a row and its draws, which know neither text nor devices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from model.config import SamplerConfig
from model.diffusion.sampler import Draws, Flags, Floats, Ids, StepOutput, accepted_mask, settled

REMASKED = 0.5  # of a draft to start from, drawn by lot: a masked model never doubts a token that it sees


class RowState(NamedTuple):
    """How far a row's free positions [n] are."""

    ids: Ids  # what the network reads there next
    draft: Ids  # the best guess
    entropies: Floats  # nats, of what the guess was chosen from


class Noise(Protocol):
    """How a row goes from noise to a draft."""

    def fresh(self, n: int, draws: Draws) -> Ids:
        """Ids [n] that stand in `n` free positions before the first step."""
        ...

    def warm(self, draft: Ids, draws: Draws) -> Ids:
        """The same where there is a `draft` [n] to start from."""
        ...

    def step(
        self, state: RowState, output: StepOutput, draws: Draws, config: SamplerConfig, steps_left: int
    ) -> RowState:
        """What becomes of a row; `output` is its own part, [n] each.

        `steps_left` counts the step that is taken, so the last one has 1.
        """
        ...

    def settled(self, state: RowState, history: list[Ids], config: SamplerConfig) -> bool:
        """Whether nothing is left to do; `history` are the drafts [n] of all steps."""
        ...


@dataclass(frozen=True)
class UniformNoise:
    """Any id of the vocabulary."""

    vocab_size: int

    def fresh(self, n: int, draws: Draws) -> Ids:
        return draws.noise(n, self.vocab_size)

    def warm(self, draft: Ids, draws: Draws) -> Ids:
        del draws
        return draft

    def step(
        self, state: RowState, output: StepOutput, draws: Draws, config: SamplerConfig, steps_left: int
    ) -> RowState:
        del steps_left
        noise = draws.noise(len(state.ids), self.vocab_size)
        accepted = accepted_mask(output.entropies, config.entropy_bound)
        return RowState(np.where(accepted, output.sampled, noise), output.draft, output.entropies)

    def settled(self, state: RowState, history: list[Ids], config: SamplerConfig) -> bool:
        return settled(history, state.entropies, config)


@dataclass(frozen=True)
class MaskNoise:
    """The mask; a token that is taken stays, with the entropy it had then."""

    mask_id: int

    def fresh(self, n: int, draws: Draws) -> Ids:
        del draws
        return np.full(n, self.mask_id, dtype=np.int64)

    def warm(self, draft: Ids, draws: Draws) -> Ids:
        lots = draws.uniforms(len(draft))
        return np.where((lots < REMASKED) | (lots == lots.min(initial=1.0)), self.mask_id, draft)

    def step(
        self, state: RowState, output: StepOutput, draws: Draws, config: SamplerConfig, steps_left: int
    ) -> RowState:
        del draws
        masked = state.ids == self.mask_id
        ids = np.where(taken(masked, output.entropies, config.entropy_bound, steps_left), output.sampled, state.ids)
        draft = np.where(ids == self.mask_id, output.draft, ids)
        return RowState(ids, draft, np.where(masked, output.entropies, state.entropies))

    def settled(self, state: RowState, history: list[Ids], config: SamplerConfig) -> bool:
        del history, config
        return not (state.ids == self.mask_id).any()


@dataclass(frozen=True)
class ElasticMaskNoise(MaskNoise):
    """The mask, in a hole whose length the model changes: one token deletes a mask, another makes two of it.

    The row has room for as long a hole as there can be; behind the hole's end it holds `delete_id`.
    """

    delete_id: int
    expand_id: int
    n_first: int = 4  # masks to begin with, as its authors did

    def fresh(self, n: int, draws: Draws) -> Ids:
        ids = super().fresh(n, draws)
        ids[self.n_first :] = self.delete_id
        return ids

    def step(
        self, state: RowState, output: StepOutput, draws: Draws, config: SamplerConfig, steps_left: int
    ) -> RowState:
        after = super().step(state, output, draws, config, steps_left)
        n = len(after.ids)
        present = after.ids != self.delete_id
        room = n - int(present.sum())
        n_copies = present.astype(np.int64)
        expanded = np.flatnonzero(after.ids == self.expand_id)
        n_copies[expanded[:room]] = 2
        after.ids[expanded] = self.mask_id
        after.draft[expanded] = output.draft[expanded]
        kept = np.repeat(np.arange(n), n_copies)
        stretched = np.full(n, self.delete_id), np.full(n, self.delete_id), np.zeros(n, np.float32)
        for to, values in zip(stretched, after, strict=True):
            to[: len(kept)] = values[kept]
        return RowState(*stretched)


def taken(masked: Flags, entropies: Floats, entropy_bound: float, steps_left: int) -> Flags:
    """Which of the `masked` positions [n] to decide now, by their `entropies` [n].

    The surest under the bound, and as many as the steps left make due.
    """
    at = np.flatnonzero(masked)
    chosen = accepted_mask(entropies[at], entropy_bound)
    n_due = -(-len(at) // steps_left)
    chosen[np.argsort(entropies[at], kind="stable")[:n_due]] = True
    flags = np.zeros(len(masked), dtype=np.bool_)
    flags[at[chosen]] = True
    return flags
