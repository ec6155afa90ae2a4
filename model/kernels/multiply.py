"""`Multiply` by our Triton kernels: packed weights are never written out unpacked, nothing waits for the device.

A product's grid does not depend on how rows fall to experts, so a CUDA graph can hold it. The programs that share a
tile of `linear` count themselves in one buffer: products of one `TritonMultiply` belong on one stream.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from model.kernels.products import product_kernel
from model.kernels.routing import sorted_by_expert
from model.kernels.tiles import Tiles, device_of, tile_for, tiles_for
from model.weights.packing import Packed

PROGRAMS_EACH = 4  # that a processor should have, as far as columns can be split
FEWEST_GROUPS = 6  # of columns in a part
MOST_TILES = 4096  # whose columns are split


class Routing(NamedTuple):
    """Which rows of x each weight is multiplied with, and where the products go; by default one weight for all rows."""

    ends: Tensor | None = None  # [experts] where each expert's rows end
    tokens: Tensor | None = None  # [rows] top_k times the row of x that each row is; the product is gated then
    top_k: int = 1
    to: Tensor | None = None  # [rows] which row of the result each row goes to
    factors: Tensor | None = None  # [rows] what each row of the result is multiplied by


class TritonMultiply:
    """Products with packed weights on a CUDA device of capability 8.0 and newer, or in Triton's interpreter."""

    def __init__(self, device: str) -> None:
        facts = device_of(device)
        self.tiles: Tiles = tiles_for(facts)
        self._n_wanted = facts.n_processors * PROGRAMS_EACH
        self._arrived = torch.zeros(MOST_TILES, dtype=torch.int32, device=device)

    def linear(self, x: Tensor, weight: Packed) -> Tensor:
        out = x.new_empty(len(x), weight.shape[-2])
        return self._product(x, weight, out, Routing())

    def grouped(self, x: Tensor, weight: Packed, ends: Tensor) -> Tensor:
        out = x.new_empty(len(x), weight.shape[-2])
        return self._product(x, weight, out, Routing(ends))

    def experts(self, x: Tensor, top_k_index: Tensor, top_k_weights: Tensor, gate_up: Packed, down: Packed) -> Tensor:
        n, top_k = top_k_index.shape
        order, ends = sorted_by_expert(top_k_index.reshape(-1), gate_up.shape[0])
        gated = x.new_empty(n * top_k, down.shape[-1])
        self._product(x, gate_up, gated, Routing(ends, tokens=order, top_k=top_k))
        out = x.new_empty(n * top_k, x.shape[-1])
        self._product(gated, down, out, Routing(ends, to=order, factors=top_k_weights.reshape(-1)))
        return out.unflatten(0, (n, top_k)).sum(1)

    def _product(self, x: Tensor, weight: Packed, out: Tensor, routing: Routing) -> Tensor:
        """`out` [rows, n_out], written; with `routing.tokens`, whose rows are those of `out`, gated."""
        ends, tokens, top_k, to, factors = routing
        n_rows, n_out = out.shape
        if n_rows == 0:
            return out
        n_experts = 1 if ends is None else weight.shape[0]
        gated = tokens is not None
        tile = tile_for(self.tiles, "linear" if ends is None else "experts", n_rows / n_experts)
        n_weight_rows = tile.weight_rows // 2 if gated else tile.weight_rows
        slots = -(-n_rows // tile.rows) if ends is None else n_rows // tile.rows + n_experts
        n_tiles = slots * -(-n_out // n_weight_rows)
        splits = self._splits(n_tiles, weight.scales.shape[-1]) if ends is None else 1
        partial = x.new_empty(splits, n_tiles, n_weight_rows, tile.rows, dtype=torch.float32) if splits > 1 else None
        codes = weight.codes.view(torch.uint8) if weight.format.name == "fp8" else weight.codes
        launch: Any = product_kernel
        launch[n_tiles, splits](
            x.contiguous(), codes, weight.scales, out, ends, tokens, to, factors, partial, self._arrived,
            n_rows, n_out, weight.scales.shape[-1],
            N_EXPERTS=n_experts, TOP_K=top_k, FORMAT=weight.format.name, SCALE_ROWS=weight.format.scale_rows,
            GATED=gated, SPLITS=splits, BM=tile.rows, BN=n_weight_rows, num_warps=tile.warps, num_stages=tile.stages,
        )  # fmt: skip
        return out

    def _splits(self, n_tiles: int, n_groups: int) -> int:
        """Parts of the columns, so that the whole device has work: a power of two, as each is a variant to compile."""
        splits = 1
        while splits * 2 <= min(self._n_wanted // n_tiles, n_groups // FEWEST_GROUPS) and n_tiles <= MOST_TILES:
            splits *= 2
        return splits
