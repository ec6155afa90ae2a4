"""Opens the checkpoint folder of a masked diffusion model, and says what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import torch
from torch import nn

from model.config import MASK_SAMPLER, read_infill_config
from model.devices import device_of
from model.engine import DiffusionEngine
from model.masked_layout import Described, Transformer, read_config
from model.masked_network import MaskedNetwork, SpecialIds
from model.masked_tokenizer import MaskedTokenizer
from model.threads import default_threads
from model.types import CheckpointError, OnBytes, Quant
from model.weights.fitting import ROOM
from model.weights.shards import Shards


def load_masked_engine(
    folder: Path, device: str | None, n_threads: int | None, quant: Quant | None, on_bytes: OnBytes | None
) -> DiffusionEngine:
    """The engine over a masked model, its weights as they are (bfloat16 on a GPU); raises `CheckpointError`."""
    if quant not in (None, "bf16"):
        raise CheckpointError(f"{folder}: a masked model, which can be loaded in bf16 only, not in {quant}")
    torch.set_num_threads(n_threads or default_threads())
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
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    network = load_transformer(folder, described, device, on_bytes)
    ids = SpecialIds(mask_id, tokenizer.pad_id, tokenizer.expand_id)
    masked = MaskedNetwork(network, ids, tokenizer.vocab_size, described.family.shifted)
    return DiffusionEngine(masked, tokenizer, infill, MASK_SAMPLER)


def load_transformer(folder: Path, described: Described, device: str, on_bytes: OnBytes | None) -> Transformer:
    """The network with its weights read one by one to where they are used."""
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    config, network, names, shapes = described.config, described.network, described.names, described.shapes
    needed, done = sum(p.numel() for p in network.parameters()) * dtype.itemsize, 0
    if needed > ROOM * (free := device_of(device).free_bytes):
        raise CheckpointError(f"{folder}: needs {needed / 1e9:.1f} GB on {device}, {free / 1e9:.1f} GB are free")
    shards = Shards(folder)
    shards.check(shapes)
    for theirs, weight in shards.read(shapes, device):
        path, _, leaf = names[theirs].rpartition(".")
        network.get_submodule(path)._parameters[leaf] = nn.Parameter(weight.to(dtype), requires_grad=False)
        done += weight.numel() * dtype.itemsize
        if on_bytes is not None:
            on_bytes(done, needed)
    if config.tie_word_embeddings:
        network.lm_head.weight = network.model.embed_tokens.weight
    rotary = network.model.rotary_emb
    network.model.rotary_emb = type(rotary)(config).to(device)  # type: ignore[arg-type]; no checkpoint holds it
    return network.eval()
