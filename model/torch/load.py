"""Opens a checkpoint folder on a torch device, in the weight format that suits it, and says what is wrong."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers.utils import logging as hf_logging

from model import kernels
from model.hardware.devices import device_of, usual_device
from model.hardware.threads import default_threads
from model.torch.network import TorchNetwork
from model.types import ModelSpec, OnBytes, Quant
from model.weights.fitting import chosen_quant
from model.weights.layout import read_dims
from model.weights.loader import stream_network
from model.weights.manifest import wished_form
from model.weights.modules import Multiply, PlainMultiply, ScratchMultiply
from model.weights.stream import WeightFormat
from model.weights.text_only import TextOnlyDiffusionGemma


def load_torch_network(folder: Path, spec: ModelSpec, on_bytes: OnBytes | None = None) -> TorchNetwork:
    """The checkpoint on the spec's device, by default a GPU where there is one; raises `CheckpointError`."""
    torch.set_num_threads(spec.threads or default_threads())
    return TorchNetwork(load_network(folder, spec.device or usual_device(), spec.quant, on_bytes))


def load_network(
    folder: Path, device: str, quant: Quant | None = None, on_bytes: OnBytes | None = None
) -> TextOnlyDiffusionGemma:
    """The network in evaluation mode: float32 activations on a CPU, bfloat16 elsewhere."""
    # On a CPU without bfloat16 arithmetic float32 is a hundred times faster; see ARCHITECTURE.md.
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    wish, embedding = wished_form(folder, quant)
    quant = chosen_quant(read_dims(folder), device_of(device), wish, str(folder))
    hf_logging.set_verbosity_error()
    hf_logging.disable_progress_bar()
    wanted = WeightFormat(quant, dtype, embedding)
    return stream_network(folder, device, wanted, multiply_for(device), on_bytes, keep_converted=True)


def multiply_for(device: str) -> Multiply:
    """The fastest products with packed weights that the device has."""
    if kernels.usable(device):
        from model.kernels.multiply import TritonMultiply  # slow to import, and not there everywhere

        return TritonMultiply(device)
    return ScratchMultiply() if device.startswith("cuda") else PlainMultiply()
