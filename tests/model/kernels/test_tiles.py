"""Which table of tiles a device gets."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec
import pytest

from model.kernels.tiles import BUILT_IN, MOST, Device, Tile, measured_path, tile_for, tiles_for


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_an_unknown_capability_has_that_of_the_one_before() -> None:
    for capability, known in (((8, 7), (8, 6)), ((10, 3), (10, 0)), ((12, 1), (12, 0)), ((9, 0), (9, 0))):
        assert tiles_for(Device("new", capability, 100)) is BUILT_IN[known]


def test_every_number_of_rows_has_a_tile() -> None:
    for tiles in BUILT_IN.values():
        for kind in ("experts", "linear"):
            rows = [tile_for(tiles, kind, n).rows for n in (0.1, 1, 16, 30, 64, 10_000)]
            assert rows == sorted(rows)


def test_what_was_measured_wins_unless_it_is_damaged(caplog: pytest.LogCaptureFixture) -> None:
    device = Device("NVIDIA L4 / 24G", (8, 9), 58)
    path = measured_path(device)
    path.parent.mkdir(parents=True)
    tile = Tile(MOST, 32, 32, 1, 7)
    path.write_bytes(msgspec.json.encode({"experts": (tile,), "linear": (tile,)}))
    assert tile_for(tiles_for(device), "linear", 5) == tile
    path.write_text('{"experts": [{"rows"')
    with caplog.at_level(logging.WARNING):
        assert tiles_for(device) is BUILT_IN[8, 9]
    assert str(path) in caplog.text
