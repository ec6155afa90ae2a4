"""Opens a converted folder as an engine, and says clearly what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from model.causal.config import read_manifest
from model.causal.engine import CausalEngine
from model.causal.network import CausalNetwork
from model.causal.onnx_runtime import OnnxRuntime
from model.causal.runtime import Runtime
from model.causal.sessions import open_folder
from model.causal.tokenizer import CausalTokenizer
from model.config import read_infill_config
from model.hardware.devices import device_of
from model.hardware.heap import keep_large_apart, trim_heap
from model.types import CheckpointError, ModelSpec, OnBytes


def load_causal_engine(folder: Path, spec: ModelSpec, on_bytes: OnBytes | None = None) -> CausalEngine:
    """The engine of a converted folder; raises `CheckpointError`."""
    if spec.quant is not None:
        raise CheckpointError(f"{folder}: --quant cannot change the format that it was converted to; leave it out")
    keep_large_apart()  # kept keys and values grow and go
    tokenizer = CausalTokenizer.load(folder)
    runtime = open_runtime(folder, spec)
    if tokenizer.vocab_size > runtime.config.vocab_size:
        raise CheckpointError(
            f"{folder}: tokenizer has {tokenizer.vocab_size} tokens but the model {runtime.config.vocab_size}; "
            "they do not belong together"
        )
    if on_bytes is not None:
        n_bytes = read_manifest(folder).weights_bytes
        on_bytes(n_bytes, n_bytes)
    infill = read_infill_config(folder)
    if not tokenizer.has_turns:
        infill = msgspec.structs.replace(infill, takes_instructions=False)
    tokenizer.token_bytes()  # before the heap is trimmed: it makes a hundred thousand small things
    engine = CausalEngine(CausalNetwork(runtime), tokenizer, infill)
    trim_heap()  # reading the vocabulary and packing the weights leaves up to 100 MiB
    return engine


def open_runtime(folder: Path, spec: ModelSpec) -> Runtime:
    """ONNX Runtime, or torch on the device that is asked for; raises `CheckpointError`."""
    if spec.device is None:
        return OnnxRuntime(open_folder(folder, spec.threads))
    from model.causal.torch_runtime import TorchRuntime  # brings torch

    return TorchRuntime(folder, device_of(spec.device).name, spec.threads)
