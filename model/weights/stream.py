"""Every tensor of a checkpoint in the form that is asked for: converted on the way, or read as it was converted before.

Nothing here knows a network: tensors come by name, one at a time.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import torch
from torch import Tensor

from model.types import CheckpointError, OnBytes, Quant
from model.weights.converted import Writer, read_converted
from model.weights.expected import sizes_of
from model.weights.formats import format_of, part_bytes, total
from model.weights.layout import Shape
from model.weights.manifest import MANIFEST, cached, free_bytes, identity_of, read_manifest
from model.weights.packing import Packed, packed
from model.weights.shards import Shards

log = logging.getLogger(__name__)

SPARE = 1.1  # times what is written: what must be free

Weights = Iterator[tuple[str, Packed | Tensor]]


class WeightFormat(msgspec.Struct, frozen=True):
    """The form in which the weights of a checkpoint are wanted."""

    quant: Quant  # "bf16": they stay as they are, in `dtype`
    dtype: torch.dtype  # of what is not quantized, and of the activations
    embedding: Quant = "bf16"


def weights_of(
    folder: Path, shapes: Mapping[str, Shape], wanted: WeightFormat, device: str, keep_converted: bool
) -> Weights:
    """Every tensor on the device in the form that is wanted, read as it was converted before where that was kept.

    With `keep_converted` what was quantized is kept in the user's cache folder, and read from there the next time.
    Raises `CheckpointError`.
    """
    quant, embedding, dtype = wanted.quant, wanted.embedding, wanted.dtype
    if (folder / MANIFEST).is_file():
        manifest = read_manifest(folder)
        if (manifest.quant, manifest.embedding) != (quant, embedding):
            raise CheckpointError(
                f"{folder}: holds {manifest.quant} weights and a {manifest.embedding} embedding, "
                f"not {quant} and {embedding}; convert the original again"
            )
        return _to(read_converted(folder, manifest, device), dtype)
    shards = Shards(folder)
    shards.check(shapes)
    converted = _converted(shards, shapes, device, quant, embedding)
    if not keep_converted or quant == "bf16":
        return _to(converted, dtype)
    identity = identity_of(shards, quant, embedding)
    try:
        place = cached(folder, identity)
        if place.is_dir():
            try:
                return _to(read_converted(place, read_manifest(place), device), dtype)
            except CheckpointError as error:
                log.warning("converting again: %s", error)
        needed, free = total(part_bytes(shapes, quant, embedding)), free_bytes(place)
        if free < needed * SPARE:
            log.warning("what is converted is not kept: %.1f GB needed, %.1f free", needed / 1e9, free / 1e9)
            return _to(converted, dtype)
        writer = Writer(place)
    except OSError as error:
        log.warning("what is converted is not kept: %s", error)
        return _to(converted, dtype)
    return _to(_kept(converted, writer, folder, quant, embedding, identity), dtype)


def convert(
    folder: Path,
    out: Path | None,
    device: str,
    quant: Quant,
    embedding: Quant = "bf16",
    on_bytes: OnBytes | None = None,
) -> Path:
    """Write a checkpoint in a format, by default where loading looks for it; the folder. Raises `CheckpointError`.

    No network is built: the host holds what one file of the new folder has, and `device` one tensor.
    """
    if (folder / MANIFEST).is_file():
        raise CheckpointError(f"{folder}: is converted already; convert the checkpoint that it was made from")
    shapes = sizes_of(folder).shapes
    shards = Shards(folder)
    shards.check(shapes)
    identity = identity_of(shards, quant, embedding)
    place = out or _place_in_cache(folder, identity)
    if place.exists():
        if out is not None:
            raise CheckpointError(f"{out}: exists already; name a new folder")
        with contextlib.suppress(CheckpointError):  # else it is damaged, and made again
            read_manifest(place)
            return place
    needed, free = total(part_bytes(shapes, quant, embedding)), free_bytes(place)
    if free < needed * SPARE:
        raise CheckpointError(f"{place}: {needed / 1e9:.1f} GB are needed there, but only {free / 1e9:.1f} GB are free")
    converted = _converted(shards, shapes, device, quant, embedding)
    try:
        with contextlib.closing(Writer(place)) as writer:
            for name, weight in counted(converted, needed, on_bytes):
                writer.add(name, weight)
            writer.finish(folder, quant, embedding, identity)
    except OSError as error:
        raise CheckpointError(f"{place}: cannot be written ({error.strerror or error})") from None
    return place


def _place_in_cache(folder: Path, identity: str) -> Path:
    try:
        return cached(folder, identity)
    except OSError as error:
        raise CheckpointError(f"{error}; or name the folder to write") from None


def counted(weights: Weights, all_bytes: int, on_bytes: OnBytes | None) -> Weights:
    """The same; whoever listens is told of each once it has been used."""
    done = 0
    for name, weight in weights:
        yield name, weight
        done += weight.n_bytes if isinstance(weight, Packed) else weight.nbytes
        if on_bytes is not None:
            on_bytes(min(done, all_bytes), all_bytes)


def _converted(shards: Shards, shapes: Mapping[str, Shape], device: str, quant: Quant, embedding: Quant) -> Weights:
    for name, weight in shards.read(shapes, device):
        form = format_of(name, shapes[name], quant, embedding)
        yield name, weight if form.name == "bf16" else packed(weight, form.name)


def _kept(weights: Weights, writer: Writer, source: Path, quant: Quant, embedding: Quant, identity: str) -> Weights:
    """The same, written down on the way; a disk that fails costs only what would have been kept."""
    with contextlib.ExitStack() as cleanup:
        cleanup.callback(writer.close)
        failed = False
        for name, weight in weights:
            if not failed:
                try:
                    writer.add(name, weight)
                except OSError as error:
                    log.warning("what is converted is not kept: %s", error)
                    failed = True
            yield name, weight
        if not failed:
            try:
                writer.finish(source, quant, embedding, identity)
            except OSError as error:  # the last file did not fit, or another process was first
                log.warning("what is converted is not kept: %s", error)


def _to(weights: Weights, dtype: torch.dtype) -> Weights:
    for name, weight in weights:
        yield name, weight if isinstance(weight, Packed) else weight.to(dtype)
