"""How large the pieces are that a product is cut into, by device and by how many rows a weight has.

Chosen from a table, never by trying: that would stall a first request. The built-in table was reasoned from the
machine code that Triton makes for each capability (no spilled registers, `mma` with two warps where four would
fall into Blackwell's slow path), not measured. `python -m model.kernels.tune` measures on the device at hand and
writes a table of its own into the user's cache folder, which wins.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Literal

import msgspec
import torch

from model.user_folders import user_cache

log = logging.getLogger(__name__)

Kind = Literal["experts", "linear"]
MOST = 1 << 30


class Tile(msgspec.Struct, frozen=True):
    """The piece of a product that one program computes."""

    up_to: int  # mean rows of x for each weight that it is meant for
    rows: int  # of x
    weight_rows: int  # columns of the result
    warps: int
    stages: int  # groups of columns that are on their way at once


Tiles = dict[Kind, tuple[Tile, ...]]

FEW = Tile(up_to=24, rows=16, weight_rows=64, warps=2, stages=5)
SOME = Tile(up_to=48, rows=32, weight_rows=64, warps=2, stages=4)
MANY = Tile(up_to=MOST, rows=64, weight_rows=64, warps=2, stages=4)
WIDE = Tile(up_to=MOST, rows=64, weight_rows=128, warps=4, stages=3)
# With few programs for a whole device, more bytes of each must be on their way.
LINEAR = (Tile(16, 16, 64, 2, 6), Tile(32, 32, 64, 2, 5))

BUILT_IN: dict[tuple[int, int], Tiles] = {
    (8, 0): {"experts": (FEW, SOME, WIDE), "linear": (*LINEAR, MANY)},  # A100
    (8, 6): {"experts": (FEW, SOME, MANY), "linear": (*LINEAR, MANY)},  # GeForce 30, 99 KiB of shared memory
    (8, 9): {"experts": (FEW, SOME, MANY), "linear": (*LINEAR, MANY)},  # GeForce 40, L4, L40
    (9, 0): {"experts": (FEW, SOME, WIDE), "linear": (*LINEAR, MANY)},  # H100, H200
    (10, 0): {"experts": (FEW, SOME, MANY), "linear": (*LINEAR, MANY)},  # B200
    (12, 0): {"experts": (FEW, SOME, MANY), "linear": (*LINEAR, MANY)},  # GeForce 50
}


class Device(msgspec.Struct, frozen=True):
    """What a table is chosen by, and how many programs run at once."""

    name: str
    capability: tuple[int, int]
    n_processors: int


def device_of(device: str) -> Device:
    """The facts of a CUDA device; of a CPU, where Triton's interpreter runs the kernels, some small ones."""
    if not device.startswith("cuda"):
        return Device("interpreter", (8, 0), 4)
    facts = torch.cuda.get_device_properties(device)
    return Device(facts.name, (facts.major, facts.minor), facts.multi_processor_count)


def tiles_for(device: Device) -> Tiles:
    """The table that was measured on such a device, else the built-in one of the nearest older capability."""
    try:
        return _read(measured_path(device))
    except FileNotFoundError:
        pass
    except OSError as error:
        log.warning("the table of %s: %s; the built-in one is used", device.name, error)
    return BUILT_IN[max(known for known in BUILT_IN if known <= device.capability)]


def _read(path: Path) -> Tiles:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Tiles)
    except msgspec.DecodeError as error:
        raise OSError(f"{path}: {error}") from None


def measured_path(device: Device) -> Path:
    """Where the table lies that `tune` wrote for such a device; raises OSError for a user without a home folder."""
    name = "".join(c if c.isalnum() else "-" for c in device.name)
    return user_cache() / "tiles" / f"{name}.json"


def tile_for(tiles: Tiles, kind: Kind, rows_each: float) -> Tile:
    """The tile for so many rows of x for each weight."""
    return next(tile for tile in tiles[kind] if rows_each <= tile.up_to)
