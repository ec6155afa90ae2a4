"""One denoising step's decisions as pure functions over numpy arrays, the same for every runtime.

The method is DiffusionGemma's: uniform random tokens as noise, acceptance under an entropy bound
(Ben-Hamu and others 2025, arXiv 2505.24857), renoising of the rest. What is ours: everything is computed
for the free positions of the holes only, so clamped ones can neither change nor count, and draws come
from one generator per row, so that no row depends on its company.

Shapes: F free positions of a batch in row order, V ids; a row has n of the F.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from model.config import SamplerConfig

Ids = NDArray[np.int64]
Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

CDF_BLOCK = 128  # ids whose probabilities are summed first when one is drawn


class Draws(Protocol):
    """Where a row's randomness comes from."""

    def noise(self, n: int, vocab_size: int) -> Ids:
        """Uniform random ids [n], each below `vocab_size`."""
        ...

    def uniforms(self, n: int) -> Floats:
        """Numbers [n] in [0, 1), each of which picks an id from a distribution."""
        ...


class SeededDraws:
    """Draws from a generator of its own: the same seed, the same fill, on any device."""

    def __init__(self, seed: int) -> None:
        self._generator = np.random.default_rng(seed)

    def noise(self, n: int, vocab_size: int) -> Ids:
        return self._generator.integers(0, vocab_size, n)

    def uniforms(self, n: int) -> Floats:
        return self._generator.random(n, dtype=np.float32)


class StepOutput(NamedTuple):
    """What one pass of the network says of the free positions, in row order."""

    draft: Ids  # [F] the most probable id
    entropies: Floats  # [F] nats
    sampled: Ids  # [F] an id drawn from the distribution


def temperature(config: SamplerConfig, steps_left: int, max_steps: int) -> float:
    """Linear schedule from t_max (all steps left) down to t_min; float32 as in the reference."""
    share = np.float32(steps_left) / np.float32(max_steps)
    return float(np.float32(config.t_min) + np.float32(config.t_max - config.t_min) * share)


def step_output(logits: Floats, uniforms: Floats) -> tuple[StepOutput, Floats]:
    """StepOutput [F] from logits [F, V] at their temperature, barred ids at -inf; and the probabilities [F, V]."""
    draft = logits.argmax(-1)
    shifted = logits - np.take_along_axis(logits, draft[:, None], -1)
    probs = np.exp(shifted)
    total = probs.sum(-1, keepdims=True)
    probs /= total
    # H = log Z - E[shifted]; a barred id counts nothing, though -inf times 0 is not a number.
    expected = np.einsum("fv,fv->f", probs, np.maximum(shifted, np.finfo(np.float32).min, out=shifted))
    entropies = np.log(total[:, 0]) - expected
    return StepOutput(draft, entropies, choose(probs, uniforms, draft)), probs


def choose(probs: Floats, uniforms: Floats, fallback: Ids) -> Ids:
    """The first id [F] of each row of `probs` [F, V] at which the cumulated probability passes `uniforms` [F].

    Sums blocks first: a running sum over the whole vocabulary is ten times slower. Where rounding
    leads to an id of no probability, `fallback` [F] stands in.
    """
    n, n_vocab = probs.shape
    n_whole = n_vocab // CDF_BLOCK * CDF_BLOCK
    blocks = probs[:, :n_whole].reshape(n, -1, CDF_BLOCK).sum(-1)
    blocks = np.concatenate((blocks, probs[:, n_whole:].sum(-1, keepdims=True)), axis=-1)
    passed = blocks.cumsum(-1)
    target = uniforms * passed[:, -1]
    block = np.minimum((passed <= target[:, None]).sum(-1), blocks.shape[-1] - 1)
    rows = np.arange(n)
    before = np.where(block > 0, passed[rows, block - 1], 0)
    ids = np.minimum(block[:, None] * CDF_BLOCK + np.arange(CDF_BLOCK), n_vocab - 1)
    inside = (probs[rows[:, None], ids].cumsum(-1) <= (target - before)[:, None]).sum(-1)
    chosen = ids[rows, np.minimum(inside, CDF_BLOCK - 1)]
    return np.where(probs[rows, chosen] > 0, chosen, fallback)


def accepted_mask(entropies: Floats, entropy_bound: float) -> Flags:
    """Positions [n] of a row to accept by entropies [n]: the surest, while their joint uncertainty is under the bound.

    Accepting k tokens of sorted entropies H_1..H_k costs at most H_1 + ... + H_(k-1).
    """
    order = np.argsort(entropies, kind="stable")
    ordered = entropies[order]
    accepted = np.empty(len(entropies), dtype=np.bool_)
    accepted[order] = ordered.cumsum() - ordered <= entropy_bound
    return accepted


def settled(history: list[Ids], entropies: Floats, config: SamplerConfig) -> bool:
    """Whether a row's last draft [n] equals the `stability_threshold` ones before it, and `entropies` [n] are low."""
    if len(history) <= config.stability_threshold:
        return False
    *_, last = history
    same = all(np.array_equal(old, last) for old in history[-1 - config.stability_threshold : -1])
    return same and float(entropies.mean()) < config.confidence_threshold
