"""Our loop against the class's own `generate()`: same weights, same draws, same tokens."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers.models.diffusion_gemma.generation_diffusion_gemma import (
    DiffusionGemmaGenerationConfig,
    EntropyBoundSamplerConfig,
)

from model.config import SamplerConfig
from model.diffusion.denoise import denoise, starting_rows
from model.diffusion.noise import UniformNoise
from model.diffusion.sampler import SeededDraws
from model.torch.network import TorchNetwork
from model.torch.vocabulary import choose
from model.types import Budget, CancelToken, Canvas
from tests.model.conftest import N_VOCAB, small_network

SEEDS = range(24)
CANVAS = Canvas((0,) * 12, (True,) * 12)


def reference(network, prompt, config: SamplerConfig, seed: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What `generate()` writes when it draws from our generator instead of torch's global one."""
    draws = SeededDraws(seed)

    def multinomial(probs, num_samples):
        assert num_samples == 1
        return choose(probs, torch.from_numpy(draws.uniforms(len(probs))), probs.argmax(-1))[:, None]

    def randint(low, high, size, **_):
        assert low == 0 and size[0] == 1
        return torch.from_numpy(draws.noise(size[1], high))[None]

    stated = DiffusionGemmaGenerationConfig(
        max_new_tokens=12, max_denoising_steps=config.max_denoising_steps, t_min=config.t_min, t_max=config.t_max,
        sampler_config=EntropyBoundSamplerConfig(entropy_bound=config.entropy_bound),
        stability_threshold=config.stability_threshold, confidence_threshold=config.confidence_threshold,
        disable_compile=True,
    )  # fmt: skip
    with monkeypatch.context() as patched:
        patched.setattr(torch, "multinomial", multinomial)
        patched.setattr(torch, "randint", randint)
        out = network.generate(input_ids=prompt, generation_config=stated)
    return out.sequences[0, prompt.shape[1] :].tolist()


def ours(network, prompt, config: SamplerConfig, seed: int) -> tuple[list[int], int]:
    wrapped = TorchNetwork(network)
    wrapped.prefill(prompt[0].tolist())
    rows = starting_rows([np.zeros(12, np.int64)], [False], [SeededDraws(seed)], [UniformNoise(N_VOCAB)])
    decoder = wrapped.decoder([CANVAS], np.zeros((1, N_VOCAB), np.bool_))
    list(denoise(decoder, rows, config, Budget(99), CancelToken()))
    return rows[0].draft.tolist(), rows[0].n_steps


@pytest.mark.parametrize("n_prompt", [5, 30])  # within the sliding window of 8 and beyond it
def test_same_tokens_as_generate(n_prompt: int, monkeypatch: pytest.MonkeyPatch) -> None:
    network = small_network()
    config = SamplerConfig(max_denoising_steps=6)
    prompt = torch.randint(6, N_VOCAB, (1, n_prompt), generator=torch.Generator().manual_seed(1))
    answers = set()
    for seed in SEEDS:
        tokens, _ = ours(network, prompt, config, seed)
        assert tokens == reference(network, prompt, config, seed, monkeypatch), seed
        answers.add(tuple(tokens))
    assert len(answers) > len(SEEDS) // 2  # the seeds do matter, or the test would prove nothing


def test_stops_where_generate_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    # Sharp temperatures and no bound on what is accepted: a draft that repeats ends the loop early.
    network = small_network(initializer_range=0.05)
    config = SamplerConfig(max_denoising_steps=30, entropy_bound=1e3, confidence_threshold=9.0, t_min=0.01, t_max=0.02)
    prompt = torch.randint(6, N_VOCAB, (1, 20), generator=torch.Generator().manual_seed(2))
    n_steps = []
    for seed in SEEDS[:12]:
        tokens, n = ours(network, prompt, config, seed)
        assert tokens == reference(network, prompt, config, seed, monkeypatch), seed
        n_steps.append(n)
    assert 2 <= min(n_steps) < 30, n_steps
