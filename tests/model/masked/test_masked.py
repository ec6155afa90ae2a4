"""Masked models through `load_engine`: what holds for any engine, and what goes wrong with their folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from model.engine.engine import DiffusionEngine
from model.load import load_engine
from model.masked.network import FOLLOWING, MaskedNetwork
from model.prompt_parts import PromptFile
from model.types import Budget, CancelToken, Canvas, CheckpointError, ModelSpec
from model.weights.verify import verify
from tests.model.masked_checkpoints import BOS, MASK, N_BYTES, write_checkpoint

PROMPT = [BOS, *range(60, 80)]
CANVASES = [
    Canvas((40, 0, 0, 0, 50, 51), (False, True, True, True, False, False)),
    Canvas((0,) * 9, (True,) * 9),
    Canvas((40, 0, 0, 41, 42, 43, 0), (False, True, True, False, False, False, True)),
]


@pytest.fixture(scope="module", params=["Dream", "qwen2", "llada"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("masked") / "m", request.param)


@pytest.fixture(scope="module")
def engine(folder: Path) -> DiffusionEngine:
    return load_engine(ModelSpec(str(folder), device="cpu"))


@pytest.fixture(scope="module")
def dream_on(tmp_path_factory: pytest.TempPathFactory) -> DiffusionEngine:
    return load_engine(ModelSpec(str(write_checkpoint(tmp_path_factory.mktemp("dream-on") / "m", "Dream", n_added=5))))


def test_the_tokenizers_ids_are_the_vocabulary(engine: DiffusionEngine) -> None:
    text = "x = '<tool_call>' # <|mask|>\n"
    ids = engine.tokenizer.encode(text)
    assert engine.info.vocab_size == engine.tokenizer.vocab_size == 260 and max(ids) < N_BYTES
    assert engine.tokenizer.decode(ids) == text and engine.tokenizer.special_ids == frozenset(range(256, 260))
    assert engine.tokenizer.prompt([PromptFile("", "a")], "b", "c") == [BOS, *engine.tokenizer.encode("a\n\nc")]
    assert (engine.info.far_suffix_tokens, engine.info.near_suffix_tokens) == (0, 128)


def test_clamped_positions_never_change_and_a_batch_is_its_rows(engine: DiffusionEngine) -> None:
    drafts: list[list[list[int]]] = []
    together = engine.denoise(PROMPT, CANVASES, Budget(5), CancelToken(), 3, lambda _, d: drafts.append(d))
    for step in drafts:
        for canvas, ids in zip(CANVASES, step, strict=True):
            clamped = [(i, j) for i, j, free in zip(ids, canvas.canvas_ids, canvas.hole_mask, strict=True) if not free]
            assert all(i == j for i, j in clamped)
    assert [len(fill.token_ids) for fill in together] == [3, 9, 3]
    assert not {i for fill in together for i in fill.token_ids} & engine.tokenizer.special_ids
    alone = engine.denoise(PROMPT, CANVASES[:1], Budget(5), CancelToken(), 3)
    assert alone[0].token_ids == together[0].token_ids
    assert alone[0].token_entropies == pytest.approx(together[0].token_entropies, abs=1e-3)


def test_same_seed_same_fill_and_the_budget_is_kept(engine: DiffusionEngine) -> None:
    fills = [engine.denoise(PROMPT, CANVASES, Budget(4), CancelToken(), seed) for seed in (1, 1, 2)]
    assert fills[0] == fills[1] != fills[2]
    assert all(fill.steps <= 4 and fill.stop_reason == "converged" for fill in fills[0])
    assert engine.denoise(PROMPT, CANVASES[1:2], Budget(1), CancelToken(), 1)[0].steps == 1


def test_what_comes_after_the_hole_is_seen(engine: DiffusionEngine) -> None:
    fills = set()
    for after in (70, 71, 72, 73):
        canvas = Canvas((0, 0, 0, 0, after), (True,) * 4 + (False,))
        fills.add(engine.denoise(PROMPT, [canvas], Budget(9), CancelToken(), 0)[0].token_ids)
    assert len(fills) > 1


def test_a_warm_canvas_keeps_part_of_its_draft(engine: DiffusionEngine) -> None:
    draft = tuple(range(100, 140))
    (fill,) = engine.denoise(PROMPT, [Canvas(draft, (True,) * 40, warm=True)], Budget(3), CancelToken(), 0)
    kept = sum(a == b for a, b in zip(draft, fill.token_ids, strict=True))
    assert 5 < kept < 35 and fill.steps > 0


def test_at_the_deadline_what_is_still_masked_is_guessed(engine: DiffusionEngine) -> None:
    (fill,) = engine.denoise(PROMPT, CANVASES[1:2], Budget(9, deadline_ms=0), CancelToken(), 0)
    assert (fill.steps, fill.stop_reason, len(fill.token_ids)) == (1, "deadline", 9)
    assert not set(fill.token_ids) & engine.tokenizer.special_ids


def test_cancel_takes_effect_within_one_step(engine: DiffusionEngine) -> None:
    cancel, steps = CancelToken(), []

    def at_second(step: int, _: list[list[int]]) -> None:
        steps.append(step)
        if step == 2:
            cancel.cancel()

    fill = engine.denoise(PROMPT, CANVASES[1:2], Budget(9), cancel, 0, at_second)[0]
    assert steps == [1, 2] and (fill.stop_reason, fill.steps) == ("cancelled", 2)


def test_cancel_ends_the_judging_between_passes(engine: DiffusionEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    cancel, passes = CancelToken(), []
    real = MaskedNetwork.scores

    def scores(self: MaskedNetwork, hidden: torch.Tensor) -> torch.Tensor:
        passes.append(1)
        cancel.cancel()
        return real(self, hidden)

    monkeypatch.setattr(MaskedNetwork, "scores", scores)
    assert engine.score(PROMPT, [[5, 6, 7, 8, 9]], cancel)[0].log_probs == () and len(passes) == 1


def test_the_judges_probabilities_are_a_chain(engine: DiffusionEngine) -> None:
    one = engine.score(PROMPT, [[i] for i in range(260)], CancelToken())
    assert sum(np.exp(s.log_probs[0]) for s in one) == pytest.approx(1, abs=1e-3)
    # Of two tokens the second is judged with the first in its place; neighbours in the batch change nothing.
    (pair, _) = engine.score(PROMPT, [[7, 9], [1] * 20], CancelToken())
    network: Any = engine._network
    for at, row in ((0, [MASK, MASK]), (1, [7, MASK])):
        with torch.inference_mode():
            hidden = network.hidden_before([[*PROMPT, *row, *[MASK] * FOLLOWING]], [(0, len(PROMPT) + at)])
            log_p = network.scores(hidden)[0].log_softmax(-1)
        assert pair.log_probs[at] == pytest.approx(float(log_p[[7, 9][at]]), abs=1e-4)
        assert pair.entropies[at] == pytest.approx(float(-(log_p.exp() * log_p).sum()), abs=1e-3)


def test_judging_a_part_at_a_time_is_judging(engine: DiffusionEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [[5, 6, 7, 8, 9], [10, 11], [12] * 7]
    whole = engine.score(PROMPT, rows, CancelToken())
    monkeypatch.setattr("model.masked.network.SCORES_AT_ONCE", 600)  # two positions' scores
    monkeypatch.setattr("model.masked.network.TOKENS_AT_ONCE", 80)  # two rows
    for found, expected in zip(engine.score(PROMPT, rows, CancelToken()), whole, strict=True):
        assert found.log_probs == pytest.approx(expected.log_probs, abs=1e-4)
        assert found.entropies == pytest.approx(expected.entropies, abs=1e-3)


def test_a_draft_begins_with_what_is_typed(engine: DiffusionEngine) -> None:
    ids = engine.draft(PROMPT, 9, CancelToken(), starts_with="wé")
    assert engine.tokenizer.decode(ids).startswith("wé") and not set(ids) & engine.tokenizer.special_ids


def test_the_model_chooses_the_length_where_it_has_learned_to(dream_on: DiffusionEngine) -> None:
    canvas = Canvas((0,) * 12 + (50, 51), (True,) * 12 + (False,) * 2, pad_ends_hole=True)
    lengths, drafts = set[int](), list[list[int]]()
    for seed in range(8):
        (fill,) = dream_on.denoise(
            PROMPT, [canvas], Budget(60), CancelToken(), seed, lambda _, d: drafts.append(d[0])
        )  # fmt: skip
        assert not set(fill.token_ids) & dream_on.tokenizer.special_ids
        lengths.add(len(fill.token_ids))
    assert dream_on.info.pad_ends_hole and len(lengths) > 1 and all(d[-2:] == [50, 51] for d in drafts)
    exact = Canvas((0,) * 5, (True,) * 5)  # where the length is given, it is not the model's to choose
    assert len(dream_on.denoise(PROMPT, [exact], Budget(9), CancelToken(), 0)[0].token_ids) == 5


def failure(folder: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        load_engine(ModelSpec(str(folder), device="cpu"))
    message = str(caught.value)
    assert "\n" not in message and str(folder) in message
    return message


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_an_unknown_architecture_is_told_what_works(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "m", "llada")
    edit(folder / "config.json", model_type="mdlm")
    message = failure(folder)
    assert "'mdlm'" in message and all(
        name in message for name in ("'diffusion_gemma'", "'Dream'", "'llada'", "'qwen2'")
    )


def test_a_left_to_right_model_is_refused(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "m", "qwen2")
    edit(folder / "tokenizer_config.json", mask_token=None)
    assert "left-to-right" in failure(folder)


def test_another_llada_is_refused(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "m", "llada")
    edit(folder / "config.json", alibi=True)
    assert "alibi" in failure(folder)
    edit(folder / "config.json", alibi=False, d_model=None)
    assert "config.json" in failure(folder)


@pytest.mark.parametrize(
    ("model_type", "field"),
    [("Dream", "hidden_size"), ("Dream", "mask_token_id"), ("qwen2", "rms_norm_eps"), ("llada", "d_model"),
     ("llada", "rope_theta"), ("llada", "mask_token_id")],
)  # fmt: skip
def test_a_field_of_a_wrong_type_is_named(tmp_path: Path, model_type: str, field: str) -> None:
    folder = write_checkpoint(tmp_path / "m", model_type)
    assert {file.by for file in verify(folder)} == {"header"}
    edit(folder / "config.json", **{field: ["64"]})
    message = failure(folder)
    assert f"{folder}/config.json" in message and field in message and "restore it" in message
    with pytest.raises(CheckpointError, match=field):
        list(verify(folder))


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "m", "Dream")
    (folder / "merges.txt").unlink()
    assert "vocab.json" in failure(folder)
    (folder / "vocab.json").unlink()
    assert "neither tokenizer.json" in failure(folder)
    (folder / "tokenizer_config.json").unlink()
    assert "tokenizer_config.json" in failure(folder)


def test_weights_of_another_shape_are_named_as_published(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "m", "llada")
    edit(folder / "config.json", mlp_hidden_size=40)
    assert "model.transformer.blocks.0.ff_proj.weight" in failure(folder)
    edit(folder / "config.json", n_layers=3)
    assert "model.transformer.blocks.2" in failure(folder)


def test_loading_tells_how_much_is_in_place(folder: Path) -> None:
    told: list[tuple[int, int]] = []
    load_engine(ModelSpec(str(folder), device="cpu"), on_bytes=lambda done, needed: told.append((done, needed)))
    assert len(told) > 5 and told == sorted(told) and told[-1][0] == told[-1][1]
