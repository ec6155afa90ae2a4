"""Products with packed weights at the 26B's shapes: `python tests/bench/bench_kernels.py`, on a CUDA device.

Time, bytes of weights that were read, and which share of the device's own bandwidth that is, beside what does without
our kernels; then the step's output over the vocabulary. `--errors`, on any device: how far experts in each format are
from unquantized ones, each alone and a layer together. Weights are random: normal, and with a few large ones.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from model import kernels
from model.weights.formats import Quant
from model.weights.layout import PUBLISHED_26B as DIMS
from model.weights.modules import Multiply, PlainMultiply, ScratchMultiply
from model.weights.packing import Packed, packed

QUANTS: tuple[Quant, ...] = ("int4", "fp8", "int8")
DIM, INNER, N_EXPERTS, TOP_K = DIMS.hidden_size, DIMS.moe_intermediate_size, DIMS.num_experts, DIMS.top_k_experts
SHAPES = ((4096, DIM), (2048, DIM), (DIM, 4096), (2112, DIM), (DIM, 2112))
TOKENS = (8, 16, 32, 64, 128, 256, 1024)


def table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> None:
    for line in (head, ("---",) * len(head), *rows):
        print(f"| {' | '.join(line)} |", flush=True)
    print()


def weights(quant: Quant, n_experts: int, large: bool, device: str) -> tuple[list[Tensor], list[Packed]]:
    """Gate and up, and down, of some experts: as they are, in bfloat16, and packed. One expert at a time."""
    generator = torch.Generator(device).manual_seed(0)
    whole: list[Tensor] = []
    small: list[Packed] = []
    for shape in ((2 * INNER, DIM), (DIM, INNER)):
        made = torch.empty(n_experts, *shape, dtype=torch.bfloat16, device=device)
        for expert in made:
            numbers = torch.randn(shape, generator=generator, device=device) * shape[1] ** -0.5
            if large:  # one in a thousand, ten times as large
                numbers *= 1 + 9 * (torch.rand(shape, generator=generator, device=device) < 0.001)
            expert.copy_(numbers)
        packs = [packed(expert, quant) for expert in made]
        codes, scales = (torch.stack(part) for part in zip(*((p.codes, p.scales) for p in packs), strict=True))
        whole.append(made)
        small.append(Packed(packs[0].format, codes, scales))
    return whole, small


def errors(multiply: Multiply, device: str, dtype: torch.dtype, n_experts: int = 16) -> Iterator[tuple[str, ...]]:
    for quant in QUANTS:
        for large in (False, True):
            (gate_up, down), small = weights(quant, n_experts, large, device)
            x = torch.randn(32, DIM, generator=torch.Generator(device).manual_seed(1), device=device).to(dtype)

            def expert(rows: Tensor, e: int, gate_up: Tensor = gate_up, down: Tensor = down) -> Tensor:
                gate, up = (rows.double() @ gate_up[e].double().T).chunk(2, dim=-1)
                return (F.gelu(gate, approximate="tanh") * up) @ down[e].double().T

            alone: list[float] = []
            for e in range(n_experts):
                index = torch.full((len(x), 1), e, device=device)
                alone.append(off(multiply.experts(x, index, torch.ones_like(index), *small), expert(x, e)))
            index = torch.stack([torch.randperm(n_experts, device=device)[:TOP_K] for _ in x])
            expected = sum(torch.stack([expert(row[None], int(e))[0] for row, e in zip(x, c, strict=True)])
                           for c in index.T) / TOP_K  # fmt: skip
            factors = torch.full(index.shape, 1 / TOP_K, device=device)
            layer = off(multiply.experts(x, index, factors, *small), expected)
            cells = (f"{100 * v:.2f} %" for v in (sum(alone) / n_experts, max(alone), layer))
            yield quant, "a few large" if large else "normal", *cells


def off(out: Tensor, expected: Tensor) -> float:
    """Root mean square of the difference, as a part of that of what is expected."""
    return float((out.double() - expected).norm() / expected.norm())


def time_of(job: Callable[[], object]) -> float:
    """Median seconds, with a cold cache: the next weights always come from memory."""
    from triton.testing import do_bench

    return float(do_bench(job, return_mode="median")) / 1e3


def bandwidth() -> float:
    """Bytes that the device moves in a second: a large copy, read and written."""
    source = torch.empty(1 << 30, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    return 2 * source.numel() / time_of(lambda: target.copy_(source))


def row(name: str, n: int, n_bytes: float, peak: float, job: Callable[[], object]) -> tuple[str, ...]:
    seconds = time_of(job)
    rate = n_bytes / seconds
    figures = f"{seconds * 1e6:.0f}", f"{n_bytes / 1e6:.1f}", f"{rate / 1e9:.0f}", f"{100 * rate / peak:.0f} %"
    return name, str(n), *figures


def experts(multiply: Multiply, peak: float) -> Iterator[tuple[str, ...]]:
    scratch = ScratchMultiply()
    for quant in QUANTS:
        (gate_up, _), small = weights(quant, N_EXPERTS, False, "cuda")
        for n in TOKENS:
            x = torch.randn(n, DIM, device="cuda").bfloat16()
            index = torch.rand(n, N_EXPERTS, device="cuda").topk(TOP_K).indices
            given = x, index, torch.rand(n, TOP_K, device="cuda"), *small
            n_bytes = sum(p.n_bytes for p in small) * len(index.unique()) / N_EXPERTS
            yield row(f"{quant}, ours", n, n_bytes, peak, partial(multiply.experts, *given))
            yield row(f"{quant}, scratch", n, n_bytes, peak, partial(scratch.experts, *given))
    for n in TOKENS[-3:]:  # all experts have rows
        x = torch.randn(n * TOP_K, DIM, device="cuda").bfloat16()
        ends = (torch.arange(1, N_EXPERTS + 1, device="cuda") * len(x) // N_EXPERTS).int()
        job = partial(F.grouped_mm, x, gate_up.transpose(1, 2), offs=ends)
        yield row("bf16, gate and up by grouped_mm", n, gate_up.nbytes, peak, job)


def linears(multiply: Multiply, peak: float) -> Iterator[tuple[str, ...]]:
    for quant in QUANTS:
        for shape in SHAPES:
            weight = packed(torch.randn(shape, device="cuda"), quant)
            for n in TOKENS:
                x = torch.randn(n, shape[1], device="cuda").bfloat16()
                job = partial(multiply.linear, x, weight)
                yield row(f"{quant}, {shape[0]} x {shape[1]}", n, weight.n_bytes, peak, job)


def step_outputs(peak: float) -> Iterator[tuple[str, ...]]:
    from model.kernels.step_output import step_output
    from model.torch.vocabulary import step_output_of

    for n in TOKENS[:-1]:
        scores = torch.randn(n, DIMS.vocab_size, device="cuda").bfloat16()
        barred = torch.zeros(1, DIMS.vocab_size, dtype=torch.bool, device="cuda")
        rows = torch.zeros(n, dtype=torch.int64, device="cuda")
        given = scores, 30.0, barred, rows, torch.tensor(0.6, device="cuda"), torch.rand(n, device="cuda")
        for name, job in (("ours", step_output), ("plain", step_output_of)):
            yield row(name, n, 3 * scores.nbytes, peak, partial(job, *given))  # read twice, written once


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--errors", action="store_true", help="only how far each format is off; runs on a CPU too")
    only_errors: bool = parser.parse_args().errors
    on_gpu = torch.cuda.is_available() and kernels.usable("cuda")
    if not (on_gpu or only_errors):
        sys.exit("no CUDA device of capability 8.0 or newer, or no Triton; --errors runs without")
    multiply: Multiply = PlainMultiply()
    if on_gpu:
        from model.kernels.multiply import TritonMultiply

        multiply = TritonMultiply("cuda")
        print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}\n")
    device, dtype = ("cuda", torch.bfloat16) if on_gpu else ("cpu", torch.float32)
    with torch.inference_mode():
        head = ("format", "weights", "an expert, mean", "worst", f"a layer of {TOP_K} of 16")
        table(head, errors(multiply, device, dtype))
        if not only_errors:
            peak = bandwidth()
            print(f"A large copy: {peak / 1e9:.0f} GB/s\n")
            head = ("what", "tokens", "microseconds", "MB of weights", "GB/s", "of the copy's rate")
            table(head, experts(multiply, peak))
            table(head, linears(multiply, peak))
            table(("output", "tokens", "microseconds", "MB of scores", *head[4:]), step_outputs(peak))


if __name__ == "__main__":
    main()
