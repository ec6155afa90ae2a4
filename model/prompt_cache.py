"""Keys and values of the last prompt, kept between calls and reused for the common prefix.

The library's own cache drops what falls out of a sliding window, so it cannot go back to an earlier
prompt. Here every layer keeps the keys of the whole prompt, and a view in the library's form is cut out
for each call: the whole for a full layer, the last window for a sliding one. What is reused equals a
fresh encode (tests/model/test_prompt_cache.py, across the window's edge).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedConfig


class PromptCache:
    """Token ids and, for each layer, keys and values [1, kv heads, n, head dim] of one prompt."""

    def __init__(self, text_config: PreTrainedConfig) -> None:
        self._text_config = text_config
        self.ids: list[int] = []
        self._layers: list[tuple[Tensor, Tensor]] = []

    def common_prefix(self, ids: Sequence[int]) -> int:
        """How many leading ids are those kept; at least one id is always left to encode."""
        n = 0
        for kept, new in zip(self.ids, ids[:-1], strict=False):
            if kept != new:
                break
            n += 1
        return n

    def view(self, n: int, batch: int = 1, keep_new: bool = False) -> DynamicCache:
        """The first `n` positions as a library cache for `batch` rows that share them.

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
            layer.keys = keys.expand(batch, -1, -1, -1)
            layer.values = values.expand(batch, -1, -1, -1)
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
