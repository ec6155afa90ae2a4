"""The transformers class as a `Network`: any checkpoint of it, on a CPU or a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from torch import Tensor
from transformers import DiffusionGemmaTextConfig, DynamicCache

from model.diffusion.network import ScoredTokens
from model.diffusion.noise import UniformNoise
from model.diffusion.sampler import Flags
from model.diffusion.token_tree import TokenTree
from model.torch.cuda_graphs import CudaGraphDecoder, CudaGraphs, fits
from model.torch.decoder import TorchDecoder
from model.torch.prompt_cache import PromptCache, PromptCaches, ReadOnly, layers_of
from model.torch.vocabulary import Vocabulary
from model.types import CancelToken, Canvas
from model.weights.modules import n_parameters
from model.weights.text_only import TextOnlyDiffusionGemma


class TorchNetwork:
    """Encoder and decoder of the class over one kept prompt."""

    def __init__(self, network: TextOnlyDiffusionGemma) -> None:
        self.network = network
        self._text_config: DiffusionGemmaTextConfig = network.config.text_config  # type: ignore[assignment]
        self.pad_id: int | None = self._text_config.pad_token_id
        weight = network.model.decoder.norm.weight
        self._device = weight.device
        self._vocabulary = Vocabulary(network)
        self._recorder = CudaGraphs(network.model.decoder, self._vocabulary) if self._device.type == "cuda" else None
        self._caches = PromptCaches(self._text_config)
        self._cache = PromptCache(self._text_config)  # of the prompt that is asked about now
        self.vocab_size = self._text_config.vocab_size
        self.n_parameters = n_parameters(network)
        self.device = str(weight.device)
        self.dtype = str(weight.dtype).removeprefix("torch.")

    @torch.inference_mode()
    def prefill(self, prompt_ids: Sequence[int]) -> None:
        if list(prompt_ids) == self._cache.ids:
            return
        cache, n = self._caches.nearest(prompt_ids)
        if not (n == len(prompt_ids) == len(cache.ids) and cache.last.numel()):
            n = min(n, len(prompt_ids) - 1)  # the last token's hidden state is needed again
            new_ids = list(prompt_ids[n:])
            view = cache.view(n, keep_new=True)
            cache.last = self.encoder(torch.tensor([new_ids], device=self._device), view)[:, -1:]
            cache.extend(n, new_ids, view)
        self._cache = cache

    def interrupted_by(self, cancel: CancelToken) -> AbstractContextManager[None]:
        return nullcontext()  # torch cannot end a pass: the loop looks at the token between steps

    def noise(self, canvas: Canvas) -> UniformNoise:
        return UniformNoise(self.vocab_size)

    def decoder(self, canvases: Sequence[Canvas], barred: Flags) -> TorchDecoder | CudaGraphDecoder:
        n_prompt = len(self._cache.ids)
        view = self._cache.view(n_prompt)
        if self._recorder is not None and fits(canvases):
            return CudaGraphDecoder(self._recorder, view, n_prompt, canvases, barred)
        return TorchDecoder(self.network.model.decoder, self._vocabulary, view, n_prompt, canvases, barred)

    def left_to_right(self) -> TorchLeftToRight:
        return TorchLeftToRight(self, self._cache.last, self._cache.view(len(self._cache.ids), keep_new=True))

    @torch.inference_mode()
    def score_continuations(self, continuations: Sequence[Sequence[int]]) -> list[ScoredTokens]:
        tree = TokenTree(continuations)
        hidden = self._cache.last[0]
        if tree.token_ids:
            hidden = torch.cat((hidden, self._read(tree)))
        paths = [[0, *(node + 1 for node in path)] for path in tree.paths]
        at = torch.tensor([node for path in paths for node in path], device=self._device)
        ids = torch.tensor([i for continuation in continuations for i in continuation], device=self._device)
        log_probs, entropies = (part.cpu().numpy() for part in self._vocabulary.scored(hidden, at, ids))
        ends = np.cumsum([len(path) for path in paths])[:-1]
        return [
            ScoredTokens(*parts) for parts in zip(np.split(log_probs, ends), np.split(entropies, ends), strict=True)
        ]

    def _read(self, tree: TokenTree) -> Tensor:
        """Last hidden states [nodes, dim] of the causal encoder; a node sees the prompt and the way to it."""
        n_prompt, view = len(self._cache.ids), self._cache.view(len(self._cache.ids))
        own = torch.from_numpy(tree.visible()).to(self._device)
        depths = torch.tensor(tree.depths, device=self._device)
        masks: dict[str, Tensor] = {}
        for layer, kind in zip(layers_of(view), self._text_config.layer_types or (), strict=True):
            if kind not in masks:
                n_kept = layer.keys.shape[-2]
                seen = torch.cat((own.new_ones(len(own), n_kept), own), dim=1)
                if layer.is_sliding:  # the window moves on with each token: the oldest fall out of it
                    at = torch.cat((torch.arange(-n_kept, 0, device=self._device), depths))
                    seen &= depths[:, None] - at < layer.sliding_window
                masks[kind] = seen[None, None]
        return self.network.model.encoder.language_model(
            input_ids=torch.tensor([tree.token_ids], device=self._device),
            attention_mask=masks,
            position_ids=(n_prompt + depths)[None],
            past_key_values=ReadOnly(view),  # type: ignore[arg-type]
        ).last_hidden_state[0]  # type: ignore[index]

    def encoder(self, ids: Tensor, cache: DynamicCache) -> Tensor:
        """Causal pass over ids [B, T] after what `cache` holds; last hidden states [B, T, dim]."""
        return self.network.model.encoder.language_model(input_ids=ids, past_key_values=cache).last_hidden_state  # type: ignore

    def logits(self, hidden: Tensor) -> Tensor:
        """Soft-capped vocabulary scores [..., V] of hidden states [..., dim], float32."""
        return self._vocabulary.logits(hidden)


class TorchLeftToRight:
    """`LeftToRight` over a view of the prompt's cache."""

    def __init__(self, network: TorchNetwork, last: Tensor, cache: DynamicCache) -> None:
        """`last` [1, 1, dim] is the hidden state of the last token, which `cache` holds already."""
        self._network, self._hidden, self._cache = network, last, cache

    @torch.inference_mode()
    def best(self, allowed: Flags | None) -> tuple[int, float]:
        log_probs = self._network.logits(self._hidden[:, -1])[0].log_softmax(-1)
        if allowed is not None:
            log_probs = log_probs.masked_fill(~torch.from_numpy(allowed).to(log_probs.device), -torch.inf)
        log_prob, best = log_probs.max(-1)
        return int(best), float(log_prob)

    @torch.inference_mode()
    def push(self, token_id: int) -> None:
        self._hidden = self._network.encoder(torch.tensor([[token_id]], device=self._hidden.device), self._cache)
