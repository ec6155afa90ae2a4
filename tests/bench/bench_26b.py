"""DiffusionGemma at its true shape with random weights on a GPU, beside stock `generate()` and the byte floor.

`python tests/bench/bench_26b.py [--formats int4 fp8 bf16] [--quick] [--small]` prints markdown. Needs no
checkpoint: weights are drawn on the device. bf16 takes 52 GB, the others fit a 32 or a 24 GB card (`--formats
int4`). `--small` runs everything at a small size, on a CPU too: that proves the script and says nothing of speed.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from model.engine.engine import DiffusionEngine
from model.torch.network import TorchNetwork
from model.types import Budget, CancelToken, Canvas, InfillConfig
from model.weights.formats import QUANTS, Quant, resident_bytes, step_bytes, total
from model.weights.layout import PUBLISHED_26B, Dims
from tests.bench.large.measure import kernel_ms, median_ms, read_rate
from tests.bench.large.weights import SMALL, random_network

CANVASES = (16, 32, 64, 128, 256)
TOKENS_PER_FORWARD = 15
AIMS = {
    "resident, GB": "int4: 17", "48 steps at canvas 256, tokens/s": "1,100",
    "one line, 5 steps and the judge, ms": "60",
    "ten lines, 16 steps, ms": "160", "1,000 fresh prompt tokens, ms": "60", "time outside kernels": "15 %",
    "step at canvas 256 over stock `generate()`": "3.0×",
}  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    args = arguments(argv)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu" and not args.small:
        print("no CUDA device here. On a machine with one (80 GB for all formats): pip install -e '.[dev]' &&",
              "python tests/bench/bench_26b.py", file=sys.stderr)  # fmt: skip
        return 2
    dims = SMALL if args.small else PUBLISHED_26B
    if args.small:
        torch.set_num_threads(1)  # what is not measured need not fight for the machine
    plan = SMALL_PLAN if args.small else QUICK_PLAN if args.quick else Plan()
    name = torch.cuda.get_device_name() if device == "cuda" else "CPU, small: no figure here says anything of speed"
    rate = read_rate(device)
    size = "small" if args.small else "26B"
    print(f"### DiffusionGemma {size}, random weights\n\n{name}; torch {torch.__version__};",
          f"{time.strftime('%Y-%m-%d')}; reads {rate / 1e9:,.0f} GB/s; prompt of {plan.n_prompt} tokens\n")  # fmt: skip
    found: dict[Quant, dict[str, str]] = {}
    stock: float | None = None
    for quant in sorted(args.formats, key=lambda q: q != "bf16"):
        found[quant], stock = measured(dims, device, quant, rate, plan, stock)
    table(found)
    return 0


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    n_prompt: int = 1024
    n_fresh: int = 1000
    n_runs: int = 30
    stock_steps: tuple[int, int] = (4, 20)  # their difference is what is measured


QUICK_PLAN = Plan(n_runs=3)
SMALL_PLAN = Plan(n_prompt=64, n_fresh=50, n_runs=1, stock_steps=(1, 3))


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--formats", nargs="+", choices=QUANTS, default=["bf16", "fp8", "int4"], metavar="FORMAT")
    parser.add_argument("--quick", action="store_true", help="few runs of each")
    parser.add_argument("--small", action="store_true", help="a small network, on a CPU too")
    return parser.parse_args(argv)


def measured(
    dims: Dims, device: str, quant: Quant, rate: float, plan: Plan, stock: float | None
) -> tuple[dict[str, str], float | None]:
    """Every figure of one format, as text, and milliseconds of a stock step, which bf16 measures for all."""
    n = plan.n_runs
    rows: dict[str, str] = {}
    started = time.perf_counter()
    model = random_network(dims, device, quant)
    rows["weights made and quantized, s"] = f"{time.perf_counter() - started:.1f}"
    if device == "cuda":
        rows["resident, GB"] = f"{torch.cuda.memory_allocated() / 1e9:.1f}"
        rows["the same as counted, GB"] = f"{total(resident_bytes(dims, quant, 0, 0)) / 1e9:.1f}"
    network = TorchNetwork(model)
    prompt = np.random.default_rng(0).integers(6, dims.vocab_size, plan.n_prompt).tolist()
    steps: dict[int, float] = {}
    for n_canvas in CANVASES:
        steps[n_canvas] = step_ms(network, prompt, n_canvas, device, n)
        over = steps[n_canvas] / (step_bytes(dims, quant, n_canvas) / rate * 1000)
        rows[f"step at canvas {n_canvas}, ms (times its floor)"] = f"{steps[n_canvas]:.2f} ({over:.1f}×)"
    rows["48 steps at canvas 256, tokens/s"] = f"{TOKENS_PER_FORWARD / steps[256] * 1000:,.0f}"
    if device == "cuda":
        step = step_of(network, prompt, 64)
        busy, whole = kernel_ms(step, n), median_ms(device, step, n)
        rows["time outside kernels"] = f"{max(0.0, 1 - busy / whole):.0%}"
    rows |= fills(network, prompt, device, plan)
    if quant == "bf16":
        stock = stock_step_ms(model, prompt, device, plan)
        rows["stock `generate()`, a step at canvas 256, ms"] = f"{stock:.2f}"
    if stock is not None:
        rows["step at canvas 256 over stock `generate()`"] = f"{stock / steps[256]:.1f}×"
        rows["step at canvas 64 over stock `generate()` at 256"] = f"{stock / steps[64]:.1f}×"
    if device == "cuda":
        rows["peak, GB"] = f"{torch.cuda.max_memory_allocated() / 1e9:.1f}"
    del model, network
    gc.collect()
    if device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    return rows, stock


def step_of(network: TorchNetwork, prompt: list[int], n_canvas: int):
    """One denoising step of a canvas whose last eighth is a clamped suffix, the host's share included."""
    network.prefill(prompt)
    n_free = n_canvas - n_canvas // 8
    canvas = Canvas((7,) * n_canvas, (True,) * n_free + (False,) * (n_canvas - n_free))
    decode = network.decoder([canvas], np.zeros((1, network.vocab_size), np.bool_))
    ids = np.random.default_rng(1).integers(6, network.vocab_size, n_free)
    uniforms = np.full(n_free, 0.5, np.float32)
    return partial(decode, [0], ids, 0.6, uniforms)


