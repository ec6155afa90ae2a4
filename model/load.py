"""Opens a checkpoint folder by the `model_type` in its config.json, and says clearly what is wrong with it.

`OPENERS` has a row for each class of model. To add a class: write a folder beside `torch/` and `masked/` with its
`Network` and `Decoder` (the protocols in `model/diffusion/network.py` and `denoise.py`) and a function that opens a
folder; add the row here, the `model_type` to `MODEL_TYPES` in `model/config.py`, and the arrows to
`tests/floor_plan.toml`. A causal model whose prompt is read once fits as it is: `prefill` keeps the prompt's keys,
and `decoder` runs the canvases as rows after it.

Runtimes are imported when a folder needs one: torch takes seconds. A DiffusionGemma with a folder `onnx/` (written by
`python -m model.train.to_onnx`) runs on the CPU through ONNX Runtime, without torch.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from model.config import (
    CAUSAL_TYPE,
    MASKED_TYPES,
    MODEL_TYPE,
    ONNX,
    SamplerConfig,
    check_folder,
    folder_of,
    read_infill_config,
    read_model_type,
    unusable,
)
from model.diffusion.network import Network
from model.engine.engine import DiffusionEngine
from model.engine.hole_lengths import read_usual
from model.tokenize.chat import Chat, open_tokenizer
from model.tokenize.tokenizer import TextTokenizer
from model.types import CheckpointError, Engine, ModelSpec, OnBytes
from model.weights.layout import read_dims


def load_engine(spec: ModelSpec | None = None, on_bytes: OnBytes | None = None) -> Engine:
    """The engine for a model of our own, by default the embedded one; raises `CheckpointError`.

    `on_bytes` hears how much of the weights is in place.
    """
    spec = spec or ModelSpec()
    folder = folder_of(spec)
    check_folder(folder)
    return OPENERS[str(read_model_type(folder))](folder, spec, on_bytes)


def open_masked(folder: Path, spec: ModelSpec, on_bytes: OnBytes | None) -> DiffusionEngine:
    """A masked model, which needs torch."""
    check_torch(folder)
    from model.masked.load import load_masked_engine

    return load_masked_engine(folder, spec, on_bytes)


def open_causal(folder: Path, spec: ModelSpec, on_bytes: OnBytes | None) -> Engine:
    """A causal model that was converted: in ONNX Runtime, or in torch on a device that is asked for."""
    if spec.device is not None:
        check_torch(folder)
    from model.causal.load import load_causal_engine

    return load_causal_engine(folder, spec, on_bytes)


def open_diffusion_gemma(folder: Path, spec: ModelSpec, on_bytes: OnBytes | None) -> DiffusionEngine:
    """A model of the class DiffusionGemma, in ONNX Runtime or in torch."""
    tokenizer = open_tokenizer(folder, read_infill_config(folder).prompt)
    chats = isinstance(tokenizer.layout, Chat)
    infill_config = read_infill_config(folder, chats)
    network = load_network(folder, spec, on_bytes)
    check_match(folder, network, tokenizer)
    # What a chat model states of its sampler is for answers of pages, not for a hole in a line.
    stated = None if chats else read_sampler_config(folder)
    return DiffusionEngine(network, tokenizer, infill_config, stated, read_usual(folder))


Opener = Callable[[Path, ModelSpec, OnBytes | None], Engine]
OPENERS: dict[str, Opener] = {
    MODEL_TYPE: open_diffusion_gemma,
    **dict.fromkeys(MASKED_TYPES, open_masked),
    CAUSAL_TYPE: open_causal,
}


def load_network(folder: Path, spec: ModelSpec, on_bytes: OnBytes | None) -> Network:
    """The folder's network in the runtime that suits it and the device."""
    if spec.device is None and spec.quant is None and (folder / ONNX).is_dir():
        from model.onnx.load import load_onnx_network

        check_window(folder)
        return load_onnx_network(folder, spec.threads)
    check_torch(folder)
    from model.torch.load import load_torch_network

    return load_torch_network(folder, spec, on_bytes)


def check_torch(folder: Path) -> None:
    """Refuse what needs torch where there is none."""
    missing = [name for name in ("torch", "transformers") if importlib.util.find_spec(name) is None]
    if missing:
        or_else = {
            MODEL_TYPE: f", or write the checkpoint's {ONNX} folder for the CPU with python -m model.train.to_onnx",
            CAUSAL_TYPE: ", or leave --device out: it runs on the CPU without",
        }.get(str(read_model_type(folder)), "")
        raise CheckpointError(
            f"{folder}: needs {' and '.join(missing)}, not installed here; pip install 'dg-lsp[gpu]'{or_else}"
        )


def check_window(folder: Path) -> None:
    """Refuse prompts that outgrow the sliding window: the graphs have one mask for every layer."""
    window, longest = read_dims(folder).sliding_window, read_infill_config(folder).max_prompt_tokens
    if longest >= window:
        raise CheckpointError(
            f"{folder}/infill.json: max_prompt_tokens {longest} must be less than the sliding window of {window}"
        )


def read_sampler_config(folder: Path) -> SamplerConfig | None:
    """The sampler settings that the checkpoint's generation_config.json states, if any."""
    path = folder / "generation_config.json"
    if not path.is_file():
        return None
    try:
        stated = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        values = {k: stated[k] for k in SamplerConfig.__struct_fields__ if stated.get(k) is not None}
        if isinstance(nested := stated.get("sampler_config"), dict) and "entropy_bound" in nested:
            values["entropy_bound"] = nested["entropy_bound"]
        return msgspec.convert(values, SamplerConfig)
    except msgspec.DecodeError as error:
        raise unusable(path, "sampler", error) from None


def check_match(folder: Path, network: Network, tokenizer: TextTokenizer) -> None:
    """Refuse a tokenizer whose ids the model cannot embed or whose pad id means something else."""
    if tokenizer.vocab_size != network.vocab_size:
        raise CheckpointError(
            f"{folder}: tokenizer has {tokenizer.vocab_size} tokens but the model {network.vocab_size}; "
            "they do not belong together"
        )
    if network.pad_id is not None and tokenizer.pad_id != network.pad_id:
        raise CheckpointError(
            f"{folder}: pad token is {tokenizer.pad_id} in the tokenizer but {network.pad_id} in the model"
        )
