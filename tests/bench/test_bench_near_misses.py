"""The near misses' benchmark runs, and its fit finds weights that rows were drawn by."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from infill.retrieval import near_misses as near
from infill.retrieval.near_misses import NearMiss
from tests.bench import bench_near_misses


def test_every_table_is_printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["bench_near_misses.py", "--limit", "12"])
    bench_near_misses.main()
    printed = capsys.readouterr().out
    assert [printed.count(f"\n{what}: ") for what in ("line ends", "statements", "bodies")] == [1, 1, 1]


def test_the_fit_finds_the_weights_that_rows_were_drawn_by() -> None:
    rng = random.Random(0)
    counts = [(rng.randint(1, 5), rng.randint(0, 5)) for _ in range(20_000)]
    misses = [NearMiss("x", rng.randrange(3), rng.randrange(4), n, n + others) for n, others in counts]
    weights = bench_near_misses.fitted([(miss, rng.random() < miss.probability) for miss in misses])
    drawn_by = [near.LINE_END, *near.PER_NEIGHBOUR[1:], near.PER_NAME, near.PER_LOG_COUNT, near.PER_LOG_SHARE, 0.0]
    assert weights == pytest.approx(drawn_by, abs=0.2)
