"""What a step decides of a row, for each kind of noise."""

from __future__ import annotations

import numpy as np

from model.config import SamplerConfig
from model.diffusion.noise import ElasticMaskNoise, MaskNoise, RowState, UniformNoise
from model.diffusion.sampler import SeededDraws, StepOutput

MASK, PAD, EXPAND = 90, 91, 92
ONE_BY_ONE = SamplerConfig(entropy_bound=1e-9)
ELASTIC = ElasticMaskNoise(MASK, PAD, EXPAND, n_first=3)


def state(ids: list[int], entropies: list[float] | None = None) -> RowState:
    return RowState(np.array(ids), np.array(ids), np.array(entropies or [0.0] * len(ids), np.float32))


def output(sampled: list[int], entropies: list[float], draft: list[int] | None = None) -> StepOutput:
    return StepOutput(np.array(draft or sampled), np.array(entropies, np.float32), np.array(sampled))


def stepped(noise: MaskNoise, before: RowState, said: StepOutput, steps_left: int = 99, config=ONE_BY_ONE) -> RowState:
    return noise.step(before, said, SeededDraws(0), config, steps_left)


def test_the_surest_mask_is_taken_and_stays_with_its_entropy() -> None:
    noise = MaskNoise(MASK)
    first = stepped(noise, state([MASK] * 3), output([1, 2, 3], [0.5, 0.1, 0.9], draft=[7, 8, 9]))
    assert first.ids.tolist() == [MASK, 2, MASK] and first.draft.tolist() == [7, 2, 9]
    # What is said of a token that is seen does not count, however sure it is.
    second = stepped(noise, first, output([4, 5, 6], [0.4, 0.0, 0.3]))
    assert second.ids.tolist() == [MASK, 2, 6]
    assert np.allclose(second.entropies, [0.4, 0.1, 0.3])
    third = stepped(noise, second, output([4, 5, 5], [0.4, 0.0, 0.0]))
    assert third.ids.tolist() == [4, 2, 6] and noise.settled(third, [], ONE_BY_ONE)


def test_as_many_are_taken_as_the_bound_allows_or_the_budget_makes_due() -> None:
    said = output([1, 2, 3, 4], [0.1, 0.2, 0.3, 0.4])
    noise, before = MaskNoise(MASK), state([MASK] * 4)
    bounded = stepped(noise, before, said, config=SamplerConfig(entropy_bound=0.3))
    assert bounded.ids.tolist() == [1, 2, 3, MASK]  # 0.1 + 0.2 are within the bound, 0.1 + 0.2 + 0.3 are not
    assert stepped(noise, before, said, steps_left=2).ids.tolist() == [1, 2, MASK, MASK]
    assert stepped(noise, before, said, steps_left=1).ids.tolist() == [1, 2, 3, 4]


def test_of_a_draft_to_start_from_a_part_is_masked_and_never_nothing() -> None:
    noise, draft = MaskNoise(MASK), np.arange(40)
    ids = noise.warm(draft, SeededDraws(3))
    assert 0 < (ids == MASK).sum() < 40 and (ids == noise.warm(draft, SeededDraws(3))).all()
    assert all(noise.warm(np.array([5]), SeededDraws(seed)).tolist() == [MASK] for seed in range(9))
    assert noise.warm(np.array([], np.int64), SeededDraws(0)).tolist() == []
    assert UniformNoise(50).warm(draft, SeededDraws(3)) is draft


def test_expand_makes_two_masks_and_delete_closes_the_gap() -> None:
    before = state([MASK, 5, MASK, MASK, PAD, PAD, PAD], [0, 0.7, 0, 0, 0, 0, 0])
    after = stepped(ELASTIC, before, output([EXPAND, 5, 6, 7, PAD, PAD, PAD], [0.1, 0, 0.2, 0.3, 0, 0, 0]))
    assert after.ids.tolist() == [MASK, MASK, 5, MASK, MASK, PAD, PAD]
    assert np.allclose(after.entropies, [0.1, 0.1, 0.7, 0.2, 0.3, 0, 0])
    again = stepped(ELASTIC, after, output([1, PAD, 5, 6, 7, PAD, PAD], [0.3, 0.1, 0, 0.2, 0.3, 0, 0]))
    assert again.ids.tolist() == [MASK, 5, MASK, MASK, PAD, PAD, PAD]
    assert np.allclose(again.entropies[:4], [0.3, 0.7, 0.2, 0.3])


def test_a_hole_grows_no_longer_than_its_room() -> None:
    all_at_once = SamplerConfig(entropy_bound=9.0)
    said = output([EXPAND, EXPAND, EXPAND, PAD], [0.1, 0.2, 0.3, 0.0], draft=[1, 2, 3, PAD])
    after = stepped(ELASTIC, state([MASK, MASK, MASK, PAD]), said, config=all_at_once)
    assert after.ids.tolist() == [MASK] * 4 and after.draft.tolist() == [1, 1, 2, 3]
    gone = stepped(ELASTIC, state([MASK, PAD]), output([PAD, PAD], [0.1, 0.0]))
    assert gone.ids.tolist() == [PAD, PAD] and ELASTIC.settled(gone, [], ONE_BY_ONE)


def test_a_hole_of_no_fixed_length_begins_short() -> None:
    assert ELASTIC.fresh(6, SeededDraws(0)).tolist() == [MASK] * 3 + [PAD] * 3
    assert ELASTIC.fresh(2, SeededDraws(0)).tolist() == [MASK] * 2
