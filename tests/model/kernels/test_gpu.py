"""The kernels on a GPU, in bfloat16, at the shapes of the 26B."""

from __future__ import annotations

import pytest
import torch

from model.kernels.multiply import TritonMultiply
from tests.model.kernels.references import QUANTS, Cases

pytestmark = pytest.mark.gpu


@pytest.fixture
def cases(seed: int) -> Cases:
    return Cases(seed, "cuda", torch.bfloat16)


@pytest.mark.parametrize("quant", QUANTS)
def test_every_code_is_unpacked_as_it_was_packed(cases: Cases, quant) -> None:
    weight = cases.weight(quant, 64, 256)
    codes = torch.arange(64 * weight.codes.shape[-1], device="cuda").view(64, -1).to(torch.uint8)
    if quant == "fp8":
        codes[(codes & 127) == 127] = 0  # no numbers
    weight.codes.view(torch.uint8).copy_(codes)
    x = torch.eye(256, device="cuda", dtype=torch.bfloat16)
    assert torch.equal(cases.multiply.linear(x, weight), weight.unpacked(torch.bfloat16).T)


@pytest.mark.parametrize("quant", QUANTS)
@pytest.mark.parametrize("n", [1, 8, 64, 200])
@pytest.mark.parametrize("shape", [(4096, 2816), (2112, 2816), (2816, 2112), (1024, 2816), (2816, 8192)])
def test_linear(cases: Cases, quant, n, shape) -> None:
    cases.linear(quant, n, *shape)


@pytest.mark.parametrize("quant", QUANTS)
@pytest.mark.parametrize("n", [1, 8, 64, 256, 1000])
def test_experts(cases: Cases, quant, n) -> None:
    scores = torch.rand(n, 128, generator=cases.generator, device="cuda")
    cases.experts(quant, scores.topk(8).indices, dim=2816, inner=704, n_experts=128)
    few = (scores[:, :16] + scores[:, :1]).topk(8).indices  # all rows with a few experts
    cases.experts(quant, few, dim=2816, inner=704, n_experts=128)


@pytest.mark.parametrize("quant", QUANTS)
def test_grouped(cases: Cases, quant) -> None:
    cases.grouped(quant, [0, 3, 0, 180, 1, 0, 16, 0], 1408, 2816)
    cases.grouped(quant, [0, 512, 0], 2816, 704)
    cases.grouped(quant, [7, 0, 33], 130, 704)  # fp8 rows that are no multiple of 64


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_step_output(seed: int, dtype) -> None:
    Cases(seed, "cuda", dtype).output(64, 262_144, 4)


def test_a_recorded_layer_is_played_again_with_other_routing(cases: Cases) -> None:
    multiply = TritonMultiply("cuda")
    gate_up, down = cases.weight("int4", 128, 1408, 2816), cases.weight("int4", 128, 2816, 704)
    x, weights = cases.random(32, 2816), torch.rand(32, 8, device="cuda")
    index = torch.randint(128, (32, 8), device="cuda")

    def layer() -> torch.Tensor:
        return multiply.linear(multiply.experts(x, index, weights, gate_up, down), gate_up[0])

    layer()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        out = layer()
    for _ in range(3):
        index.random_(128)
        x.normal_()
        graph.replay()
        assert torch.equal(out, layer())
