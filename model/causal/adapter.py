"""The canvas adapter beside a base: what rows of a canvas add to every product, and what stands for a mask.

It ships with the package as a file of its own and belongs to one base. Its file holds eight bits a weight (seven of
them used where ONNX Runtime multiplies them so, see `blocks`), of which both runtimes make what they need.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np

from model.causal.blocks import to_columns
from model.causal.config import CausalConfig, Format, Manifest
from model.causal.layout import CODES, HIGH, LOW, SCALES, SHARES, WEIGHT, in_layer, products
from model.causal.tensor_file import Array, Spec, map_tensors, read_notes, write_tensors
from model.diffusion.sampler import Floats
from model.types import CheckpointError

FILE = Path(__file__).with_name("canvas.safetensors")  # of the default model
HIDDEN = -1  # the id of a masked position
MASK = "mask"
BASE = "base_sha256"  # note: of the published file that the base was converted from
HIGH_MAX = 127


class Part(NamedTuple):
    """What is added to one product of the base."""

    low_codes: Array  # [inputs, rank] in whole numbers
    low_scales: Floats  # [rank]
    high: Floats  # [rank, outputs]


class Adapter(NamedTuple):
    """All of a file. `parts` are by layer and by the base's product: q, k, v, o, g, u, d."""

    rank: int
    mask: Floats  # [dim]
    parts: dict[tuple[int, str], Part]
    notes: dict[str, str]


def adapter_for(config: CausalConfig, manifest: Manifest, path: Path | None = None) -> Adapter | None:
    """The adapter that ships for a converted folder; None where there is none, or it is of another base."""
    try:
        adapter = read_adapter(path or FILE)
    except CheckpointError:
        return None
    if adapter.notes.get(BASE) != manifest.source_sha256:
        return None
    fits = all(
        (layer, share) in adapter.parts
        and adapter.parts[layer, share].low_codes.shape == (products(config)[part][1], adapter.rank)
        for layer in range(config.num_hidden_layers)
        for part, shares in SHARES.items()
        for share in shares
    )
    return adapter if fits else None


def read_adapter(path: Path) -> Adapter:
    """A file's weights; raises `CheckpointError`."""
    tensors, give_back = map_tensors(path)
    try:
        parts: dict[tuple[int, str], Part] = {}
        for name in tensors:
            head, _, tail = name.partition(LOW + CODES)
            if tail or head == name:
                continue
            layer, share = head.removeprefix("layers.").split(".")
            codes, scales = (np.array(tensors[head + LOW + part]) for part in (CODES, SCALES))
            high = tensors[head + HIGH + CODES].astype(np.float32) * tensors[head + HIGH + SCALES][:, None]
            parts[int(layer), share] = Part(codes, scales, high)
        rank = next(iter(parts.values())).low_codes.shape[1]
        return Adapter(rank, np.array(tensors[MASK]), parts, read_notes(path))
    except (KeyError, ValueError, StopIteration) as error:
        raise CheckpointError(f"{path}: is no canvas adapter ({type(error).__name__}: {error})") from None
    finally:
        give_back()


def write_adapter(path: Path, mask: Floats, parts: dict[tuple[int, str], tuple[Floats, Floats]], **notes: str) -> None:
    """Write trained weights: `mask` [dim], and of every product `a` [rank, inputs] and `b` [outputs, rank]."""
    arrays: list[tuple[str, Array]] = [(MASK, mask.astype(np.float32))]
    for (layer, share), (a, b) in parts.items():
        name = in_layer(layer, share)
        codes, scales = to_columns(a)
        steps = np.maximum(np.abs(b).max(0), np.float32(1e-8)) / np.float32(HIGH_MAX)
        arrays += [(name + LOW + CODES, codes), (name + LOW + SCALES, scales)]
        arrays += [(name + HIGH + CODES, np.ascontiguousarray(np.rint(b / steps).astype(np.int8).T))]
        arrays += [(name + HIGH + SCALES, steps.astype(np.float32))]
    write_tensors(path, [Spec(name, x.dtype.type, x.shape) for name, x in arrays], arrays, notes)


def graph_tensors(adapter: Adapter, config: CausalConfig, kind: Format) -> Iterator[tuple[str, Array]]:
    """The tensors [...] that a graph with canvas rows wants beside the base's; see `layout.adapter_specs`."""
    sizes = products(config)
    for layer in range(config.num_hidden_layers):
        for part, shares in SHARES.items():
            found = [adapter.parts[layer, share] for share in shares]
            name = in_layer(layer, part)
            codes = np.concatenate([one.low_codes for one in found], axis=1)
            scales = np.concatenate([one.low_scales for one in found])
            if kind == "int8":
                yield name + LOW + CODES, codes
                yield name + LOW + SCALES, scales
            else:
                yield name + LOW + WEIGHT, codes * scales
            high = np.zeros((len(scales), sizes[part][0]), np.float32)
            at = 0
            for i, one in enumerate(found):
                rows = slice(i * adapter.rank, (i + 1) * adapter.rank)
                high[rows, at : at + one.high.shape[1]] = one.high
                at += one.high.shape[1]
            yield name + HIGH, high


def low(part: Part) -> Floats:
    """The first of a part's two matrices as floats [inputs, rank]."""
    return cast("Floats", part.low_codes * part.low_scales)
