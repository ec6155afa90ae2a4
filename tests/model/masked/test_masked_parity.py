"""The loop over masked models against plain loops, written as the papers have them, over the library's own pass.

The reference reads logits from the class with an explicit mask of ones, one row at a time, and knows nothing of
our rows, decoders and batches. LLaDA's pass is written out by its own tensor names, since no class has them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from model.config import SamplerConfig
from model.diffusion.denoise import denoise, starting_rows
from model.diffusion.sampler import SeededDraws
from model.load import load_engine
from model.torch.vocabulary import choose
from model.types import Budget, CancelToken, Canvas, ModelSpec
from tests.model.masked_checkpoints import BOS, EXPAND, MASK, N_ROWS, PAD, reference_network, write_checkpoint

PROMPT = [BOS, *range(30, 42)]
Logits = Callable[[list[int]], Tensor]  # of a whole row, [positions, ids]


def plain_pass(model_type: str) -> Logits:
    """Logits for each position, of what stands there, from the library's class attending both ways."""
    network = reference_network(model_type)

    def logits(row: list[int]) -> Tensor:
        both_ways = torch.ones(1, 1, len(row), len(row), dtype=torch.bool)
        out = network(input_ids=torch.tensor([row]), attention_mask=both_ways).logits[0]
        return out if model_type == "llada" else torch.cat((out[:1], out[:-1]))

    return logits


def bar(logits: Tensor, allowed: tuple[int, ...] = ()) -> Tensor:
    logits = logits.clone()
    logits[..., [i for i in range(256, N_ROWS) if i not in allowed]] = -torch.inf
    return logits


def entropy_of(logits: Tensor) -> Tensor:
    return torch.distributions.Categorical(logits=logits).entropy()


def by_entropy(logits: Logits, n: int, suffix: list[int], bound: float, seed: int) -> list[int]:
    """Decide the surest masks, as many as the bound allows and one at least, until there are none."""
    draws, hole = SeededDraws(seed), [MASK] * n
    while MASK in hole:
        numbers = torch.from_numpy(draws.uniforms(n))
        said = bar(logits([*PROMPT, *hole, *suffix])[len(PROMPT) : len(PROMPT) + n]) / 0.2
        order = sorted((float(entropy_of(said[i])), i) for i in range(n) if hole[i] == MASK)
        spent = 0.0
        for entropy, i in order:
            if spent <= bound:
                hole[i] = int(choose(said[i].softmax(-1)[None], numbers[i, None], said[i].argmax()[None]))
            spent += entropy
    return hole


def ours(folder: Path, n: int, suffix: list[int], bound: float, seed: int, elastic: bool = False) -> list[int]:
    engine = load_engine(ModelSpec(str(folder), device="cpu"))
    network, canvas = (
        engine._network,
        Canvas((*[0] * n, *suffix), (*[True] * n, *[False] * len(suffix)), False, elastic),
    )
    network.prefill(PROMPT)
    rows = starting_rows([np.zeros(n, np.int64)], [False], [SeededDraws(seed)], [network.noise(canvas)])
    decoder = network.decoder([canvas], engine._barred([canvas]))
    config = SamplerConfig(entropy_bound=bound, t_min=0.2, t_max=0.2, max_denoising_steps=200)
    list(denoise(decoder, rows, config, Budget(200), CancelToken()))
    return rows[0].draft.tolist()


@pytest.mark.parametrize("model_type", ["Dream", "qwen2", "llada"])
@pytest.mark.parametrize("bound", [1e-9, 8.0])
def test_same_tokens_as_the_plain_loop(model_type: str, bound: float, tmp_path: Path) -> None:
    folder, logits = write_checkpoint(tmp_path / "m", model_type), plain_pass(model_type)
    answers = set()
    for seed, suffix in ((0, []), (1, []), (2, [70, 71, 72]), (3, [70, 71, 72])):
        found = ours(folder, 7, suffix, bound, seed)
        assert found == by_entropy(logits, 7, suffix, bound, seed), seed
        answers.add(tuple(found))
    assert len(answers) == 4


