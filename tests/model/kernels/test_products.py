"""Products with packed weights in Triton's interpreter: float32, so the words for bfloat16 are left to a GPU.

What it proves is all that is index and order: tiles and their ends, experts without rows, parts of the columns, where
scales are, where rows go. That the kernels can be built is proven by test_built.py, without a GPU too.
"""

from __future__ import annotations

import pytest
import torch

from tests.model.kernels.references import QUANTS, Cases


@pytest.fixture
def cases(seed: int) -> Cases:
    return Cases(seed, "cpu", torch.float32)


@pytest.mark.parametrize("quant", QUANTS)
def test_linear(cases: Cases, quant) -> None:
    cases.linear(quant, 5, 130, 704)  # neither rows of x nor of the weight fill their tiles
    cases.linear(quant, 1, 64, 64)


def test_linear_in_parts(cases: Cases) -> None:
    assert cases.multiply._splits(2, 24) == cases.multiply._splits(1, 25) == 4
    cases.linear("int4", 7, 96, 1536)
    cases.linear("fp8", 3, 40, 1600)  # 25 groups in four parts
    assert not cases.multiply._arrived.any()


def test_linear_with_many_rows(cases: Cases) -> None:
    cases.linear("int4", 70, 64, 128)


def test_linear_without_rows(cases: Cases) -> None:
    assert cases.multiply.linear(cases.random(0, 64), cases.weight("int4", 32, 64)).shape == (0, 32)


@pytest.mark.parametrize("quant", QUANTS)
def test_grouped(cases: Cases, quant) -> None:
    cases.grouped(quant, [0, 3, 0, 18, 16, 0], 130, 128)  # experts without rows at either end


@pytest.mark.parametrize("counts", [[0, 0, 40, 0], [40, 0, 0, 0], [0, 0, 0, 40], [0, 0, 0, 0], [1, 1, 1, 1]])
def test_all_rows_with_one_expert_or_none(cases: Cases, counts) -> None:
    cases.grouped("int4", counts, 64, 64)


def test_larger_tiles(cases: Cases) -> None:
    cases.grouped("int4", [70, 50], 64, 64)
    cases.grouped("int4", [90, 0, 61], 160, 64)


def test_experts_that_are_no_power_of_two_and_rows_of_none(cases: Cases) -> None:
    cases.grouped("int8", [2, 0, 5], 64, 64, n_more=4)


@pytest.mark.parametrize("quant", QUANTS)
def test_experts(cases: Cases, quant) -> None:
    index = torch.stack([torch.randperm(3, generator=cases.generator)[:2] for _ in range(9)])
    cases.experts(quant, index, dim=128, inner=64, n_experts=3)


def test_experts_that_all_rows_go_to(cases: Cases) -> None:
    cases.experts("int4", torch.tensor([[3, 1]]).repeat(20, 1), dim=64, inner=64, n_experts=4)


def test_the_same_numbers_give_the_same_product(cases: Cases) -> None:
    x, weight = cases.random(6, 1536), cases.weight("int4", 64, 1536)
    assert torch.equal(cases.multiply.linear(x, weight), cases.multiply.linear(x, weight))
