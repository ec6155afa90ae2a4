"""What is usual for each length, and that only the lengths that fit a hole cost more than one step."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest

from model.engine.engine import DiffusionEngine
from model.engine.hole_lengths import LENGTHS, UsualConfidence, confidence, fitted
from model.load import load_engine
from model.types import Budget, CancelToken, Canvas, CheckpointError, ModelSpec

USUAL = UsualConfidence(0.5, 0.9, 0.3, 0.03, 0.1, n_holes=100)
PROMPT = list(b"def area(w, h):\n    return ")


@pytest.fixture
def engine(checkpoint: Path, tmp_path: Path) -> DiffusionEngine:
    folder = Path(shutil.copytree(checkpoint, tmp_path / "calibrated"))
    (folder / LENGTHS).write_bytes(msgspec.json.encode(USUAL))
    return load_engine(ModelSpec(str(folder), device="cpu"))


def canvases(*lengths: int, **changes: bool) -> list[Canvas]:
    return [Canvas((90,) * n + (140, 141), (True,) * n + (False,) * 2, **changes) for n in lengths]


def test_a_curve_is_found_again() -> None:
    measured = {n: USUAL(n) for n in (1, 2, 4, 8, 16, 32, 64)}
    curve = fitted(measured, 100)
    assert all(curve(n) == pytest.approx(y, abs=0.01) for n, y in measured.items())
    assert curve == fitted(dict(reversed(measured.items())), 100)


def test_a_curve_never_rises_nor_falls_below_zero() -> None:
    curve = fitted({1: 0.1, 2: 0.3, 4: 0.2, 8: 0.5, 16: 0.4, 32: 0.6}, 50)
    values = [curve(n) for n in range(1, 300)]
    assert values == sorted(values, reverse=True) and min(values) >= 0


def test_too_few_lengths_make_no_curve() -> None:
    with pytest.raises(ValueError, match="4 lengths are too few"):
        fitted({1: 0.5, 2: 0.4, 4: 0.3, 8: 0.2}, 100)


def test_confidence_is_at_most_that_of_the_best_token() -> None:
    p = np.array([0.7, 0.2, 0.1])
    entropy = -float((p * np.log(p)).sum())
    assert confidence([0.0]) == 1.0 and confidence([math.log(50)]) == pytest.approx(0.02)
    assert confidence([entropy]) < 0.7


def test_only_the_best_lengths_go_on(engine: DiffusionEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    network = engine._network
    real = network.decoder

    def decoder(*args):
        decode = real(*args)
        return lambda live, *rest: sizes.append(list(live)) or decode(live, *rest)

    monkeypatch.setattr(network, "decoder", decoder)
    tried = canvases(1, 2, 3, 5, 8, 12, 16)
    fills = engine.denoise(PROMPT, tried, Budget(4, keep_best=2), CancelToken(), 0)
    first = engine.denoise(PROMPT, tried, Budget(1), CancelToken(), 0)
    n_free = [sum(c.hole_mask) for c in tried]
    ranks = [confidence(f.token_entropies) / USUAL(n) for f, n in zip(first, n_free, strict=True)]
    best = sorted(sorted(range(7), key=lambda i: -ranks[i])[:2])
    assert sizes[0] == list(range(7)) and sizes[1] == best
    assert [i for i, f in enumerate(fills) if f.token_ids] == best
    assert {f.stop_reason for i, f in enumerate(fills) if i not in best} == {"pruned"}
    alone = engine.denoise(PROMPT, tried, Budget(4), CancelToken(), 0)
    assert [fills[i].token_ids for i in best] == [alone[i].token_ids for i in best]


def test_drafts_to_start_from_and_holes_that_end_early_are_not_ranked(engine: DiffusionEngine) -> None:
    tried = [*canvases(2, 4, 6), *canvases(3, warm=True), *canvases(5, pad_ends_hole=True)]
    fills = engine.denoise(PROMPT, tried, Budget(3, keep_best=1), CancelToken(), 1)
    assert [f.stop_reason == "pruned" for f in fills].count(True) == 2
    assert all(f.stop_reason != "pruned" for f in fills[3:])


def test_given_up_drafts_are_not_reported(engine: DiffusionEngine) -> None:
    seen: list[list[int]] = []
    tried = canvases(2, 4, 6, 8)

    def on_draft(step: int, ids: list[list[int]]) -> None:
        seen.append([len(row) for row in ids])

    engine.denoise(PROMPT, tried, Budget(3, keep_best=1), CancelToken(), 0, on_draft)
    assert all(row.count(0) == 3 for row in seen)


def test_where_nothing_is_known_or_more_to_come_all_go_on(engine: DiffusionEngine, checkpoint: Path) -> None:
    tried = canvases(2, 4, 6)
    for known, n_steps in ((engine, 1), (load_engine(ModelSpec(str(checkpoint), device="cpu")), 3)):
        fills = known.denoise(PROMPT, tried, Budget(n_steps, keep_best=1), CancelToken(), 0)
        assert all(f.token_ids for f in fills)


def test_a_broken_curve_is_one_clear_line(checkpoint: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(checkpoint, tmp_path / "copy"))
    (folder / LENGTHS).write_text('{"a": 1}')
    with pytest.raises(CheckpointError, match=r"lengths\.json.*infill\.bench\.calibrate"):
        load_engine(ModelSpec(str(folder), device="cpu"))
