"""Denoise, draft and score on a small checkpoint of the real class."""

from __future__ import annotations

import pytest
import torch

from model.load import load_engine
from model.torch.forward import run
from model.types import Budget, CancelToken, Canvas, ModelSpec
from tests.model.conftest import N_VOCAB

PROMPT = list(b"def area(w, h):\n    return ")
TAIL, SUFFIX = [101, 102], [140, 141, 142]


def canvas(n_free: int, **kwargs) -> Canvas:
    ids = (*TAIL, *[0] * n_free, *SUFFIX)
    return Canvas(ids, (False,) * 2 + (True,) * n_free + (False,) * 3, **kwargs)


def test_clamped_positions_never_change(engine) -> None:
    drafts: list[list[int]] = []
    engine.denoise(PROMPT, [canvas(6)], Budget(8), CancelToken(), 0, lambda _, d: drafts.append(d[0]))
    assert len(drafts) > 1
    assert all(d[:2] == TAIL and d[-3:] == SUFFIX for d in drafts)


def test_special_tokens_are_barred(engine) -> None:
    for seed in range(10):
        fill = engine.denoise(PROMPT, [canvas(12)], Budget(4), CancelToken(), seed)[0]
        assert len(fill.token_ids) == 12 and not set(fill.token_ids) & engine.tokenizer.special_ids


def test_pad_ends_the_hole_only_where_allowed(engine, monkeypatch: pytest.MonkeyPatch) -> None:
    vocabulary = engine._network._vocabulary
    real = vocabulary._head

    def fond_of_pad(hidden):
        scores = real(hidden)
        scores[[2, 7], engine.tokenizer.pad_id] = 1e3  # the third of each canvas's five free positions
        return scores

    monkeypatch.setattr(vocabulary, "_head", fond_of_pad)
    free, strict = engine.denoise(PROMPT, [canvas(5, pad_ends_hole=True), canvas(5)], Budget(2), CancelToken(), 0)
    assert len(free.token_ids) == 2 == len(free.token_entropies)
    assert len(strict.token_ids) == 5


def test_same_seed_same_fill_other_seed_another(engine) -> None:
    fills = [engine.denoise(PROMPT, [canvas(8)], Budget(5), CancelToken(), s)[0].token_ids for s in (1, 1, 2)]
    assert fills[0] == fills[1] != fills[2]


def test_a_row_does_not_depend_on_its_company(engine) -> None:
    alone = engine.denoise(PROMPT, [canvas(6)], Budget(6), CancelToken(), 3)[0]
    first, longer = engine.denoise(PROMPT, [canvas(6), canvas(11)], Budget(6), CancelToken(), 3)
    assert first.token_ids == alone.token_ids
    assert first.token_entropies == pytest.approx(alone.token_entropies, abs=1e-3)
    assert len(longer.token_ids) == 11


def test_draws_do_not_touch_the_global_generator(engine) -> None:
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    engine.denoise(PROMPT, [canvas(4)], Budget(3), CancelToken(), 0)
    assert torch.equal(before, torch.random.get_rng_state())


def test_cancel_takes_effect_within_one_step(engine) -> None:
    cancel, steps = CancelToken(), []

    def at_second(step: int, _: list[list[int]]) -> None:
        steps.append(step)
        if step == 2:
            cancel.cancel()

    fill = engine.denoise(PROMPT, [canvas(9)], Budget(40), cancel, 0, at_second)[0]
    assert steps == [1, 2] and fill.stop_reason == "cancelled" and fill.steps == 2


def test_cancelled_before_it_began(engine) -> None:
    cancel = CancelToken()
    cancel.cancel()
    assert engine.denoise(PROMPT, [canvas(3)], Budget(9), cancel, 0)[0].token_ids == ()
    assert engine.score(PROMPT, [[7, 8]], cancel)[0].log_probs == ()
    assert engine.draft(PROMPT, 5, cancel) == []


