"""What `infill doctor` says of weight formats: which one fits the device, and how fast a step can be at best."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from infill.cli.sizes import part_of_size, size
from model.types import Quant
from model.weights.expected import sizes_of
from model.weights.fitting import CPU, Device, chosen_quant, fitting, needed_bytes
from model.weights.formats import QUANTS, step_bytes
from model.weights.layout import PUBLISHED_26B, Dims
from model.weights.manifest import MANIFEST, read_manifest

NAME_26B = "google/diffusiongemma-26B-A4B-it"
CANVAS = 64  # tokens of a step that is spoken of: a few lines


def format_found(folder: Path | None, device: str | None, wish: Quant | None) -> str:
    """Return what is to be said of a checkpoint's folder, or of the 26B, which need not fit.

    Raises `CheckpointError` for a checkpoint that was asked for and does not fit.
    """
    if folder is not None and (folder / MANIFEST).is_file():
        wish = wish or read_manifest(folder).quant
    dims, name = (PUBLISHED_26B, NAME_26B) if folder is None else (sizes_of(folder), "the model")
    if find_spec("torch") is None:
        whole = Device("cuda", "a GPU", 0, 0)
        needs = ", ".join(f"{size(needed_bytes(dims, quant, whole))} in {quant}" for quant in QUANTS)
        return f"{name} needs {needs}; pip install 'dg-lsp[gpu]' brings torch and transformers, which run it"
    from model.hardware.devices import device_of, usual_device

    there = device_of(device or usual_device())
    quant = fitting(dims, there) if folder is None and wish is None else chosen_quant(dims, there, wish, name)
    least = size(needed_bytes(dims, quant or "int4", there))
    room = f"{part_of_size(there.free_bytes, there.all_bytes)} are free on {there.title}"
    if quant is None:
        return f"{name} does not fit: int4 needs {least}, {room}"
    speed = f"; {_speed(dims, quant, there)}" if isinstance(dims, Dims) else ""
    return f"{name} fits in {quant}, which needs {least}: {room}{speed}"


def _speed(dims: Dims, quant: Quant, device: Device) -> str:
    """What the memory allows, measured here; a step cannot be faster."""
    from model.hardware.devices import bandwidth

    n_bytes, per_s = step_bytes(dims, quant, CANVAS, device.number_bytes), bandwidth(device.name)
    floor = f"a step of {CANVAS} tokens reads {size(n_bytes)}: at least {1000 * n_bytes / per_s:,.1f} ms"
    slower = "; a processor needs many times that, for unpacking" if device.name == CPU and quant != "bf16" else ""
    return f"{floor} at the {per_s / 1e9:.0f} GB/s measured{slower}"
