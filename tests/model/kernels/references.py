"""What the kernels must compute, in float64, and the comparison, for the interpreter and for a GPU."""

from __future__ import annotations

import torch
from torch import Tensor

from model.kernels.multiply import TritonMultiply
from model.kernels.step_output import step_output
from model.weights.formats import Quant
from model.weights.packing import Packed, packed

QUANTS: tuple[Quant, ...] = ("int4", "int8", "fp8")
ROUNDING = {torch.float32: 2**-23, torch.bfloat16: 2**-8}


class Cases:
    """Random inputs on one device, and the kernels' results held to the references."""

    def __init__(self, seed: int, device: str, dtype: torch.dtype) -> None:
        self.generator = torch.Generator(device).manual_seed(seed)
        self.device, self.dtype = device, dtype
        self.multiply = TritonMultiply(device)

    def random(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.generator, device=self.device).to(self.dtype)

    def weight(self, quant: Quant, *shape: int) -> Packed:
        spread = torch.rand(shape[:-1], generator=self.generator, device=self.device)[..., None] + 0.1
        return packed(torch.randn(shape, generator=self.generator, device=self.device) * spread, quant)

    def linear(self, quant: Quant, n: int, n_out: int, n_columns: int) -> None:
        x, weight = self.random(n, n_columns), self.weight(quant, n_out, n_columns)
        for _ in range(2):  # what the first product leaves behind must suit the second
            self.close(self.multiply.linear(x, weight), product(x, weight), x, weight)

    def grouped(self, quant: Quant, counts: list[int], n_out: int, n_columns: int, n_more: int = 0) -> None:
        """`counts` are the rows of each expert; `n_more` belong to none and may not be written."""
        x = self.random(sum(counts) + n_more, n_columns)
        weight = self.weight(quant, len(counts), n_out, n_columns)
        ends = torch.tensor(counts, device=self.device).cumsum(0).to(torch.int32)
        out = self.multiply.grouped(x, weight, ends)
        assert out.shape == (len(x), n_out)
        for expert, rows in enumerate(x[: sum(counts)].split(counts)):
            own = out[: sum(counts)].split(counts)[expert]
            self.close(own, product(rows, weight[expert]), rows, weight[expert])

    def experts(self, quant: Quant, top_k_index: Tensor, dim: int, inner: int, n_experts: int) -> None:
        n, top_k = top_k_index.shape
        x = self.random(n, dim)
        gate_up, down = self.weight(quant, n_experts, 2 * inner, dim), self.weight(quant, n_experts, dim, inner)
        weights = torch.rand(n, top_k, generator=self.generator, device=self.device)
        x = x / dim**0.5  # so that the gate is neither open nor shut
        out = self.multiply.experts(x, top_k_index, weights, gate_up, down)
        expected = torch.zeros(n, dim, dtype=torch.float64, device=self.device)
        for expert in top_k_index.unique().tolist():
            row, place = (top_k_index == expert).nonzero(as_tuple=True)
            gate, up = product(x[row], gate_up[expert]).chunk(2, dim=-1)
            gated = torch.nn.functional.gelu(gate, approximate="tanh") * up
            expected.index_add_(0, row, product(gated, down[expert]) * weights[row, place, None].double())
        error = (out.double() - expected).norm() / expected.norm()
        assert float(error) < 2 * ROUNDING[self.dtype] + 2e-6

    def close(self, out: Tensor, expected: Tensor, x: Tensor, weight: Packed) -> None:
        """Within the rounding of the result's type, and what float32 sums in any order differ by."""
        sums = 2**-20 * x.double().norm(dim=-1)[:, None] * weight.unpacked(torch.float32).double().norm(dim=-1)
        assert out.dtype == self.dtype
        assert bool(((out.double() - expected).abs() <= ROUNDING[self.dtype] * expected.abs() + sums).all())

    def output(self, n: int, size: int, n_canvases: int, uniforms: Tensor | None = None) -> None:
        scores, cap = self.random(n, size) * 12, 30.0
        barred = torch.rand(n_canvases, size, generator=self.generator, device=self.device) < 0.3
        barred[0, : size * 3 // 4] = True  # whole pieces of a row
        rows = torch.randint(n_canvases, (n,), generator=self.generator, device=self.device)
        temperature = torch.tensor(0.6, device=self.device)
        if uniforms is None:
            uniforms = torch.rand(n, generator=self.generator, device=self.device)
        logits = torch.tanh(scores.double() / cap) * cap / temperature.double()
        log_p = logits.masked_fill(barred[rows], -torch.inf).log_softmax(-1)
        draft, entropies, sampled, probs = step_output(scores, cap, barred, rows, temperature, uniforms)
        p = log_p.exp()
        expected = -(p * log_p.clamp(min=-1e9)).sum(-1)
        assert torch.allclose(entropies.double(), expected, atol=1e-4)
        assert torch.allclose(probs.double(), p, rtol=ROUNDING[self.dtype] + 1e-4, atol=1e-7)
        best = p.gather(-1, draft[:, None])[:, 0]
        assert torch.allclose(best, p.amax(-1), rtol=1e-5) and draft.dtype == torch.int64
        # The id at which the cumulated probability passes the number, or one at its border within rounding.
        passed = p.cumsum(-1).gather(-1, sampled[:, None])[:, 0]
        own = p.gather(-1, sampled[:, None])[:, 0]
        assert bool((own > 0).all()) and sampled.dtype == torch.int64
        assert bool(((passed - own <= uniforms + 1e-5) & (passed >= uniforms - 1e-5)).all())


def product(x: Tensor, weight: Packed) -> Tensor:
    """In float64."""
    return x.double() @ weight.unpacked(torch.float32).double().T
