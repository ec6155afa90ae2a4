"""Our loop against the class's own `generate()`: same weights, same draws, same tokens."""

from __future__ import annotations

import pytest
import torch
from transformers.models.diffusion_gemma.generation_diffusion_gemma import (
    DiffusionGemmaGenerationConfig,
    EntropyBoundSamplerConfig,
)

from model.config import SamplerConfig
from model.denoise import StepClock, denoise
from model.prompt_cache import PromptCache
from model.types import Budget, CancelToken
from tests.model.conftest import N_VOCAB, small_network

SEEDS = range(24)


def reference(network, prompt, config: SamplerConfig, seed: int) -> list[int]:
    stated = DiffusionGemmaGenerationConfig(
        max_new_tokens=12, max_denoising_steps=config.max_denoising_steps, t_min=config.t_min, t_max=config.t_max,
        sampler_config=EntropyBoundSamplerConfig(entropy_bound=config.entropy_bound),
        stability_threshold=config.stability_threshold, confidence_threshold=config.confidence_threshold,
        disable_compile=True,
    )  # fmt: skip
    torch.manual_seed(seed)
    return network.generate(input_ids=prompt, generation_config=stated).sequences[0, prompt.shape[1] :].tolist()


def ours(network, prompt, config: SamplerConfig, seed: int) -> tuple[list[int], int]:
    cache = PromptCache(network.config.text_config)
    view = cache.view(0, keep_new=True)
    network.model.encoder.language_model(input_ids=prompt, past_key_values=view)
    cache.extend(0, prompt[0].tolist(), view)
    kept = cache.view(prompt.shape[1])

    def decode(canvas, conditioning):
        return network(past_key_values=kept, decoder_input_ids=canvas, self_conditioning_logits=conditioning).logits

    shape = (1, 12)
    steps = list(
        denoise(
            decode, torch.zeros(shape, dtype=torch.long), torch.ones(shape, dtype=torch.bool),
            torch.zeros(1, dtype=torch.bool), torch.zeros(1, N_VOCAB, dtype=torch.bool), config, Budget(99),
            CancelToken(), [torch.Generator().manual_seed(seed)], StepClock(),
        )
    )  # fmt: skip
    return steps[-1].canvas[0].tolist(), len(steps)


@pytest.mark.parametrize("n_prompt", [5, 30])  # within the sliding window of 8 and beyond it
def test_same_tokens_as_generate(n_prompt: int) -> None:
    network = small_network()
    config = SamplerConfig(max_denoising_steps=6)
    prompt = torch.randint(6, N_VOCAB, (1, n_prompt), generator=torch.Generator().manual_seed(1))
    answers = set()
    for seed in SEEDS:
        tokens, _ = ours(network, prompt, config, seed)
        assert tokens == reference(network, prompt, config, seed), seed
        answers.add(tuple(tokens))
    assert len(answers) > len(SEEDS) // 2  # the seeds do matter, or the test would prove nothing


def test_stops_where_generate_stops() -> None:
    # Sharp temperatures and no bound on what is accepted: a draft that repeats ends the loop early.
    network = small_network(initializer_range=0.05)
    config = SamplerConfig(max_denoising_steps=30, entropy_bound=1e3, confidence_threshold=9.0, t_min=0.01, t_max=0.02)
    prompt = torch.randint(6, N_VOCAB, (1, 20), generator=torch.Generator().manual_seed(2))
    n_steps = []
    for seed in SEEDS[:12]:
        tokens, n = ours(network, prompt, config, seed)
        assert tokens == reference(network, prompt, config, seed), seed
        n_steps.append(n)
    assert 2 <= min(n_steps) < 30, n_steps
