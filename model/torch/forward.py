"""One denoising pass of the class's decoder over canvases that lie side by side in one row.

Canvases of different lengths share one prompt. In a batch of rows each would be padded to the longest and the
prompt's keys copied for every row; in one row there is no padding and one copy, and a mask keeps the canvases
apart. What stands in a canvas is all the same to its neighbours (tests/model/torch/test_decoder.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from model.torch.vocabulary import Vocabulary


@dataclass
class Pass:
    """What a pass reads: T positions of which F are free, of B canvases, all on one device; V ids.

    Only `conditioning` is written. Nothing here depends on what the tensors hold, so that a pass over tensors that
    stay where they are can be recorded and played again.
    """

    ids: Tensor  # [T]
    positions: Tensor  # [T] of the rotary embedding; they go on after the prompt in every canvas
    conditioning: Tensor  # [T, dim] expected embeddings under the last pass; zeros before the first
    free: Tensor  # [F] which of the T
    rows: Tensor  # [F] the canvas of each
    barred: Tensor  # [B, V] bool, what a canvas may not predict
    temperature: Tensor  # []
    uniforms: Tensor  # [F] in [0, 1), each picks an id
    prompt: Any  # its layers have keys and values [1, heads, n, size], as the library's caches do
    masks: Mapping[str, Tensor | None]  # [1, 1, T, n + T] bool for each kind of layer, who sees whom; None: all


def run(decoder: Any, vocabulary: Vocabulary, step: Pass) -> tuple[Tensor, Tensor, Tensor]:
    """Draft, entropies (nats) and sampled ids [F] of the free positions; `decoder` is the class's."""
    hidden = last_hidden(decoder, vocabulary, step)[step.free]
    *output, mixed = vocabulary.step_output(hidden, step.barred, step.rows, step.temperature, step.uniforms)
    step.conditioning.copy_(vocabulary.embedded(step.ids))  # of what is clamped it is certain
    step.conditioning.index_copy_(0, step.free, mixed)
    draft, entropies, sampled = output
    return draft, entropies, sampled


def last_hidden(decoder: Any, vocabulary: Vocabulary, step: Pass) -> Tensor:
    """Last hidden states [T, dim]: the class's decoder but for its making of masks and of soft embeddings."""
    positions = step.positions[None]
    x = decoder.self_conditioning(vocabulary.embedded(step.ids)[None], step.conditioning[None])
    rotary = {kind: decoder.rotary_emb(x, positions, kind) for kind in decoder.unique_layer_types}
    for layer, kind in zip(decoder.layers, decoder.text_config.layer_types, strict=True):
        x = layer(
            x,
            position_embeddings=rotary[kind],
            attention_mask=step.masks[kind],
            position_ids=positions,
            past_key_values=step.prompt,
        )
    return decoder.norm(x)[0]
