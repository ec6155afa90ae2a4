"""A converted folder's graphs, run by ONNX Runtime over kept keys and values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import numpy as np

from model.causal.adapter import HIDDEN
from model.causal.config import CausalConfig
from model.causal.graph_files import ROW_GATE
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

    @property
    def has_canvas(self) -> bool:
        return self._opened.adapter is not None

    def embed(self, ids: Sequence[int] | Ids) -> Floats:
        return self._opened.embedding(ids)

    def nothing_kept(self) -> KeyValues:
        return KeyValues(self.config)

    def forward(
        self, ids: Sequence[int] | Ids, positions: Ids, visible: Flags, past: Kept, n_canvas: int = 0
    ) -> Floats:
        assert isinstance(past, KeyValues)
        n, n_base = past.n, len(positions) - n_canvas
        mask = np.where(visible, np.float32(0), np.float32(-np.inf))
        mask = np.tile(mask, (self.config.heads_per_key, 1))  # query heads that share keys stand below each other
        inputs = past.inputs() | {
            "x": self._rows(np.asarray(ids, np.int64)),
            "cos": self._cos[None, positions],
            "sin": self._sin[None, positions],
            "mask_past": np.ascontiguousarray(mask[:, :n]),
            "mask_new": np.ascontiguousarray(mask[:, n:]),
            "n_past_and_new": np.array([n, len(mask[0]) - n]),
        }
        if self.has_canvas:
            inputs[ROW_GATE] = (np.arange(len(positions)) >= n_base).astype(np.float32)[:, None]
        outputs = cast("list[Floats]", self._opened.trunk.run(self._outputs, inputs, self._options))
        by_name = dict(zip(self._outputs, outputs, strict=True))
        past.append(by_name, n_base)
        return by_name["hidden"]

    def _rows(self, ids: Ids) -> Floats:
        """The rows [T, dim] of `ids` [T], masks among them."""
        adapter = self._opened.adapter
        if adapter is None or not (hidden := ids == HIDDEN).any():
            return self.embed(ids)
        return np.where(hidden[:, None], adapter.mask, self.embed(np.where(hidden, 0, ids)))

    def scores(self, hidden: Floats) -> Floats:
        return cast("Floats", self._opened.head.run(None, {"hidden": hidden}, self._options)[0])

    @contextmanager
    def interrupted_by(self, cancel: CancelToken) -> Iterator[None]:
        try:
            with interruptible(cancel) as self._options:
                yield
        finally:
            self._options = None
