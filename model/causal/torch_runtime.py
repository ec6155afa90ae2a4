"""A converted folder's weights in the library's class, for a GPU or where somebody asks for a torch device.

Matrices are what the file's whole numbers stand for, in bfloat16 on a GPU and in float32 elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from transformers import Qwen2Config, Qwen2Model
from transformers.cache_utils import DynamicCache

from model.causal.adapter import Adapter
from model.causal.blocks import Blocks, from_blocks
from model.causal.config import CausalConfig
from model.causal.layout import (
    BIAS,
    CODES,
    DOWN,
    EMBEDDING,
    GATE,
    HEAD,
    HEAD_IDS,
    LAST_NORM,
    NORM1,
    NORM2,
    OUT,
    QKV,
    SCALES,
    UP,
    WEIGHT,
    in_layer,
)
from model.causal.runtime import Kept
from model.causal.sessions import checked_folder
from model.causal.tensor_file import Array
from model.causal.torch_canvas import adapt
from model.diffusion.sampler import Flags, Floats, Ids
from model.hardware.threads import default_threads
from model.types import CancelToken

NAMES = {OUT: "self_attn.o_proj", GATE: "mlp.gate_proj", UP: "mlp.up_proj", DOWN: "mlp.down_proj"}
NORMS = {NORM1: "input_layernorm", NORM2: "post_attention_layernorm"}


class Interrupted(Exception):
    """A pass was not begun, as somebody has cancelled."""


class TorchKept:
    """`Kept` in the library's cache."""

    def __init__(self, cache: DynamicCache | None = None) -> None:
        self.cache = cache or DynamicCache()

    @property
    def n(self) -> int:
        return self.cache.get_seq_length()

    @property
    def n_bytes(self) -> int:
        return sum(t.nbytes for pair in self._pairs() for t in pair)

    def cut(self, n: int) -> None:
        if n < self.n:
            self._take(lambda t: t[:, :, :n])

    def keep(self, n: int, rows: Ids) -> None:
        at = torch.cat((torch.arange(n), torch.from_numpy(np.asarray(rows, np.int64))))
        if len(at) < self.n:
            self._take(lambda t: t[:, :, at.to(t.device)])

    def copy(self, n: int) -> TorchKept:
        twin = TorchKept()
        for i, (keys, values) in enumerate(self._pairs()):
            twin.cache.update(keys[:, :, :n].clone(), values[:, :, :n].clone(), i)
        return twin

    def _pairs(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Keys and values of each layer, [1, heads, N, head dim]."""
        return ((layer.keys, layer.values) for layer in self._layers())

    def _take(self, rows: Callable[[Tensor], Tensor]) -> None:
        """Put what `rows` makes of keys and values [1, heads, N, head dim] in their place."""
        for layer in self._layers():
            layer.keys, layer.values = rows(layer.keys), rows(layer.values)

    def _layers(self) -> list[Any]:
        """The layers that hold something; the library types them as one of many kinds."""
        layers: list[Any] = self.cache.layers
        return [layer for layer in layers if layer.keys is not None]


class TorchRuntime:
    """`Runtime` on a torch device."""

    def __init__(self, folder: Path, device: str, n_threads: int | None = None, adapter: Adapter | None = None) -> None:
        """With an adapter there are canvas rows too. Raises `CheckpointError` for a folder that is damaged."""
        torch.set_num_threads(n_threads or default_threads())
        checked = checked_folder(folder)
        self.config: CausalConfig = checked.config
        kind = torch.float32 if device == "cpu" else torch.bfloat16
        self.device, self.dtype = device, str(kind).removeprefix("torch.")
        self.head_ids: Ids = np.array(checked.tensors[HEAD_IDS])
        self.model = library_model(checked.config, checked.tensors, device, kind)
        self._head = torch.from_numpy(matrix(checked.tensors, HEAD)).to(device, kind)  # [W, dim]
        self._canvas = adapt(self.model, adapter) if adapter else None
        self._cancel: CancelToken | None = None
        checked.give_back()

    @property
    def has_canvas(self) -> bool:
        return self._canvas is not None

    def embed(self, ids: Sequence[int] | Ids) -> Floats:
        at = torch.as_tensor(np.asarray(ids, np.int64), device=self.device)
        return self.model.embed_tokens(at).float().cpu().numpy()

    def nothing_kept(self) -> TorchKept:
        return TorchKept()

    @torch.inference_mode()
    def forward(
        self, ids: Sequence[int] | Ids, positions: Ids, visible: Flags, past: Kept, n_canvas: int = 0
    ) -> Floats:
        assert isinstance(past, TorchKept)
        if self._cancel is not None and self._cancel.cancelled:
            raise Interrupted
        sees = torch.from_numpy(visible).to(self.device)
        mask = torch.zeros(sees.shape, dtype=self.model.dtype, device=self.device).masked_fill(~sees, -torch.inf)
        at, n = torch.as_tensor(np.asarray(ids, np.int64), device=self.device), past.n
        with self._canvas.rows(n_canvas) if self._canvas else nullcontext():
            found = self.model(
                inputs_embeds=(self._canvas.embed(self.model, at) if self._canvas else self.model.embed_tokens(at))[
                    None
                ],
                position_ids=torch.from_numpy(np.asarray(positions, np.int64)).to(self.device)[None],
                attention_mask=mask[None, None],
                past_key_values=past.cache,
                use_cache=True,
            )
        past.cut(n + len(positions) - n_canvas)
        return found.last_hidden_state[0].float().cpu().numpy()

    def _rows(self, ids: Tensor) -> Tensor:
        """The rows [T, dim] of `ids` [T], masks among them."""
        return self._canvas.embed(self.model, ids) if self._canvas else self.model.embed_tokens(ids)

    @torch.inference_mode()
    def scores(self, hidden: Floats) -> Floats:
        rows = torch.from_numpy(hidden).to(self.device, self._head.dtype)
        return (rows @ self._head.T).float().cpu().numpy()

    @contextmanager
    def interrupted_by(self, cancel: CancelToken) -> Iterator[None]:
        """See `Runtime`; a pass that has begun is finished."""
        self._cancel = cancel
        try:
            yield
        except Interrupted:
            pass
        finally:
            self._cancel = None


def library_model(config: CausalConfig, tensors: Mapping[str, Array], device: str, kind: torch.dtype) -> Qwen2Model:
    """The library's class with the weights of a converted folder; all but the head."""
    stated = Qwen2Config(
        vocab_size=config.vocab_size,
        hidden_size=config.hidden_size,
        intermediate_size=config.intermediate_size,
        num_hidden_layers=config.num_hidden_layers,
        num_attention_heads=config.num_attention_heads,
        num_key_value_heads=config.num_key_value_heads,
        max_position_embeddings=config.max_position_embeddings,
        rms_norm_eps=config.rms_norm_eps,
        rope_parameters={"rope_type": "default", "rope_theta": config.rope_theta},
        dtype=kind,
    )
    model = Qwen2Model(stated).eval().requires_grad_(False)
    model = cast("Qwen2Model", cast("torch.nn.Module", model).to(device, kind))
    with torch.no_grad():
        own = model.state_dict()
        for name, values in library_tensors(config, tensors):
            own[name].copy_(torch.from_numpy(np.array(values)))  # mapped ones cannot be written to
    return model


def library_tensors(config: CausalConfig, tensors: Mapping[str, Array]) -> Iterator[tuple[str, Floats]]:
    """The weights [...] of a converted folder under the library's names."""
    yield "embed_tokens.weight", matrix(tensors, EMBEDDING)
    yield "norm.weight", tensors[LAST_NORM]
    ends = np.cumsum([config.num_attention_heads, config.num_key_value_heads]) * config.head_dim
    for i in range(config.num_hidden_layers):
        weights = np.split(matrix(tensors, in_layer(i, QKV)), ends)
        biases = np.split(tensors[in_layer(i, QKV) + BIAS], ends)
        for part, weight, bias in zip("qkv", weights, biases, strict=True):
            yield f"layers.{i}.self_attn.{part}_proj.weight", weight
            yield f"layers.{i}.self_attn.{part}_proj.bias", bias
        for part, name in NAMES.items():
            yield f"layers.{i}.{name}.weight", matrix(tensors, in_layer(i, part))
        for part, name in NORMS.items():
            yield f"layers.{i}.{name}.weight", tensors[in_layer(i, part)]


def matrix(tensors: Mapping[str, Array], name: str) -> Floats:
    """A matrix [outputs, inputs] as floats, whatever its format."""
    if (plain := tensors.get(name + WEIGHT)) is not None:
        return np.ascontiguousarray(plain if name == EMBEDDING else plain.T)
    codes, scales = tensors[name + CODES], tensors[name + SCALES]
    if codes.dtype == np.int8:
        return np.ascontiguousarray(codes.T * scales[:, None])
    return from_blocks(Blocks(codes, scales))
