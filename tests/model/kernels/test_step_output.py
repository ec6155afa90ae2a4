"""The vocabulary's kernels in Triton's interpreter, in float32."""

from __future__ import annotations

import pytest
import torch

from tests.model.kernels.references import Cases


@pytest.fixture
def cases(seed: int) -> Cases:
    return Cases(seed, "cpu", torch.float32)


@pytest.mark.parametrize("size", [262, 4096, 10_000])
def test_step_output(cases: Cases, size: int) -> None:
    cases.output(5, size, 2)


def test_numbers_at_either_end(cases: Cases) -> None:
    cases.output(2, 9000, 1, torch.tensor([0.0, 1 - 2**-24]))
