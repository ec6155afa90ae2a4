"""Opens a checkpoint folder on a torch device, in the weight format that suits it, and says what is wrong."""

from __future__ import annotations

from pathlib import Path

import psutil
import torch
from transformers.utils import logging as hf_logging

from model import kernels
from model.text_only import TextOnlyDiffusionGemma
from model.threads import default_threads
from model.torch_network import TorchNetwork
from model.types import CheckpointError, OnBytes
from model.weights.converted import MANIFEST, read_manifest
from model.weights.formats import Quant, resident_bytes, total
from model.weights.layout import read_dims
from model.weights.loader import stream_network
from model.weights.modules import Multiply, PlainMultiply, ScratchMultiply

CONTEXT, CANVAS = 4096, 256  # tokens that must fit beside the weights
ROOM = 0.94  # of the device's free memory; the rest is the runtime's own
FP8_CAPABILITY = (8, 9)


def load_torch_network(
    folder: Path,
    device: str | None,
    n_threads: int | None,
    quant: Quant | None = None,
    on_bytes: OnBytes | None = None,
) -> TorchNetwork:
    """The checkpoint on `device`, by default a GPU where there is one; raises `CheckpointError`.

    `quant` None takes the least lossy format that fits.
    """
    torch.set_num_threads(n_threads or default_threads())
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    return TorchNetwork(load_network(folder, device, quant, on_bytes))


def load_network(
    folder: Path, device: str, quant: Quant | None = None, on_bytes: OnBytes | None = None
) -> TextOnlyDiffusionGemma:
    """The network in evaluation mode: float32 activations on a CPU, bfloat16 elsewhere."""
    # On a CPU without bfloat16 arithmetic float32 is a hundred times faster; see ARCHITECTURE.md.
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    embedding: Quant = "bf16"
    if (folder / MANIFEST).is_file():
        manifest = read_manifest(folder)
        quant, embedding = quant or manifest.quant, manifest.embedding
    if quant is None:
        quant = fitting_quant(folder, device)
    hf_logging.set_verbosity_error()
    hf_logging.disable_progress_bar()
    return stream_network(folder, device, dtype, quant, multiply_for(device), embedding, on_bytes, keep_converted=True)


def fitting_quant(folder: Path, device: str) -> Quant:
    """The least lossy format whose weights, with a prompt and a canvas, fit in the device's free memory."""
    dims = read_dims(folder)
    free = ROOM * free_memory(device)
    wider = 2 if device == "cpu" else 1  # unquantized numbers are float32 there
    choices: dict[Quant, int] = {"bf16": wider, "fp8": 1, "int8": 1, "int4": 1}
    del choices["fp8" if device == "cpu" or torch.cuda.get_device_capability(device) < FP8_CAPABILITY else "int8"]
    for quant, factor in choices.items():
        if total(resident_bytes(dims, quant, CONTEXT, CANVAS)) * factor <= free:
            return quant
    needed = total(resident_bytes(dims, "int4", CONTEXT, CANVAS))
    raise CheckpointError(
        f"{folder}: needs {needed / 1e9:.1f} GB on {device} in int4, {free / 1e9:.1f} GB are free; "
        "close what else uses it, or take a smaller model"
    )


def free_memory(device: str) -> int:
    """Bytes that can be had on a device."""
    if device == "cpu" or not torch.cuda.is_available():
        return psutil.virtual_memory().available
    return torch.cuda.mem_get_info(device)[0]


def multiply_for(device: str) -> Multiply:
    """The fastest products with packed weights that the device has."""
    if kernels.usable(device):
        from model.kernels.multiply import TritonMultiply  # slow to import, and not there everywhere

        return TritonMultiply(device)
    return ScratchMultiply() if device.startswith("cuda") else PlainMultiply()
