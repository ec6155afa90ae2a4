"""Load a DiffusionGemma checkpoint folder through transformers, text only, and say clearly what is wrong.

Encoder and decoder share one copy of the weights (the class ties them). The vision tower is neither
read nor kept: the class insists on building one, so it is given the smallest there is, which is dropped.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError
from transformers import (
    DiffusionGemmaConfig,
    DiffusionGemmaForBlockDiffusion,
    Gemma4VisionConfig,
)
from transformers.utils import logging as hf_logging

from model.threads import default_threads
from model.torch_network import TorchNetwork
from model.types import CheckpointError


def smallest_vision_config() -> Gemma4VisionConfig:
    """A vision tower of a few numbers, only there because the class builds one."""
    return Gemma4VisionConfig(
        hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1, num_key_value_heads=1,
        head_dim=8, position_embedding_size=8,
    )  # fmt: skip


class TextOnlyDiffusionGemma(DiffusionGemmaForBlockDiffusion):
    """The class without its vision tower."""

    _keys_to_ignore_on_load_unexpected = [r"vision_tower", r"embed_vision"]  # noqa: RUF012, the base's type

    def __init__(self, config: DiffusionGemmaConfig) -> None:
        config = copy.deepcopy(config)
        config.vision_config = smallest_vision_config()
        super().__init__(config)
        del self.model.encoder.vision_tower
        del self.model.encoder.embed_vision


def load_torch_network(folder: Path, device: str | None, n_threads: int | None) -> TorchNetwork:
    """The checkpoint on `device`, by default a GPU where there is one; raises `CheckpointError`."""
    torch.set_num_threads(n_threads or default_threads())
    return TorchNetwork(load_network(folder, device or ("cuda" if torch.cuda.is_available() else "cpu")))


def load_network(folder: Path, device: str) -> TextOnlyDiffusionGemma:
    """The network in evaluation mode: float32 on a CPU, bfloat16 elsewhere."""
    # On a CPU without bfloat16 arithmetic float32 is a hundred times faster; see ARCHITECTURE.md.
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    verbosity = hf_logging.get_verbosity()
    hf_logging.set_verbosity_error()
    hf_logging.disable_progress_bar()
    try:
        loaded: Any = TextOnlyDiffusionGemma.from_pretrained(
            folder, dtype=dtype, local_files_only=True, attn_implementation="sdpa", output_loading_info=True
        )
    except (OSError, SafetensorError, RuntimeError, ValueError, KeyError, TypeError) as error:
        reason = str(error).strip().split("\n")[0]
        raise CheckpointError(f"{folder}: weights cannot be loaded ({reason}); fetch the checkpoint again") from None
    finally:
        hf_logging.set_verbosity(verbosity)
    network, report = cast("tuple[TextOnlyDiffusionGemma, dict[str, Any]]", loaded)
    if report["missing_keys"] or report["mismatched_keys"]:
        names = sorted(map(str, [*report["missing_keys"], *report["mismatched_keys"]]))
        raise CheckpointError(f"{folder}: {len(names)} weights missing or of the wrong shape, first {names[0]}")
    # With few experts on a CPU the plain loop beats grouped matrix products; one expert needs no choice.
    network.set_experts_implementation("eager" if device == "cpu" else "grouped_mm")
    return cast("TextOnlyDiffusionGemma", cast("torch.nn.Module", network).to(device).eval().requires_grad_(False))
