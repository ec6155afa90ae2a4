"""Triton kernels for a GPU: products with packed weights, and a step's output over the vocabulary.

Nothing imports their modules unless `usable` says so: Triton is there on Linux only, and slow to import.
"""

from __future__ import annotations

from importlib.util import find_spec

import torch

CAPABILITY = (8, 0)  # Ampere: bfloat16 on the tensor cores


def usable(device: str) -> bool:
    """Whether the kernels run on a device: CUDA, a GPU that is new enough, and Triton installed."""
    if not device.startswith("cuda") or find_spec("triton") is None:
        return False
    return torch.cuda.get_device_capability(device) >= CAPABILITY
