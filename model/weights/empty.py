"""The network that a DiffusionGemma checkpoint's config.json describes, with shapes and no numbers."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import DiffusionGemmaConfig

from model.config import unusable
from model.weights.text_only import TextOnlyDiffusionGemma

ACTIVATION = "gelu_pytorch_tanh"  # the one that products of packed experts know


def empty_network(folder: Path) -> TextOnlyDiffusionGemma:
    """The network of a checkpoint folder on torch's meta device; raises `CheckpointError`."""
    try:
        config = DiffusionGemmaConfig.from_pretrained(folder)
        if config.text_config.hidden_activation != ACTIVATION:  # type: ignore[union-attr]
            raise ValueError(f"hidden_activation is not {ACTIVATION}")
        with torch.device("meta"):
            return TextOnlyDiffusionGemma(config)
    except Exception as error:  # all that is read is this file, and the library raises any kind
        raise unusable(folder / "config.json", "DiffusionGemma", error) from None
