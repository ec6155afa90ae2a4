"""Examples: windows of files as the model reads them, and blocks in them whose tokens are hidden, shown or wrong.

A row at position p predicts the token at p + 1, as the base does. The stages, each from the one before:

- masked: all of a block is hidden, so that it can draft what follows;
- revealed: some of it is shown, so that a second pass improves the first;
- clamped: its end is shown, so that a fill meets what follows it;
- noised: some of it is wrong, so that right text is left alone.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np
import torch
from torch import Tensor

Stage = Literal["masked", "revealed", "clamped", "noised"]
STAGES: tuple[Stage, ...] = get_args(Stage)

WINDOW = 256  # tokens of a file that are read
LEAST_READ = 24  # of them before the first block
SUFFIXES = (16, 32, 64)  # tokens of what follows the window, read first in half of the windows
SIZES: dict[Stage, tuple[int, ...]] = {
    "masked": (2, 3, 4, 4, 4, 6),
    "revealed": (4, 6, 8),
    "clamped": (4, 6, 8, 12),
    "noised": (4, 8, 12),
}
ROWS = 176  # of a step, in as many blocks as that makes


class Marks(NamedTuple):
    """The ids that lay a prompt out."""

    prefix: int
    suffix: int
    middle: int


class Window(NamedTuple):
    """Ids [n] of a window, of which the first `n_before` are of what follows it and marks."""

    ids: Tensor
    n_before: int


class Blocks(NamedTuple):
    """B blocks of S rows behind a window that is read once."""

    starts: Tensor  # [B] position of the last token that a block sees
    shown: Tensor  # [B, S] ids that its rows have for input; HIDDEN for the mask
    size: int


HIDDEN = -1


def window(ids: Sequence[int] | np.ndarray, marks: Marks, rng: random.Random, longest: int = 12) -> Window | None:
    """A window of a file's ids [n], with room for blocks of `longest` rows after any place; None for a short file."""
    n = WINDOW + longest + 1
    if len(ids) < n + max(SUFFIXES):
        return None
    start = rng.randrange(0, len(ids) - n)
    body = np.asarray(ids[start : start + n], np.int64)
    before: list[int] = []
    if rng.random() < 0.5:
        rest = ids[start + n : start + n + rng.choice(SUFFIXES)]
        before = [marks.prefix, marks.suffix, *map(int, rest), marks.middle]
    return Window(torch.from_numpy(np.concatenate((np.array(before, np.int64), body))), len(before))


def draw(window: Window, stage: Stage, rng: random.Random, n_rows: int = ROWS) -> Blocks:
    """Blocks at places drawn without return, each with its own tokens hidden as the stage has it."""
    size = rng.choice(SIZES[stage])
    last = len(window.ids) - size - 2
    places = range(window.n_before + LEAST_READ, last + 1)
    starts = torch.tensor(sorted(rng.sample(places, min(max(n_rows // size, 1), len(places)))))
    own = window.ids[starts[:, None] + 1 + torch.arange(size)]  # [B, S]
    shown = torch.full_like(own, HIDDEN)
    for row, ids in zip(shown, own, strict=True):
        for at in _shown(stage, size, rng):
            row[at] = ids[at]
        if stage == "noised":
            for at in rng.sample(range(size), rng.randint(0, max(size // 3, 1))):
                row[at] = own.flatten()[rng.randrange(own.numel())]  # as likely as tokens are here
    return Blocks(starts, shown, size)


def _shown(stage: Stage, size: int, rng: random.Random) -> list[int]:
    """Which rows of a block have their token for input."""
    if stage == "masked":
        return []
    if stage == "noised":
        return list(range(size))
    if stage == "clamped":
        n_clamped = rng.randint(1, size - 1)
        return list(range(size - n_clamped, size))
    return rng.sample(range(size), rng.randint(0, size - 1))
