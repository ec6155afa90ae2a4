"""Packing and back: how much is lost in each format, against references written differently, and the odd cases."""

from __future__ import annotations

import pytest
import torch

from model.weights.formats import GROUP
from model.weights.packing import packed

# Relative error (root mean square) of normal numbers, that of the best scale per group and a margin.
LOSSES = {"int4": 0.105, "int8": 0.008, "fp8": 0.03}


def loss(weight: torch.Tensor, quant) -> float:
    back = packed(weight, quant).unpacked(torch.float32)
    assert back.shape == weight.shape
    return float((back - weight.float()).norm() / weight.float().norm())


@pytest.mark.parametrize("quant", LOSSES)
@pytest.mark.parametrize("shape", [(64, 64), (130, 256), (5, 96, 128)])
def test_little_is_lost(quant, shape) -> None:
    for seed in range(3):
        weight = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
        assert 0 < loss(weight, quant) < LOSSES[quant]


@pytest.mark.parametrize("quant", LOSSES)
def test_each_group_has_a_scale_of_its_own(quant) -> None:
    weight = torch.randn(64, 4 * GROUP, generator=torch.Generator().manual_seed(1))
    weight *= torch.tensor([1e-3, 1.0, 30.0, 1e3]).repeat_interleave(GROUP)
    back = packed(weight, quant).unpacked(torch.float32)
    for i in range(4):
        part = slice(i * GROUP, (i + 1) * GROUP)
        assert (back[:, part] - weight[:, part]).norm() / weight[:, part].norm() < LOSSES[quant]


def test_int4_is_as_a_loop_computes_it() -> None:
    weight = torch.randn(3, 2 * GROUP, generator=torch.Generator().manual_seed(2))
    made = packed(weight, "int4")
    for row in range(3):
        for group in range(2):
            numbers = weight[row, group * GROUP : (group + 1) * GROUP].tolist()
            farthest = max(numbers, key=abs)
            scale = float(torch.tensor(farthest / -8).to(torch.bfloat16))
            assert float(made.scales[row, group]) == scale
            for j in range(GROUP // 2):
                byte = int(made.codes[row, group * GROUP // 2 + j])
                for code, number in ((byte & 15, numbers[j]), (byte >> 4, numbers[j + GROUP // 2])):
                    assert code == min(max(round(number / scale), -8), 7) + 8 or abs(number / scale % 1 - 0.5) < 1e-5


@pytest.mark.parametrize("quant", LOSSES)
def test_zeros_stay_zeros(quant) -> None:
    weight = torch.zeros(64, 128)
    weight[0, 64:] = 1.0
    back = packed(weight, quant).unpacked(torch.float32)
    assert torch.equal(back[:, :64], weight[:, :64]) and torch.allclose(back[0, 64:], weight[0, 64:], rtol=0.01)


@pytest.mark.parametrize("quant", LOSSES)
def test_a_weight_packed_in_pieces_is_the_same(quant, monkeypatch: pytest.MonkeyPatch) -> None:
    weight = torch.randn(3, 150, 128, generator=torch.Generator().manual_seed(4))
    whole = packed(weight, quant)
    monkeypatch.setattr("model.weights.packing.AT_ONCE", 1)
    pieces = packed(weight, quant)
    assert torch.equal(whole.codes.view(torch.uint8), pieces.codes.view(torch.uint8))
    assert torch.equal(whole.scales, pieces.scales)


@pytest.mark.parametrize("quant", LOSSES)
def test_one_expert_is_a_part_of_all(quant) -> None:
    made = packed(torch.randn(4, 64, 128), quant)
    assert torch.equal(made[2].unpacked(torch.float32), made.unpacked(torch.float32)[2])


def test_other_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="groups of 64"):
        packed(torch.randn(8, 100), "int4")
