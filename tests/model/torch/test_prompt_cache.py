"""What is kept of a prompt equals a fresh encode, also across the edge of the sliding window (8 here)."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.load import load_engine
from model.types import Budget, CancelToken, Canvas, ModelSpec
from tests.model.conftest import N_VOCAB

IDS = [6 + (i * 37) % (N_VOCAB - 6) for i in range(60)]
CANVAS = Canvas((0,) * 4 + (50, 60), (True,) * 4 + (False,) * 2)


def fresh(checkpoint, prompt):
    engine = load_engine(ModelSpec(str(checkpoint), device="cpu"))
    return engine.score(prompt, [IDS[:5]], CancelToken())[0].log_probs


@pytest.mark.parametrize("kept,length", [(5, 12), (7, 9), (8, 20), (9, 10), (20, 21), (30, 12), (40, 40), (25, 1)])
def test_reused_prompt_scores_like_a_fresh_one(checkpoint, engine, kept: int, length: int) -> None:
    engine.score(IDS[:kept], [[7]], CancelToken())
    changed = [*IDS[: min(kept, length) - 1], 99, *IDS[min(kept, length) : length]]
    again = engine.score(changed, [IDS[:5]], CancelToken())[0].log_probs
    assert again == pytest.approx(fresh(checkpoint, changed), abs=1e-4)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 5)), min_size=2, max_size=5))
def test_any_sequence_of_prompts(checkpoint, cuts: list[tuple[int, int]]) -> None:
    engine = load_engine(ModelSpec(str(checkpoint), device="cpu"))
    for keep, salt in cuts:
        prompt = [*IDS[:keep], *[6 + salt] * salt, 77]
        got = engine.score(prompt, [IDS[:3]], CancelToken())[0].log_probs
    assert got == pytest.approx(fresh(checkpoint, prompt)[:3], abs=1e-4)


def test_reuse_encodes_only_what_is_new(engine, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    network = engine._network
    whole = network.encoder
    monkeypatch.setattr(network, "encoder", lambda ids, cache: seen.append(ids.shape[1]) or whole(ids, cache))
    engine.denoise(IDS[:30], [CANVAS], Budget(1), CancelToken(), 0)
    engine.denoise([*IDS[:30], 9], [CANVAS], Budget(1), CancelToken(), 0)
    engine.denoise([*IDS[:28], 9, 9, 9], [CANVAS], Budget(1), CancelToken(), 0)
    assert seen == [30, 1, 3]


def test_a_kept_prompt_gives_the_same_fill(checkpoint, engine) -> None:
    engine.denoise([*IDS[:33], 11, 12], [CANVAS], Budget(3), CancelToken(), 5)
    warm = engine.denoise(IDS[:35], [CANVAS], Budget(6), CancelToken(), 5)
    cold = load_engine(ModelSpec(str(checkpoint), device="cpu")).denoise(
        IDS[:35], [CANVAS], Budget(6), CancelToken(), 5
    )
    assert warm[0].token_ids == cold[0].token_ids
    assert torch.tensor(warm[0].token_entropies).allclose(torch.tensor(cold[0].token_entropies), atol=1e-4)


def test_continuations_read_together_score_as_each_alone(checkpoint) -> None:
    engine = load_engine(ModelSpec(str(checkpoint), device="cpu"))
    continuations = [IDS[:14], [*IDS[:11], 99, 98, 97], [50], IDS[30:43], [*IDS[:5], 70]]  # longer than the window, too
    for n in (3, 8, 20):
        together = engine.score(IDS[:n], continuations, CancelToken())
        for found, continuation in zip(together, continuations, strict=True):
            whole = load_engine(ModelSpec(str(checkpoint), device="cpu"))
            one_by_one = [
                whole.score([*IDS[:n], *continuation[:i]], [[token]], CancelToken())[0].log_probs[0]
                for i, token in enumerate(continuation)
            ]
            assert found.log_probs == pytest.approx(one_by_one, abs=1e-4)


def test_prompts_of_several_documents_are_kept(engine, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    network = engine._network
    whole = network.encoder
    monkeypatch.setattr(network, "encoder", lambda ids, cache: seen.append(ids.shape[1]) or whole(ids, cache))
    one, other = [6, 7, *[40] * 80], [6, 7, *[41] * 90]
    for prompt in (one, other, [*one, 9], [*other, 9], one[:30]):
        engine.score(prompt, [[8]], CancelToken())
    assert seen == [82, 90, 1, 1, 1]  # what both begin with is encoded once, and neither drives out the other


def test_kept_prompts_have_a_limit_in_bytes(engine, monkeypatch: pytest.MonkeyPatch) -> None:
    caches = engine._network._caches
    engine.score([6, *[40] * 80], [[8]], CancelToken())
    monkeypatch.setattr(caches, "_kept_bytes", 3 * caches._caches[0].n_bytes)
    for i in range(8):
        engine.score([6, *[50 + i] * 80], [[8]], CancelToken())
    assert len(caches._caches) == 3 and caches._caches[-1].ids[-1] == 57
