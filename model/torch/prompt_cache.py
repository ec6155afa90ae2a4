"""Keys and values of the last prompts, kept between calls and reused for the common prefix.

The library's own cache drops what falls out of a sliding window, so it cannot go back to an earlier
prompt. Here every layer keeps the keys of the whole prompt, and a view in the library's form is cut out
for each call: the whole for a full layer, the last window for a sliding one. What is reused equals a
fresh encode (tests/model/torch/test_prompt_cache.py, across the window's edge).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedConfig

from model.diffusion.network import common_prefix

KEPT_BYTES = 1 << 30  # of all prompts together
TYPED_OVER = 64  # tokens at the end of a prompt that are not worth keeping beside another that goes on differently


class PromptCaches:
    """The prompts of several documents, the last used ones, as many as there is room for."""

    def __init__(self, text_config: PreTrainedConfig, kept_bytes: int = KEPT_BYTES) -> None:
        self._text_config, self._kept_bytes = text_config, kept_bytes
        self._caches: list[PromptCache] = []  # the last used one last

    def nearest(self, ids: Sequence[int]) -> tuple[PromptCache, int]:
        """The cache that begins as `ids` does the longest, and for how many ids; a new one where it goes on elsewhere.

        It is now the last used one. What it holds beyond those ids stays kept too when it is long.
        """
        best = max(self._caches, key=lambda cache: common_prefix(cache.ids, ids), default=None)
        if best is None:
            best = PromptCache(self._text_config)
            self._caches.append(best)
        n = common_prefix(best.ids, ids)
        self._caches.remove(best)
        if len(best.ids) - n > TYPED_OVER:
            self._caches.append(best)
            best = best.forked(n)
        self._caches.append(best)
        while len(self._caches) > 1 and sum(cache.n_bytes for cache in self._caches) > self._kept_bytes:
            del self._caches[0]
        return best, n

    def clear(self) -> None:
        """Keep nothing."""
        self._caches.clear()


class PromptCache:
    """Token ids and, for each layer, keys and values [1, kv heads, n, head dim] of one prompt."""

    def __init__(self, text_config: PreTrainedConfig) -> None:
        self._text_config = text_config
        self.ids: list[int] = []
        self.last = torch.empty(0)  # hidden state [1, 1, dim] of the last token, for its owner; empty: not known
        self._layers: list[tuple[Tensor, Tensor]] = []

    @property
    def n_bytes(self) -> int:
        """What it keeps."""
        return sum(keys.nbytes + values.nbytes for keys, values in self._layers)

    def forked(self, n: int) -> PromptCache:
        """Another one with the first `n` positions, whose memory they share until something is appended."""
        fork = PromptCache(self._text_config)
        fork.ids = self.ids[:n]
        fork._layers = [(keys[:, :, :n], values[:, :, :n]) for keys, values in self._layers]
        return fork

    def view(self, n: int, keep_new: bool = False) -> DynamicCache:
        """The first `n` positions as a library cache.

        With `keep_new` the sliding layers hold on to everything that is written next, so that
        `extend` can take it over.
        """
        cache = DynamicCache(config=self._text_config)
        for layer, (keys, values) in zip(layers_of(cache), self._layers, strict=False):
            if n == 0:
                break
            first = max(0, n - layer.sliding_window + 1) if layer.is_sliding else 0
            keys, values = keys[:, :, first:n], values[:, :, first:n]
            layer.lazy_initialization(keys, values)
            layer.keys, layer.values = keys, values
            if layer.is_sliding:
                layer.cumulative_length = n
        if keep_new:
            for layer in layers_of(cache):
                if layer.is_sliding:
                    layer.activate_past_recording()
        return cache

    def extend(self, n: int, new_ids: Sequence[int], cache: DynamicCache) -> None:
        """Keep the first `n` positions and append what `cache` holds for `new_ids`."""
        m = len(new_ids)
        new = [(layer.keys[:, :, -m:], layer.values[:, :, -m:]) for layer in layers_of(cache)]
        if n and self._layers:
            new = [
                (torch.cat((k[:, :, :n], nk), dim=2), torch.cat((v[:, :, :n], nv), dim=2))
                for (k, v), (nk, nv) in zip(self._layers, new, strict=True)
            ]
        self._layers = new
        self.ids = [*self.ids[:n], *new_ids]


def layers_of(cache: DynamicCache) -> list[Any]:
    """The cache's layers, full and sliding alike; the library types them as a union of every kind it has."""
    return cast("list[Any]", cache.layers)


class ReadOnly:
    """A view for one pass of the class's encoder that nothing is to remain of."""

    def __init__(self, view: DynamicCache) -> None:
        self._layers = layers_of(view)

    def update(self, keys: Tensor, values: Tensor, layer: int) -> tuple[Tensor, Tensor]:
        """What is kept of a layer [1, kv heads, n, head dim], and these [1, kv heads, T, head dim] after it."""
        kept = self._layers[layer]
        return torch.cat((kept.keys, keys), dim=-2), torch.cat((kept.values, values), dim=-2)
