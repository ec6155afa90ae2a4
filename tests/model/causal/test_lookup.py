"""What is proposed from the prompt, and that it changes nothing of what is written."""

from __future__ import annotations

import numpy as np
import pytest

from model.causal.greedy import write
from model.causal.lookup import FIRST_RUN, LONGEST_RUN, Lookup
from model.causal.network import CausalNetwork

PROMPT = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 20, 2, 3, 30, 31, 32, 33, 34, 40, 1, 2]


def test_what_followed_the_longest_match_is_proposed() -> None:
    assert Lookup(PROMPT)([3]) == [[4, 5, 6, 7]]  # 1 2 3, not the later 2 3
    assert Lookup(PROMPT)([20, 2, 3]) == [[30, 31, 32, 33]]
    assert Lookup(PROMPT)([77]) == []


def test_of_equal_matches_it_is_the_latest() -> None:
    assert Lookup([1, 2, 3, 9, 1, 2, 4, 8])([1, 2]) == [[4, 8, 1, 2]]


def test_runs_become_longer_while_they_are_right() -> None:
    lookup = Lookup(PROMPT)
    assert len(lookup([3])[0]) == FIRST_RUN
    assert lookup([3, 4, 5, 6, 7, 8]) == [[9, 10, 11, 12, 20, 2, 3]] and LONGEST_RUN == 7
    assert len(lookup([3, 4, 5, 6, 7, 8, 30, 31])[0]) == FIRST_RUN


def test_what_is_written_is_looked_up_too() -> None:
    assert Lookup([1])([50, 51, 52, 53, 50, 51]) == [[52, 53, 50, 51]]


@pytest.mark.parametrize("seed", range(4))
def test_the_text_equals_plain_greedy_text_in_fewer_passes(network: CausalNetwork, seed: int) -> None:
    rng = np.random.default_rng(seed)
    prompt = rng.integers(0, 256, 40).tolist()

    def text(propose) -> tuple[list[int], int]:
        network.prefill(prompt)
        tokens = [token for token, _ in zip(write(network, propose=propose), range(60), strict=False)]
        return [t.id for t in tokens], tokens[-1].passes

    plain, n_plain = text(lambda ids: ())
    looked_up, n_passes = text(Lookup(prompt))
    assert looked_up == plain and n_passes <= n_plain