def of_any_length(logits: Logits, room: int, suffix: list[int], seed: int) -> tuple[list[int], set[str]]:
    """DreamOn's: one token a step, which may delete its mask or put two in its place; and what happened."""
    draws, hole, happened = SeededDraws(seed), [MASK] * 4, set[str]()
    for _ in range(200):
        if MASK not in hole:
            break
        numbers = torch.from_numpy(draws.uniforms(room))
        allowed = (PAD, EXPAND) if len(hole) < room else (PAD,)
        said = bar(logits([*PROMPT, *hole, *suffix])[len(PROMPT) : len(PROMPT) + len(hole)], allowed) / 0.2
        _, i = min((float(entropy_of(said[i])), i) for i in range(len(hole)) if hole[i] == MASK)
        token = int(choose(said[i].softmax(-1)[None], numbers[i, None], said[i].argmax()[None]))
        hole[i : i + 1] = {PAD: [], EXPAND: [MASK, MASK]}.get(token, [token])
        happened.add({PAD: "delete", EXPAND: "expand"}.get(token, "token"))
    return hole, happened


def test_same_length_and_tokens_as_dreamons_loop(tmp_path: Path) -> None:
    folder, logits = write_checkpoint(tmp_path / "m", "Dream", n_added=5), plain_pass("Dream")
    happened, lengths = set[str](), set[int]()
    for seed in range(12):
        expected, what = of_any_length(logits, 10, [70, 71, 72], seed)
        found = ours(folder, 10, [70, 71, 72], 1e-9, seed, elastic=True)
        assert found == [*expected, *[PAD] * (10 - len(expected))], seed
        happened |= what
        lengths.add(len(expected))
    assert happened == {"delete", "expand", "token"} and len(lengths) > 1


def llada_pass(weights: dict[str, Tensor], ids: list[int]) -> Tensor:
    """LLaDA's forward under the names of its checkpoint: pre-norm, rotary halves, a gate named ff_proj."""

    def rms(x: Tensor, name: str) -> Tensor:
        return x / (x.pow(2).mean(-1, keepdim=True) + 1e-5).sqrt() * weights[name]

    def rotated(x: Tensor) -> Tensor:  # [heads, T, 8]
        angles = torch.arange(x.shape[1])[:, None] * 5e5 ** (-torch.arange(0, 8, 2) / 8)
        cos, sin, (a, b) = angles.cos(), angles.sin(), x.chunk(2, -1)
        return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)

    x = weights["model.transformer.wte.weight"][ids]
    for block in ("model.transformer.blocks.0.", "model.transformer.blocks.1."):
        h = rms(x, block + "attn_norm.weight")
        q, k, v = ((h @ weights[f"{block}{n}_proj.weight"].T).view(len(ids), 4, 8).transpose(0, 1) for n in "qkv")
        seen = (rotated(q) @ rotated(k).transpose(1, 2) / math.sqrt(8)).softmax(-1) @ v
        x = x + seen.transpose(0, 1).reshape(len(ids), 32) @ weights[block + "attn_out.weight"].T
        h = rms(x, block + "ff_norm.weight")
        gate, up = h @ weights[block + "ff_proj.weight"].T, h @ weights[block + "up_proj.weight"].T
        x = x + (torch.nn.functional.silu(gate) * up) @ weights[block + "ff_out.weight"].T
    return rms(x, "model.transformer.ln_f.weight") @ weights["model.transformer.ff_out.weight"].T


def test_llada_is_llama_under_other_names(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "m", "llada")
    row = [BOS, 5, 6, MASK, MASK, 9, 77, 130]
    expected = llada_pass(load_file(folder / "model.safetensors"), row)
    network: Any = load_engine(ModelSpec(str(folder), device="cpu"))._network
    with torch.inference_mode():
        found = network.scores(network.hidden_before([row], [(0, i) for i in range(len(row))]))
    assert torch.allclose(found, expected[:, : network.vocab_size], atol=1e-4)
