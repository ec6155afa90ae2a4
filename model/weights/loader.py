"""A checkpoint of any size into a network on one device, tensor by tensor, quantized on the way.

The network is made without memory for its weights; each tensor is read, sent to the device, packed there and put
in its place before the next one is read. So the host never holds more than one tensor, and the device never
holds a weight in two forms but one. Encoder and decoder get the same modules: no weight is there twice, and no
quantizer has to know that they are tied. Their layer scalars, which differ, stay apart.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from transformers.models.diffusion_gemma.modeling_diffusion_gemma import (
    DiffusionGemmaTextRotaryEmbedding,
    DiffusionGemmaTextScaledWordEmbedding,
)

from model.types import CheckpointError, OnBytes
from model.weights.empty import empty_network
from model.weights.formats import part_bytes, total
from model.weights.layout import EMBEDDING, part_of, read_dims, tensor_shapes
from model.weights.modules import EXPERTS, Multiply, PackedEmbedding, PackedExperts, PackedLinear
from model.weights.packing import Packed
from model.weights.stream import WeightFormat, Weights, counted, weights_of
from model.weights.text_only import TextOnlyDiffusionGemma


def stream_network(
    folder: Path,
    device: str,
    wanted: WeightFormat,
    multiply: Multiply,
    on_bytes: OnBytes | None = None,
    keep_converted: bool = False,
) -> TextOnlyDiffusionGemma:
    """The network of a checkpoint folder, text only, in evaluation mode; raises `CheckpointError`.

    With `keep_converted` what was quantized is kept in the user's cache folder, and read from there the next time.
    """
    dims = read_dims(folder)
    shapes = tensor_shapes(dims)
    all_bytes = total(part_bytes(shapes, wanted.quant, wanted.embedding, wanted.dtype.itemsize))
    weights = counted(weights_of(folder, shapes, wanted, device, keep_converted), all_bytes, on_bytes)
    network = assembled(empty_network(folder), weights, device, wanted.dtype, multiply)
    unpacked = "eager" if device == "cpu" else "grouped_mm"
    network.set_experts_implementation(unpacked if wanted.quant == "bf16" else EXPERTS)
    return network


def assembled(
    network: TextOnlyDiffusionGemma, weights: Weights, device: str, dtype: torch.dtype, multiply: Multiply
) -> TextOnlyDiffusionGemma:
    """An empty network with these weights put in, in evaluation mode; raises `CheckpointError` when one is wanting."""
    assembly = Assembly(network, multiply, dtype)
    for name, weight in weights:
        assembly.put(name, weight)
    assembly.share()
    fill_buffers(network, device)
    left = [name for name, t in (*network.named_parameters(), *network.named_buffers()) if t.is_meta]
    if left:
        raise CheckpointError(
            f"no weights were found for {left[0]}, and for {len(left)} tensors in all; the checkpoint is incomplete"
        )
    return cast("TextOnlyDiffusionGemma", network.eval().requires_grad_(False))


class Assembly:
    """A network that is given its weights one by one."""

    def __init__(self, network: TextOnlyDiffusionGemma, multiply: Multiply, dtype: torch.dtype) -> None:
        self._network, self._multiply, self._dtype = network, multiply, dtype
        self._waiting: dict[str, Packed] = {}  # the first of a layer's two expert weights

    def put(self, name: str, weight: Packed | Tensor) -> None:
        """Put one tensor [...] of the checkpoint in its place; a packed one replaces its whole layer."""
        path, _, leaf = name.rpartition(".")
        module = self._network.get_submodule(path)
        if isinstance(weight, Tensor):
            if leaf in module._buffers:
                module._buffers[leaf] = weight
            else:
                module._parameters[leaf] = nn.Parameter(weight, requires_grad=False)
        elif part_of(name) == "experts":
            self._waiting[name] = weight
            names = f"{path}.gate_up_proj", f"{path}.down_proj"
            if all(n in self._waiting for n in names):
                del module.gate_up_proj, module.down_proj
                module.packed = PackedExperts(self._multiply, *map(self._waiting.pop, names))  # type: ignore[assignment]
        else:
            parent, _, own = path.rpartition(".")
            made: nn.Module = PackedLinear(weight, self._multiply)
            if name == EMBEDDING:
                scale = cast("DiffusionGemmaTextScaledWordEmbedding", module).scalar_embed_scale
                made = PackedEmbedding(weight, scale, self._dtype)
            setattr(self._network.get_submodule(parent), own, made)

    def share(self) -> None:
        """Give the encoder the decoder's modules, and the last layer the embedding's weight."""
        decoder, encoder = self._network.model.decoder, self._network.model.encoder.language_model
        for name in ("embed_tokens", "norm"):
            setattr(encoder, name, getattr(decoder, name))
        for own, other in zip(encoder.layers, decoder.layers, strict=True):
            for name, module in other.named_children():
                if name == "self_attn":  # the two attend differently, with the same weights
                    for inner, weights in module.named_children():
                        setattr(own.self_attn, inner, weights)
                else:
                    setattr(own, name, module)
        embedding = decoder.embed_tokens
        if isinstance(embedding, PackedEmbedding):
            self._network.lm_head = PackedLinear(embedding.weight, self._multiply)  # type: ignore[assignment]
        else:
            self._network.lm_head.weight = embedding.weight


def fill_buffers(network: TextOnlyDiffusionGemma, device: str) -> None:
    """Make anew what no checkpoint holds: the rotary frequencies and the embedding's scale."""
    for module in network.modules():
        if isinstance(module, DiffusionGemmaTextRotaryEmbedding):
            fresh = DiffusionGemmaTextRotaryEmbedding(module.config).to(device)
            module._buffers.update(fresh._buffers)
        elif isinstance(module, DiffusionGemmaTextScaledWordEmbedding):
            module._buffers["embed_scale"] = torch.tensor(module.scalar_embed_scale, device=device)