def test_deadline_is_a_step_budget(engine, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("model.diffusion.denoise.time.monotonic", lambda: now[0])

    def slow(*args):  # every step takes 10 ms of the test's own clock
        now[0] += 0.010
        return run(*args)

    monkeypatch.setattr("model.torch.decoder.run", slow)
    fill = engine.denoise(PROMPT, [canvas(9)], Budget(40, deadline_ms=35), CancelToken(), 0)[0]
    assert (fill.steps, fill.stop_reason) == (3, "deadline")


def test_warm_canvas_starts_from_the_draft(engine, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(
        "model.torch.decoder.run", lambda *args: seen.append(args[-1].ids.reshape(2, -1).tolist()) or run(*args)
    )
    ids = (*TAIL, 30, 31, 32, *SUFFIX)
    mask = (False,) * 2 + (True,) * 3 + (False,) * 3
    engine.denoise(PROMPT, [Canvas(ids, mask, warm=True), Canvas(ids, mask)], Budget(1), CancelToken(), 0)
    assert seen[0][0] == list(ids)
    assert seen[0][1] != list(ids) and seen[0][1][-3:] == SUFFIX


def test_nothing_free_is_nothing_to_do(engine) -> None:
    fill = engine.denoise(PROMPT, [Canvas((40, 41), (False, False))], Budget(5), CancelToken(), 0)[0]
    assert fill.token_ids == () and fill.stop_reason == "converged"


def test_score_is_the_log_softmax_of_the_class(engine) -> None:
    row = [50, 60, 70]
    ids = torch.tensor([[*PROMPT, *row]])
    hidden = engine._network.network.model.encoder.language_model(input_ids=ids).last_hidden_state
    log_p = engine._network.logits(hidden)[0].log_softmax(-1)
    expected = [log_p[len(PROMPT) - 1 + i, t].item() for i, t in enumerate(row)]
    short, full = engine.score(PROMPT, [row[:1], row], CancelToken())
    assert full.log_probs == pytest.approx(expected, abs=1e-4)
    assert short.log_probs == pytest.approx(expected[:1], abs=1e-4)
    assert all(0 <= e <= torch.log(torch.tensor(float(N_VOCAB))) + 1e-4 for e in full.entropies)


def test_draft_begins_with_what_is_typed(engine) -> None:
    ids = engine.draft(PROMPT, 9, CancelToken(), starts_with="wé")
    assert bytes(b for i in ids for b in engine.tokenizer.token_bytes()[i]).startswith("wé".encode())


def test_draft_is_greedy_and_reuses_its_own_keys(engine) -> None:
    ids = engine.draft(PROMPT, 12, CancelToken())  # beyond the sliding window of 8
    for i, token in enumerate(ids):
        logits = engine._network.logits(
            engine._network.network.model.encoder.language_model(
                input_ids=torch.tensor([[*PROMPT, *ids[:i]]])
            ).last_hidden_state[:, -1]
        )[0]
        assert int(logits.argmax()) == token
    assert ids


def test_a_draft_ends_where_it_becomes_improbable(engine) -> None:
    whole = engine.draft(PROMPT, 12, CancelToken(), starts_with="wé")
    n_typed = len("wé".encode())  # byte tokens; what is typed costs nothing
    scores = engine.score([*PROMPT, *whole[:n_typed]], [whole[n_typed:]], CancelToken())[0].log_probs
    floor = sum(scores[:3]) + 1e-3  # the third token passes it
    assert engine.draft(PROMPT, 12, CancelToken(), "wé", lambda _, log_prob: log_prob < floor) == whole[: n_typed + 3]


def test_ids_are_the_callers_own(engine) -> None:
    engine.tokenizer.encode("kept").clear()
    assert engine.tokenizer.encode("kept")


def test_encoder_and_decoder_share_one_copy(checkpoint) -> None:
    network = load_engine(ModelSpec(str(checkpoint), device="cpu"))._network.network
    encoder, decoder = network.model.encoder.language_model.layers, network.model.decoder.layers
    for a, b in zip(encoder, decoder, strict=True):
        assert a.experts.gate_up_proj.data_ptr() == b.experts.gate_up_proj.data_ptr()
        assert a.self_attn.q_proj.weight.data_ptr() == b.self_attn.q_proj.weight.data_ptr()
        assert a.layer_scalar.item() != b.layer_scalar.item()  # the one thing that is not shared
    assert not any("vision" in name for name, _ in network.named_parameters())
