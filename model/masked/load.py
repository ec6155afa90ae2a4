"""Opens the checkpoint folder of a masked diffusion model, and says what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import torch
from torch import Tensor, nn

from model.config import MASK_SAMPLER, read_infill_config
from model.engine.engine import DiffusionEngine
from model.hardware.devices import device_of, usual_device
from model.hardware.threads import default_threads
from model.masked.network import MaskedNetwork, SpecialIds
from model.masked.tokenizer import MaskedTokenizer
from model.torch.load import multiply_for
from model.types import CheckpointError, ModelSpec, OnBytes, Quant
from model.weights.fitting import CPU, chosen_quant
from model.weights.formats import part_bytes, total
from model.weights.manifest import wished_form
from model.weights.masked_layout import Described, Transformer, read_config
from model.weights.modules import Multiply, PackedEmbedding, PackedLinear
from model.weights.packing import Packed
from model.weights.stream import WeightFormat, counted, weights_of


def load_masked_engine(folder: Path, spec: ModelSpec, on_bytes: OnBytes | None = None) -> DiffusionEngine:
    """The engine over a masked model, by default in the least lossy format that fits; raises `CheckpointError`."""
    torch.set_num_threads(spec.threads or default_threads())
    described = read_config(folder)
    tokenizer = MaskedTokenizer.load(folder)
    mask_id = described.stated.mask_token_id
    if mask_id is None:
        mask_id = tokenizer.mask_id
    if mask_id is None or mask_id not in tokenizer.special_ids:
        raise CheckpointError(
            f"{folder}: neither config.json nor the tokenizer has a mask token: an ordinary left-to-right model, "
            "or not all of its files"
        )
    if described.config.vocab_size < tokenizer.vocab_size:
        raise CheckpointError(
            f"{folder}: tokenizer has {tokenizer.vocab_size} tokens but the model {described.config.vocab_size}; "
            "they do not belong together"
        )
    infill = read_infill_config(folder)
    if tokenizer.expand_id is not None:
        infill = msgspec.structs.replace(infill, pad_ends_hole=True)
    network = load_transformer(folder, described, spec.device or usual_device(), spec.quant, on_bytes)
    ids = SpecialIds(mask_id, tokenizer.pad_id, tokenizer.expand_id)
    masked = MaskedNetwork(network, ids, tokenizer.vocab_size, described.family.shifted)
    return DiffusionEngine(masked, tokenizer, infill, MASK_SAMPLER)


def load_transformer(
    folder: Path, described: Described, device: str, wish: Quant | None, on_bytes: OnBytes | None
) -> Transformer:
    """The network with its weights read one by one to where they are used, quantized on the way."""
    dtype = torch.float32 if device == CPU else torch.bfloat16
    wish, embedding = wished_form(folder, wish)
    quant = chosen_quant(described, device_of(device), wish, str(folder))
    config, network, names, shapes = described.config, described.network, described.names, described.shapes
    all_bytes = total(part_bytes(shapes, quant, embedding, dtype.itemsize))
    weights = weights_of(folder, shapes, WeightFormat(quant, dtype, embedding), device, keep_converted=True)
    multiply = multiply_for(device)
    for theirs, weight in counted(weights, all_bytes, on_bytes):
        put(network, names[theirs], weight, multiply, dtype)
    if config.tie_word_embeddings:
        tied = network.model.embed_tokens.weight
        if isinstance(tied, Packed):
            network.lm_head = PackedLinear(tied, multiply)  # type: ignore[assignment]
        else:
            network.lm_head.weight = tied
    rotary = network.model.rotary_emb
    network.model.rotary_emb = type(rotary)(config).to(device)  # type: ignore[arg-type]; no checkpoint holds it
    return network.eval()


def put(network: nn.Module, name: str, weight: Packed | Tensor, multiply: Multiply, dtype: torch.dtype) -> None:
    """Put one tensor [...] in its place; a packed one [rows, columns] replaces its whole layer."""
    path, _, leaf = name.rpartition(".")
    module = network.get_submodule(path)
    if isinstance(weight, Tensor):
        module._parameters[leaf] = nn.Parameter(weight, requires_grad=False)
    elif isinstance(module, nn.Embedding):
        network.set_submodule(path, PackedEmbedding(weight, 1.0, dtype))
    else:
        network.set_submodule(path, PackedLinear(weight, multiply, module._parameters.get("bias")))
