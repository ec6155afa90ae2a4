"""Attention masks: what each position of a pass may see."""

from __future__ import annotations

import numpy as np

from model.diffusion.sampler import Floats


def causal_mask(n: int, n_past: int) -> Floats:
    """Mask [n, n_past + n]: each position sees all that is past and what comes before it."""
    later = np.triu(np.full((n, n), -np.inf, np.float32), 1)
    return np.concatenate((np.zeros((n, n_past), np.float32), later), axis=1)
