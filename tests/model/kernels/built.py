"""Builds kernels for every capability of the table; prints shared memory and spilled bytes of each as JSON."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import triton
import triton.backends.nvidia
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from model.kernels import routing, step_output
from model.kernels.products import product_kernel
from model.kernels.tiles import BUILT_IN, Tile

TYPES = {
    "x": "*bf16", "codes": "*u8", "scales": "*bf16", "out": "*bf16", "ends": "*i32", "tokens": "*i32", "to": "*i32",
    "factors": "*fp32", "partial": "*fp32", "arrived": "*i32", "scores": "*bf16", "barred": "*u8", "rows": "*i64",
    "temperature": "*fp32", "uniforms": "*fp32", "largest": "*fp32", "mass": "*fp32", "moment": "*fp32",
    "best": "*i32", "draft": "*i64", "entropies": "*fp32", "sampled": "*i64", "experts": "*i64", "order": "*i32",
    "places": "*i32", "cap": "fp32",
}  # fmt: skip
UNALIGNED = ("n_rows", "n_groups", "n", "cap", "n_pieces")


def build(target: GPUTarget, kernel: Any, constants: dict[str, Any], **options: int) -> tuple[int, int]:
    """Bytes of shared memory of a block, and of a thread's stack, which is there only for what is spilled."""
    names = kernel.arg_names
    types = {n: "constexpr" if n in constants else TYPES.get(n, "i32") for n in names}
    aligned = {(i,): [["tt.divisibility", 16]] for i, n in enumerate(names) if n not in (*constants, *UNALIGNED)}
    source = ASTSource(kernel, types, {(names.index(n),): v for n, v in constants.items()}, aligned)
    built = triton.compile(source, target=target, options=options)
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(built.asm["cubin"])
        file.flush()
        tool = Path(triton.backends.nvidia.__file__).parent / "bin" / "cuobjdump"
        usage = subprocess.run([tool, "-res-usage", file.name], capture_output=True, text=True, check=True).stdout
    return built.metadata.shared, int(re.search(r"STACK:(\d+)", usage)[1])


def product(quant: str, tile: Tile, **more: Any) -> dict[str, Any]:
    """The constants of a product; what is not in `more` is as in the second one of a layer's experts."""
    rows = tile.weight_rows // 2 if more.get("GATED") else tile.weight_rows
    constants = dict(N_EXPERTS=128, TOP_K=8, FORMAT=quant, SCALE_ROWS=1, GATED=False, SPLITS=1, BM=tile.rows, BN=rows,
                     tokens=None, partial=None, arrived=None)  # fmt: skip
    constants |= more
    return {name: value for name, value in constants.items() if value != ...}


def kernels_for(capability: tuple[int, int]) -> Iterator[tuple[str, Any, dict[str, Any], dict[str, int]]]:
    """What differs between capabilities, and for one of them the rest."""
    tiles = BUILT_IN[capability]
    first, widest = tiles["experts"][0], tiles["experts"][-1]
    products: list[tuple[str, Tile, dict[str, Any]]] = [
        ("int4", widest, dict(GATED=True, tokens=..., to=None, factors=None)),
        ("fp8", widest, dict(SCALE_ROWS=64)),
    ]
    if capability == (9, 0):
        parts = dict(SPLITS=4, ends=None, to=None, factors=None, partial=..., arrived=...)
        products += [("int8", first, {}), ("int4", tiles["linear"][0], parts)]
        sizes = dict(AT_ONCE=step_output.AT_ONCE)
        yield "pieces", step_output._piece_kernel, sizes, dict(num_warps=8)
        yield "rows", step_output._row_kernel, sizes | dict(PIECES=64), dict(num_warps=8)
        yield "sort", routing._sort_kernel, dict(N_EXPERTS=128, AT_ONCE=routing.AT_ONCE), dict(num_warps=8)
    for quant, tile, more in products:
        options = dict(num_warps=tile.warps, num_stages=tile.stages)
        yield f"{quant} {tile} {more}", product_kernel, product(quant, tile, **more), options


def main() -> None:
    built: list[tuple[tuple[int, int], str, int, int]] = []
    for capability in BUILT_IN:
        target = GPUTarget("cuda", capability[0] * 10 + capability[1], 32)
        for name, kernel, constants, options in kernels_for(capability):
            built.append((capability, name, *build(target, kernel, constants, **options)))
    print(json.dumps(built))


if __name__ == "__main__":
    main()
