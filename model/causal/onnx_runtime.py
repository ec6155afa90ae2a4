"""A converted folder's graphs, run by ONNX Runtime over kept keys and values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import numpy as np

from model.causal.config import CausalConfig
from model.causal.key_values import KeyValues
from model.causal.runtime import Kept
from model.causal.sessions import Opened
from model.diffusion.sampler import Flags, Floats, Ids
from model.onnx.runtime import interruptible, ort
from model.types import CancelToken


class OnnxRuntime:
    """`Runtime` on the CPU."""

    device = "cpu"

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self.config: CausalConfig = opened.config
        self.dtype: str = opened.manifest.format
        self.head_ids: Ids = opened.head_ids
        self._outputs = [output.name for output in opened.trunk.get_outputs()]
        half = np.arange(0, self.config.head_dim, 2, dtype=np.float64) / self.config.head_dim
        angles = np.arange(self.config.max_position_embeddings)[:, None] / self.config.rope_theta**half
        self._cos, self._sin = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)
        self._options: ort.RunOptions | None = None

    def embed(self, ids: Sequence[int] | Ids) -> Floats:
        return self._opened.embedding(ids)

    def nothing_kept(self) -> KeyValues:
        return KeyValues(self.config)

    def forward(self, ids: Sequence[int] | Ids, positions: Ids, visible: Flags, past: Kept) -> Floats:
        assert isinstance(past, KeyValues)
        n = past.n
        mask = np.where(visible, np.float32(0), np.float32(-np.inf))
        mask = np.tile(mask, (self.config.heads_per_key, 1))  # query heads that share keys stand below each other
        inputs = past.inputs() | {
            "x": self.embed(ids),
            "cos": self._cos[None, positions],
            "sin": self._sin[None, positions],
            "mask_past": np.ascontiguousarray(mask[:, :n]),
            "mask_new": np.ascontiguousarray(mask[:, n:]),
            "n_past_and_new": np.array([n, len(mask[0]) - n]),
        }
        outputs = cast("list[Floats]", self._opened.trunk.run(self._outputs, inputs, self._options))
        by_name = dict(zip(self._outputs, outputs, strict=True))
        past.append(by_name)
        return by_name["hidden"]

    def scores(self, hidden: Floats) -> Floats:
        return cast("Floats", self._opened.head.run(None, {"hidden": hidden}, self._options)[0])

    @contextmanager
    def interrupted_by(self, cancel: CancelToken) -> Iterator[None]:
        try:
            with interruptible(cancel) as self._options:
                yield
        finally:
            self._options = None
