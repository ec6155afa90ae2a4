"""Load a DiffusionGemma checkpoint folder through transformers, text only, and say clearly what is wrong.

Encoder and decoder share one copy of the weights (the class ties them). The vision tower is neither
read nor kept: the class insists on building one, so it is given the smallest there is, which is dropped.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError
from transformers import (
    DiffusionGemmaConfig,
    DiffusionGemmaForBlockDiffusion,
    DiffusionGemmaTextConfig,
    Gemma4VisionConfig,
)
from transformers.utils import logging as hf_logging

from model.config import EMBEDDED, SamplerConfig, check_folder, read_infill_config
from model.engine import TorchEngine
from model.tokenizer import TextTokenizer
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


def load_engine(model: str | None = None, device: str | None = None) -> TorchEngine:
    """The engine for a checkpoint folder, or for the embedded model; raises `CheckpointError`."""
    folder = EMBEDDED if model is None else Path(model).expanduser()
    check_folder(folder)
    infill_config = read_infill_config(folder)
    tokenizer = TextTokenizer.load(folder)
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    network = load_network(folder, device)
    check_match(folder, network, tokenizer)
    return TorchEngine(network, tokenizer, infill_config, read_sampler_config(folder))


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


def read_sampler_config(folder: Path) -> SamplerConfig | None:
    """The sampler settings that the checkpoint's generation_config.json states, if any."""
    path = folder / "generation_config.json"
    if not path.is_file():
        return None
    stated = json.loads(path.read_bytes())
    values = {k: stated[k] for k in SamplerConfig.__struct_fields__ if stated.get(k) is not None}
    if isinstance(nested := stated.get("sampler_config"), dict) and "entropy_bound" in nested:
        values["entropy_bound"] = nested["entropy_bound"]
    return SamplerConfig(**values)


def check_match(folder: Path, network: TextOnlyDiffusionGemma, tokenizer: TextTokenizer) -> None:
    """Refuse a tokenizer whose ids the model cannot embed or whose pad id means something else."""
    config = cast("DiffusionGemmaTextConfig", network.config.text_config)
    if tokenizer.vocab_size != config.vocab_size:
        raise CheckpointError(
            f"{folder}: tokenizer has {tokenizer.vocab_size} tokens but the model {config.vocab_size}; "
            "they do not belong together"
        )
    if config.pad_token_id is not None and tokenizer.pad_id != config.pad_token_id:
        raise CheckpointError(
            f"{folder}: pad token is {tokenizer.pad_id} in the tokenizer but {config.pad_token_id} in the model"
        )
