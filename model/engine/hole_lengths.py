"""How sure a model is at the first step of a hole of each length, so that lengths can be compared with each other.

Short holes look surer than long ones whatever stands there. Divided by what is usual for its length, the confidence of
the first step says which lengths fit a hole, for the price of one wide step: the others are given up before they cost
more. What is usual is a curve, fitted to the user's own code by
`python -m infill.bench.calibrate` (CAL, arXiv 2602.00476).

Confidence is the mean of exp(-entropy), which is never above the probability of the best token: every runtime gives
entropies already, and what differs between the two measures is in the curve.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from model.diffusion.sampler import Floats
from model.types import CheckpointError

LENGTHS = "lengths.json"  # of a checkpoint folder
LEAST_LENGTHS = 5  # a curve has as many numbers
FAST, SLOW = np.geomspace(0.2, 4, 32), np.geomspace(0.004, 0.2, 32)  # decays per token that are tried


class UsualConfidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """a * exp(-b * n) + c * exp(-d * n) + e, for a hole of n tokens; never below zero, and falling."""

    a: float
    b: float
    c: float
    d: float
    e: float
    n_holes: int  # that it was fitted to

    def __call__(self, n_tokens: int) -> float:
        return float(self.a * np.exp(-self.b * n_tokens) + self.c * np.exp(-self.d * n_tokens) + self.e)


def confidence(entropies: Floats | Sequence[float]) -> float:
    """How sure a row of free positions is, 0 to 1, from their entropies [n] in nats."""
    return float(np.exp(-np.asarray(entropies)).mean())


def fitted(measured: dict[int, float], n_holes: int) -> UsualConfidence:
    """The curve of least squares through the mean confidence of each length; the same for the same numbers."""
    if len(measured) < LEAST_LENGTHS:
        raise ValueError(f"{len(measured)} lengths are too few for a curve, it takes {LEAST_LENGTHS}")
    n = np.array(sorted(measured), dtype=np.float64)
    y = np.array([measured[int(i)] for i in n])
    best: tuple[float, tuple[float, ...]] = (np.inf, ())
    for b, d in itertools.product(FAST, SLOW):
        basis = np.stack((np.exp(-b * n), np.exp(-d * n), np.ones_like(n)), axis=1)
        weights, error = least_squares(basis, y)
        if error < best[0]:
            best = error, (weights[0], b, weights[1], d, weights[2])
    return UsualConfidence(*(round(float(x), 6) for x in best[1]), n_holes=n_holes)


def least_squares(basis: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights [k] of `basis` [n, k], none negative, and the squared error to `y` [n]: the best with some at zero."""
    best = np.zeros(basis.shape[1]), float(y @ y)
    for used in itertools.product((False, True), repeat=basis.shape[1]):
        if not any(used):
            continue
        weights = np.zeros(basis.shape[1])
        weights[list(used)] = np.linalg.lstsq(basis[:, list(used)], y)[0]
        error = float(((basis @ weights - y) ** 2).sum())
        if weights.min() >= 0 and error < best[1]:
            best = weights, error
    return best


def read_usual(folder: Path) -> UsualConfidence | None:
    """What a checkpoint folder says is usual, if it was calibrated; raises `CheckpointError`."""
    path = folder / LENGTHS
    if not path.is_file():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=UsualConfidence)
    except msgspec.DecodeError as error:
        raise CheckpointError(f"{path}: {error}; write it again with python -m infill.bench.calibrate") from None
