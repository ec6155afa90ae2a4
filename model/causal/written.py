"""The tokens that are written: reading takes the whole vocabulary, but scoring all of it would cost a third of a pass.

The committed list holds the tokens that code needs; those of the prompt at hand come on top. `python -m
model.causal.list_written` makes the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from model.causal.config import CausalConfig
from model.diffusion.sampler import Ids

N_WRITTEN = 49_152
LIST = Path(__file__).with_name("written.bin")  # a bit for each id
LISTED_VOCABULARY = 151_936  # of Qwen2.5, to which the list belongs


def usual_ids(config: CausalConfig) -> Ids:
    """The ids [W] that a model's head covers, in order; all of them where no list belongs to the vocabulary."""
    if config.vocab_size != LISTED_VOCABULARY:
        return np.arange(config.vocab_size)
    return np.flatnonzero(np.unpackbits(np.frombuffer(LIST.read_bytes(), np.uint8)))


class Written:
    """The ids that have a score: those of the head, and behind them those of one prompt."""

    def __init__(self, head_ids: Ids, vocab_size: int, prompt_ids: Iterable[int] = ()) -> None:
        """`head_ids` [W] are in order."""
        covered = np.zeros(vocab_size, np.bool_)
        covered[head_ids] = True
        self.extra_ids = np.array(sorted({i for i in prompt_ids if not covered[i]}), np.int64)  # [X]
        self.ids = np.concatenate((head_ids, self.extra_ids))  # [W + X]
        self._slots = np.full(vocab_size, -1, np.int64)
        self._slots[self.ids] = np.arange(len(self.ids))

    def slots(self, token_ids: Sequence[int] | Ids) -> Ids:
        """Where the score of each of `token_ids` [n] is [n]; -1 for one that has none."""
        return self._slots[np.asarray(token_ids, np.int64)]
