"""Every saving that `bench_less.py` takes back is still there to be taken back, and comes back afterwards."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from infill.pipeline.filler import ModelFiller
from infill.types import Filled, FillRequest
from model.engine.engine import DiffusionEngine
from model.load import load_engine
from model.types import CancelToken
from tests.bench.bench_less import CHANGES

TEXT = "def area(width, height):\n    return width * \n"


@pytest.fixture(scope="module")
def engine() -> DiffusionEngine:
    return load_engine()


def filled(engine: DiffusionEngine) -> str:
    result = ModelFiller(engine, "embedded").fill(FillRequest(TEXT, "python", offset=len(TEXT) - 1), CancelToken())
    assert isinstance(result, Filled)
    return result.completions[0].text


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_fills_and_leaves_the_engine_as_it_was(engine: DiffusionEngine, name: str) -> None:
    before = filled(engine)
    with contextmanager(CHANGES[name])(engine):
        filled(engine)
    assert filled(engine) == before
