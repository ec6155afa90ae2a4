"""`Decoder` of the torch runtime: canvases in one row, the settled ones taken out as the loop goes on.

Shapes: T positions of which F are free, of B canvases; V ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from model.diffusion.sampler import Flags, Floats, Ids, StepOutput
from model.torch.forward import Pass, run
from model.torch.vocabulary import Vocabulary
from model.types import Canvas


class TorchDecoder:
    """Canvases over a view of the prompt's cache, each pass as long as those that are still moving."""

    def __init__(
        self,
        decoder: Any,
        vocabulary: Vocabulary,
        prompt: DynamicCache,
        n_prompt: int,
        canvases: Sequence[Canvas],
        barred: Flags,
    ) -> None:
        """`decoder` is the class's; `barred` [B, V] marks ids that a canvas may not predict."""
        self._device = decoder.norm.weight.device
        self._decoder, self._vocabulary, self._prompt = decoder, vocabulary, prompt
        self._barred = torch.from_numpy(barred).to(self._device)
        self._live: tuple[int, ...] = tuple(range(len(canvases)))
        # All of it [T], the canvases one after the other.
        self._ids = self._row_of([c.canvas_ids for c in canvases])
        self._free = self._row_of([c.hole_mask for c in canvases]).bool()
        self._rows = self._row_of([[i] * len(c.canvas_ids) for i, c in enumerate(canvases)])
        self._positions = self._row_of([range(n_prompt, n_prompt + len(c.canvas_ids)) for c in canvases])
        self._conditioning = torch.zeros_like(vocabulary.embedded(self._ids))
        self._masks = self._attention_masks()

    @torch.inference_mode()
    def __call__(self, live: Sequence[int], free_ids: Ids, temperature: float, uniforms: Floats) -> StepOutput:
        if tuple(live) != self._live:
            self._leave_out_all_but(tuple(live))
        self._ids[self._free] = torch.from_numpy(free_ids).to(self._device)
        step = Pass(
            ids=self._ids,
            positions=self._positions,
            conditioning=self._conditioning,
            free=self._free.nonzero()[:, 0],
            rows=self._rows[self._free],
            barred=self._barred,
            temperature=torch.tensor(temperature, device=self._device),
            uniforms=torch.from_numpy(uniforms).to(self._device),
            prompt=self._prompt,
            masks=self._masks,
        )
        draft, entropies, sampled = run(self._decoder, self._vocabulary, step)
        return StepOutput(draft.cpu().numpy(), entropies.cpu().numpy(), sampled.cpu().numpy())

    def _row_of(self, canvases: Sequence[Sequence[int]]) -> Tensor:  # [T]
        return torch.tensor([value for canvas in canvases for value in canvas], device=self._device)

    def _attention_masks(self) -> dict[str, Tensor | None]:
        """For each kind of layer who sees whom [1, 1, T, n + T]: the prompt, and its own canvas; None: all."""
        kinds = self._decoder.text_config.layer_types
        if len(self._live) == 1:
            return dict.fromkeys(kinds)
        own = self._rows[:, None] == self._rows
        masks: dict[str, Tensor | None] = {}
        for layer, kind in zip(self._prompt.layers, kinds, strict=True):
            if kind not in masks:
                n_kept = layer.keys.shape[-2]  # type: ignore[union-attr]
                masks[kind] = torch.cat((own.new_ones(len(own), n_kept), own), dim=1)[None, None]
        return masks

    def _leave_out_all_but(self, live: tuple[int, ...]) -> None:
        kept = torch.isin(self._rows, torch.tensor(live, device=self._device))
        self._ids, self._free, self._rows = self._ids[kept], self._free[kept], self._rows[kept]
        self._positions, self._conditioning = self._positions[kept], self._conditioning[kept]
        self._live = live
        self._masks = self._attention_masks()
