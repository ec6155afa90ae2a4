"""Opens a converted folder as an engine, and says clearly what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from model.causal.adapter import Adapter, adapter_for
from model.causal.config import read_config, read_manifest
from model.causal.engine import CausalEngine
from model.causal.graph_files import has_graph, trunk_name
from model.causal.network import CausalNetwork
from model.causal.onnx_runtime import OnnxRuntime
from model.causal.runtime import Runtime
from model.causal.sessions import open_folder
from model.causal.tokenizer import CausalTokenizer
from model.config import read_infill_config
from model.hardware.devices import device_of
from model.hardware.heap import keep_large_apart, trim_heap
from model.types import CheckpointError, ModelSpec, OnBytes

DraftsSwitch = Literal["auto", "on", "off"]  # of `InfillConfig.canvas_drafts`


def load_causal_engine(folder: Path, spec: ModelSpec, on_bytes: OnBytes | None = None) -> CausalEngine:
    """The engine of a converted folder; raises `CheckpointError`."""
    if spec.quant is not None:
        raise CheckpointError(f"{folder}: --quant cannot change the format that it was converted to; leave it out")
    keep_large_apart()  # kept keys and values grow and go
    tokenizer = CausalTokenizer.load(folder)
    infill = read_infill_config(folder)
    runtime = open_runtime(folder, spec, infill.canvas_drafts)
    if tokenizer.vocab_size > runtime.config.vocab_size:
        raise CheckpointError(
            f"{folder}: tokenizer has {tokenizer.vocab_size} tokens but the model {runtime.config.vocab_size}; "
            "they do not belong together"
        )
    if on_bytes is not None:
        n_bytes = read_manifest(folder).weights_bytes
        on_bytes(n_bytes, n_bytes)
    if not tokenizer.has_turns:
        infill = msgspec.structs.replace(infill, takes_instructions=False)
    tokenizer.token_bytes()  # before the heap is trimmed: it makes a hundred thousand small things
    engine = CausalEngine(CausalNetwork(runtime), tokenizer, infill)
    trim_heap()  # reading the vocabulary and packing the weights leaves up to 100 MiB
    return engine


def open_runtime(folder: Path, spec: ModelSpec, drafts: DraftsSwitch = "auto") -> Runtime:
    """ONNX Runtime, or torch on the device that is asked for; raises `CheckpointError`."""
    if spec.device is None:
        return OnnxRuntime(open_folder(folder, spec.threads, adapter(folder, drafts)))
    from model.causal.torch_runtime import TorchRuntime  # brings torch

    device = device_of(spec.device).name
    return TorchRuntime(folder, device, spec.threads, adapter(folder, drafts, device))


def adapter(folder: Path, drafts: DraftsSwitch, device: str | None = None) -> Adapter | None:
    """The canvas adapter of a folder, where it is to draft; `device` is None for ONNX Runtime.

    By itself it drafts on a GPU only: on a CPU its rows cost about what they save (README.md).
    """
    if drafts == "off" or (drafts == "auto" and device in (None, "cpu")):
        return None
    config, manifest = read_config(folder / "config.json"), read_manifest(folder)
    found = adapter_for(config, manifest)
    if found is not None and device is None and not has_graph(trunk_name(config, manifest.format, found.rank), folder):
        return None
    return found