def step_ms(network: TorchNetwork, prompt: list[int], n_canvas: int, device: str, n: int) -> float:
    return median_ms(device, step_of(network, prompt, n_canvas), n)


class NoText:
    """Random ids have no text; the engine needs to know what is special."""

    pad_id = 0
    special_ids = frozenset(range(6))


def fills(network: TorchNetwork, prompt: list[int], device: str, plan: Plan) -> dict[str, str]:
    """Denoising and judging as a fill does them, without what text costs."""
    engine = DiffusionEngine(network, NoText(), InfillConfig(name="random"), None)  # type: ignore[arg-type]
    generator, n = np.random.default_rng(2), plan.n_runs
    line = [Canvas((7,) * (m + 16), (True,) * m + (False,) * 16) for m in (2, 4, 8, 16, 24)]
    block = [Canvas((7,) * 128, (True,) * 112 + (False,) * 16)]
    candidates = [generator.integers(6, network.vocab_size, 18).tolist() for _ in range(12)]

    def fill(canvases: list[Canvas], n_steps: int) -> None:
        engine.denoise(prompt, canvases, Budget(n_steps), CancelToken(), 0)
        engine.score(prompt, candidates, CancelToken())

    def encode() -> None:
        network.prefill([8])  # shares nothing
        network._caches.clear()
        network.prefill(prompt[: plan.n_fresh])

    return {
        "one line, 5 steps and the judge, ms": f"{median_ms(device, lambda: fill(line, 5), n):.1f}",
        "ten lines, 16 steps, ms": f"{median_ms(device, lambda: fill(block, 16), n):.1f}",
        "1,000 fresh prompt tokens, ms": f"{median_ms(device, encode, max(3, n // 3)):.1f}",
    }


def stock_step_ms(model, prompt: list[int], device: str, plan: Plan) -> float:
    """What one more step costs in the library's own loop, which always has 256 positions and its own stop rule."""
    from transformers.models.diffusion_gemma.generation_diffusion_gemma import (
        DiffusionGemmaGenerationConfig,
        EntropyBoundSamplerConfig,
    )

    def generate(n_steps: int) -> None:
        config = DiffusionGemmaGenerationConfig(
            max_new_tokens=256, max_denoising_steps=n_steps, confidence_threshold=1e-9, disable_compile=True,
            sampler_config=EntropyBoundSamplerConfig(entropy_bound=0.1),
        )  # fmt: skip
        model.generate(input_ids=torch.tensor([prompt], device=device), generation_config=config)

    few, many = plan.stock_steps
    first, second = (median_ms(device, partial(generate, k), min(plan.n_runs, 3), 1) for k in (few, many))
    return (second - first) / (many - few)


def table(found: dict[Quant, dict[str, str]]) -> None:
    names = dict.fromkeys(name for rows in found.values() for name in rows)
    print(f"| figure | {' | '.join(found)} | aim |\n|---|{'---|' * (len(found) + 1)}")
    for name in names:
        print(f"| {name} | {' | '.join(rows.get(name, '') for rows in found.values())} | {AIMS.get(name, '')} |")


if __name__ == "__main__":
    sys.exit(main())
