"""Batches of examples as tensors, made in worker processes while the network learns from the last one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from model.tokenize.tokenizer import TextTokenizer
from model.train.hole_sampling import node_spans
from model.train.objective import Example, Sampler, Shape, noise_times, noised


class Batch(NamedTuple):
    """Stacked examples; see `Example` for the shapes, with B in front."""

    prompt: Tensor  # [B, N]
    prompt_weight: Tensor  # [B, N]
    clean: Tensor  # [B, K*C]
    noisy: Tensor  # [B, K*C]
    hole: Tensor  # [B, K*C]
    weight: Tensor  # [B, K*C]
    visible: Tensor  # [B, K]
    length: Tensor  # [B, K]

    def on(self, device: torch.device) -> Batch:
        """The batch on a device; the copy runs beside other work where memory is pinned."""
        return Batch(*(t.to(device, non_blocking=True) for t in self))

    @property
    def n_positions(self) -> int:
        """Positions that the network computes."""
        return self.prompt.numel() + self.noisy.numel()

    @property
    def position_ids(self) -> Tensor:
        """Where each canvas position [B, K*C] stands in its document."""
        n_canvas = self.clean.shape[1] // self.visible.shape[1]
        return (self.visible[..., None] + torch.arange(n_canvas, device=self.visible.device)).flatten(1)

    @property
    def mask(self) -> Tensor:
        """What each canvas position sees [B, 1, K*C, N + K*C]; see `attention_mask`."""
        n_canvas = self.clean.shape[1] // self.visible.shape[1]
        return attention_mask(self.visible, self.length, self.prompt.shape[1], n_canvas)


def attention_mask(visible: Tensor, length: Tensor, n_prompt: int, n_canvas: int) -> Tensor:
    """Each canvas sees its visible part of the prompt and the used positions of itself: [B, 1, K*C, N + K*C].

    `visible` [B, K] and `length` [B, K] count them.
    """
    k, device = visible.shape[1], visible.device
    positions = torch.arange(n_canvas, device=device)
    seen = visible.repeat_interleave(n_canvas, 1)[..., None]
    prompt = torch.arange(n_prompt, device=device) < seen  # [B, K*C, N]
    used = (positions < length[..., None]).flatten(1)  # [B, K*C]
    own = torch.arange(k, device=device).repeat_interleave(n_canvas)
    canvas = (own[:, None] == own[None, :])[None] & used[:, None, :]  # [B, K*C, K*C]
    # An unused position must see something, or its softmax is undefined.
    canvas = canvas | torch.eye(k * n_canvas, dtype=torch.bool, device=device)[None]
    return torch.cat((prompt, canvas), dim=-1)[:, None]


def stack(examples: list[Example], t: np.ndarray, vocab_size: int, rng: np.random.Generator) -> Batch:
    """Noise the canvases at levels t [B, K] and stack everything."""
    noisy = [noised(e, t[i], vocab_size, rng) for i, e in enumerate(examples)]

    def tensor(arrays: list[np.ndarray]) -> Tensor:  # B times [...] to [B, ...]
        return torch.from_numpy(np.stack(arrays))

    return Batch(
        prompt=tensor([e.prompt for e in examples]),
        prompt_weight=tensor([e.prompt_weight for e in examples]),
        clean=tensor([e.canvas for e in examples]).flatten(1),
        noisy=tensor(noisy).flatten(1),
        hole=tensor([e.hole for e in examples]).flatten(1),
        weight=tensor([e.weight for e in examples]).flatten(1),
        visible=tensor([e.visible for e in examples]),
        length=tensor([e.length for e in examples]),
    )


class Batches(IterableDataset[Batch]):
    """Endless batches of `n_docs` documents; each worker draws from its own share of the texts."""

    def __init__(self, texts: list[str], tokenizer: TextTokenizer, shape: Shape, n_docs: int, seed: int) -> None:
        self._texts, self._tokenizer, self._shape = texts, tokenizer, shape
        self._n_docs, self._seed = n_docs, seed

    def __iter__(self) -> Iterator[Batch]:
        info = get_worker_info()
        worker, n_workers = (0, 1) if info is None else (info.id, info.num_workers)
        texts = [t for t in self._texts[worker::n_workers] if t.strip()]
        rng, np_rng = random.Random(self._seed + worker), np.random.default_rng(self._seed + worker)
        sampler = Sampler(self._tokenizer, self._shape, self._seed + worker)
        weights = np.sqrt([len(t) for t in texts]).cumsum().tolist()  # a long file has more to say, not in proportion
        nodes: dict[int, np.ndarray] = {}
        while True:
            chosen = rng.choices(range(len(texts)), cum_weights=weights, k=self._n_docs)
            for i in chosen:
                if i not in nodes:
                    nodes[i] = node_spans(texts[i])
            examples = [sampler.example(texts[i], nodes[i]) for i in chosen]
            n_canvases = self._shape.canvases
            t = np_rng.permutation(noise_times(self._n_docs * n_canvases, np_rng)).reshape(-1, n_canvases)
            yield stack(examples, t, self._tokenizer.vocab_size, np_rng)


def loaded(
    texts: list[str], tokenizer: TextTokenizer, shape: Shape, n_docs: int, seed: int, n_workers: int = 0
) -> Iterator[Batch]:
    """Batches made by `n_workers` processes, or on demand by this one."""
    source = Batches(texts, tokenizer, shape, n_docs, seed)
    more = {"prefetch_factor": 4, "pin_memory": torch.cuda.is_available()} if n_workers else {}
    return iter(DataLoader(source, batch_size=None, num_workers=n_workers, **more))  # pyright: ignore[reportArgumentType]
