"""Opens a converted folder as an engine, and says clearly what is wrong with it."""

from __future__ import annotations

from pathlib import Path

from model.causal.engine import CausalEngine
from model.causal.network import CausalNetwork
from model.causal.sessions import open_folder
from model.causal.tokenizer import CausalTokenizer
from model.config import read_infill_config
from model.types import CheckpointError, ModelSpec, OnBytes


def load_causal_engine(folder: Path, spec: ModelSpec, on_bytes: OnBytes | None = None) -> CausalEngine:
    """The engine of a converted folder; raises `CheckpointError`."""
    if spec.device not in (None, "cpu") or spec.quant is not None:
        raise CheckpointError(f"{folder}: runs on the CPU only, in the format that it was converted to")
    tokenizer = CausalTokenizer.load(folder)
    opened = open_folder(folder, spec.threads)
    if tokenizer.vocab_size > opened.config.vocab_size:
        raise CheckpointError(
            f"{folder}: tokenizer has {tokenizer.vocab_size} tokens but the model {opened.config.vocab_size}; "
            "they do not belong together"
        )
    if on_bytes is not None:
        on_bytes(opened.manifest.weights_bytes, opened.manifest.weights_bytes)
    return CausalEngine(CausalNetwork(opened), tokenizer, read_infill_config(folder))
