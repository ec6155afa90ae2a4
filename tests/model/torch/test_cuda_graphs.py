"""Passes of fixed sizes over tensors that stay where they are give what passes made to measure give."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from model.config import SamplerConfig
from model.diffusion.denoise import denoise, starting_rows
from model.diffusion.noise import UniformNoise
from model.diffusion.sampler import SeededDraws
from model.torch.cuda_graphs import CudaGraphDecoder, CudaGraphs
from model.torch.network import TorchNetwork
from model.types import Budget, CancelToken, Canvas
from tests.model.conftest import N_VOCAB, small_network

CANVASES = [
    Canvas((0, 0, 0, 50, 51), (True, True, True, False, False)),
    Canvas((0,) * 9, (True,) * 9),
    Canvas((40, 0, 0, 41, 42, 43, 0), (False, True, True, False, False, False, True)),
]
CONFIG = SamplerConfig(entropy_bound=1e3, t_min=0.01, t_max=0.02, confidence_threshold=9.0)  # rows settle early


@pytest.fixture
def network() -> TorchNetwork:
    return TorchNetwork(small_network(initializer_range=0.05))


def prompt(n: int, salt: int = 0) -> list[int]:
    return [6 + (i * 37 + salt) % 250 for i in range(n)]


def denoised(network: TorchNetwork, recorder: CudaGraphs | None, canvases: list[Canvas], seed: int):
    barred = np.zeros((len(canvases), N_VOCAB), np.bool_)
    barred[:, :6] = True
    barred[0, 6:60] = True  # rows differ in what they may not predict
    given = [np.array(c.canvas_ids)[np.array(c.hole_mask)] for c in canvases]
    draws = [SeededDraws(seed + i) for i in range(len(given))]
    rows = starting_rows(given, [False] * len(canvases), draws, [UniformNoise(N_VOCAB)] * len(given))
    decoder = network.decoder(canvases, barred)
    if recorder is not None:
        n_prompt = len(network._cache.ids)
        decoder = CudaGraphDecoder(recorder, network._cache.view(n_prompt), n_prompt, canvases, barred)
    list(denoise(decoder, rows, CONFIG, Budget(20), CancelToken()))
    return [(row.draft.tolist(), row.n_steps) for row in rows], [row.entropies for row in rows]


def test_the_same_as_passes_made_to_measure(network: TorchNetwork) -> None:
    recorder = CudaGraphs(network.network.model.decoder, network._vocabulary)
    n_steps = set()
    for n_prompt in (3, 12, 40, 7, 300, 40):  # of two sizes, shorter after longer too; the sliding window is 8
        network.prefill(prompt(n_prompt, salt=n_prompt))
        for seed in (0, 50):
            expected, entropies = denoised(network, None, CANVASES, seed)
            found, found_entropies = denoised(network, recorder, CANVASES, seed)
            assert found == expected
            assert all(np.allclose(a, b, atol=1e-3) for a, b in zip(entropies, found_entropies, strict=True))
            n_steps |= {n for _, n in found}
    assert len(n_steps) > 1  # canvases did leave at different steps


def test_nothing_is_recorded_twice(network: TorchNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = CudaGraphs(network.network.model.decoder, network._vocabulary)
    recorded = []
    monkeypatch.setattr(recorder, "recorded", lambda play: recorded.append(1) or CudaGraphs.recorded(recorder, play))
    for n_prompt in (20, 25, 30, 200):
        network.prefill(prompt(n_prompt))
        for n in (2, 4, 7):
            denoised(network, recorder, [Canvas((0,) * n + (9,) * 3, (True,) * n + (False,) * 3)], seed=n)
    assert len(recorded) == 1
    denoised(network, recorder, [Canvas((0,) * 20, (True,) * 20)], seed=1)
    assert len(recorded) == 2


def test_what_a_longer_prompt_left_is_not_seen(network: TorchNetwork) -> None:
    recorder = CudaGraphs(network.network.model.decoder, network._vocabulary)
    network.prefill(prompt(100))
    denoised(network, recorder, CANVASES[:2], seed=3)
    network.prefill(prompt(5, salt=99))
    assert denoised(network, recorder, CANVASES[:2], 3)[0] == denoised(network, None, CANVASES[:2], 3)[0]


@pytest.mark.gpu
def test_played_on_a_gpu_it_is_the_same(network: TorchNetwork) -> None:
    on_gpu = TorchNetwork(small_network(initializer_range=0.05).to("cuda"))
    on_gpu.network.set_experts_implementation("grouped_mm")
    recorder = CudaGraphs(on_gpu.network.model.decoder, on_gpu._vocabulary)
    for n_prompt in (12, 40, 7):
        on_gpu.prefill(prompt(n_prompt))
        for seed in (0, 50):
            assert denoised(on_gpu, recorder, CANVASES, seed)[0] == denoised(on_gpu, None, CANVASES, seed)[0]
    assert torch.cuda.memory_allocated() < 1e9
