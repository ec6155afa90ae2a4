"""Measures which tiles are fastest on the device at hand: `python -m model.kernels.tune`, some minutes.

At the shapes of the 26B, in int4, with experts drawn evenly. The table goes to the user's cache folder, where
products find it from then on; `--print` only prints it. Without a CUDA device it says so and ends.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import msgspec
import torch
from torch import Tensor
from tqdm import tqdm
from triton.runtime.errors import OutOfResources
from triton.testing import do_bench

from model import kernels
from model.kernels.multiply import TritonMultiply
from model.kernels.tiles import MOST, Device, Kind, Tile, Tiles, device_of, measured_path
from model.weights.formats import Quant
from model.weights.layout import PUBLISHED_26B as DIMS
from model.weights.packing import Packed, packed

Job = Callable[[], object]
LINEAR_SHAPES = ((4096, 2816), (2112, 2816), (2816, 2112))  # queries, dense gate, dense down
# Tokens of a pass that are measured, and up to how many mean rows for each weight they stand for.
TOKENS: dict[Kind, dict[int, int]] = {
    "experts": {32: 4, 128: 12, 256: 24, 512: 48, 1024: MOST},
    "linear": {16: 16, 32: 32, 64: 64, 128: 128, 256: 512, 1024: MOST},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument("--print", action="store_true", help="write no file")
    only_print: bool = parser.parse_args().print
    if not (torch.cuda.is_available() and kernels.usable("cuda")):
        sys.exit("no CUDA device of capability 8.0 or newer, or no Triton: there is nothing to measure")
    device = device_of("cuda")
    table = msgspec.json.format(msgspec.json.encode(measured(device)), indent=1)
    sys.stdout.write(table.decode() + "\n")
    if not only_print:
        path = measured_path(device)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(table)
        sys.stderr.write(f"{path}\n")


def measured(device: Device) -> Tiles:
    """The fastest tile for each number of tokens."""
    multiply = TritonMultiply("cuda")
    generator = torch.Generator("cuda").manual_seed(0)
    table: Tiles = {}
    for kind, n_tokens in TOKENS.items():
        jobs = (_experts if kind == "experts" else _linears)(multiply, generator, list(n_tokens))
        best: list[Tile] = []
        for n, up_to in n_tokens.items():
            times: dict[Tile, float] = {}
            for tile in tqdm(list(candidates(n, kind, up_to)), desc=f"{device.name}: {kind}, {n} tokens"):
                only: Tiles = {kind: (tile,)}
                multiply.tiles = only
                try:
                    milliseconds: Any = do_bench(jobs[n], return_mode="median")
                except OutOfResources:
                    continue
                times[tile] = milliseconds
            best.append(min(times, key=times.__getitem__))
        table[kind] = tuple(best)
    return table


def candidates(n_tokens: int, kind: Kind, up_to: int) -> Iterator[Tile]:
    """Tiles that may be fastest: none with far more rows than there are."""
    n_rows = n_tokens if kind == "linear" else n_tokens * DIMS.top_k_experts // DIMS.num_experts
    for rows in (16, 32, 64):
        if rows <= max(16, 2 * n_rows):
            for weight_rows, warps in ((32, 1), (64, 2), (64, 4), (128, 4)):
                for stages in (3, 5, 7):
                    yield Tile(up_to, rows, weight_rows, warps, stages)


def random_weight(generator: torch.Generator, *shape: int, quant: Quant = "int4") -> Packed:
    """Normal numbers [experts, rows, columns], packed; `shape` is that."""
    device = generator.device
    made = [packed(torch.randn(shape[-2:], generator=generator, device=device), quant) for _ in range(shape[0])]
    codes, scales = (torch.stack(part) for part in zip(*((w.codes, w.scales) for w in made), strict=True))
    return Packed(made[0].format, codes, scales)


def random_rows(generator: torch.Generator, *shape: int) -> Tensor:
    """Normal numbers [...] in bfloat16; `shape` is that."""
    return torch.randn(shape, generator=generator, device=generator.device).bfloat16()


def routed(generator: torch.Generator, n_tokens: int) -> Tensor:
    """Experts of each token [n, k], drawn evenly."""
    scores = torch.rand(n_tokens, DIMS.num_experts, generator=generator, device=generator.device)
    return scores.topk(DIMS.top_k_experts).indices


def _experts(multiply: TritonMultiply, generator: torch.Generator, n_tokens: list[int]) -> dict[int, Job]:
    """A layer's experts, for each number of tokens."""
    inner, dim, n_experts = DIMS.moe_intermediate_size, DIMS.hidden_size, DIMS.num_experts
    gate_up = random_weight(generator, n_experts, 2 * inner, dim)
    down = random_weight(generator, n_experts, dim, inner)
    jobs: dict[int, Job] = {}
    for n in n_tokens:
        index = routed(generator, n)
        x, factors = random_rows(generator, n, dim), random_rows(generator, *index.shape)
        jobs[n] = partial(multiply.experts, x, index, factors, gate_up, down)
    return jobs


def _linears(multiply: TritonMultiply, generator: torch.Generator, n_tokens: list[int]) -> dict[int, Job]:
    """Some linear layers one after the other, for each number of tokens."""
    weights = [random_weight(generator, 1, *shape)[0] for shape in LINEAR_SHAPES]

    def run(inputs: list[Tensor]) -> None:  # [n, columns] for each weight
        for x, weight in zip(inputs, weights, strict=True):
            multiply.linear(x, weight)

    return {n: partial(run, [random_rows(generator, n, w.shape[-1]) for w in weights]) for n in n_tokens}


if __name__ == "__main__":
    main()
