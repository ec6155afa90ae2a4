"""`Decoder` of the masked models: a pass over whole rows, and only what is still masked is asked about.

Shapes: B canvases, or as many as are live, F free positions of which M are masked, V ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from model.config import SCORES_AT_ONCE
from model.diffusion.sampler import Flags, Floats, Ids, StepOutput
from model.torch.vocabulary import step_output
from model.types import Canvas


class SpecialIds(NamedTuple):
    """Ids that mean something to the loop."""

    mask: int
    pad: int  # deletes a mask where there is an `expand`
    expand: int | None  # makes two masks of one, where the model has learned to


class Hidden(Protocol):
    """What the decoder asks of a masked network; see `model/masked/network.py`."""

    ids: SpecialIds
    prompt_ids: list[int]
    vocab_size: int

    @property
    def device(self) -> str: ...

    def elastic(self, canvas: Canvas) -> bool: ...

    def hidden_before(self, rows: Sequence[Sequence[int]], wanted: Sequence[tuple[int, int]]) -> Tensor: ...  # [M, dim]

    def scores(self, hidden: Tensor) -> Tensor: ...  # [M, dim] to [M, V]


class MaskedDecoder:
    """Canvases after one prompt; nothing is remembered from pass to pass."""

    def __init__(self, network: Hidden, canvases: Sequence[Canvas], barred: Flags) -> None:
        """`barred` [B, V] marks ids that a canvas may not predict."""
        self._network, self._canvases = network, canvases
        self._holes = [np.array(c.hole_mask, dtype=np.bool_) for c in canvases]
        self._barred = torch.from_numpy(barred).to(network.device)

    @torch.inference_mode()
    def __call__(self, live: Sequence[int], free_ids: Ids, temperature: float, uniforms: Floats) -> StepOutput:
        """What of `free_ids` [F] is not masked stays, with entropy 0; so does the empty end of an elastic hole."""
        rows, asked = self._rows(live, free_ids)
        open_at = np.flatnonzero(free_ids == self._network.ids.mask)
        output = StepOutput(free_ids.copy(), np.zeros(len(free_ids), np.float32), free_ids.copy())
        hidden = self._network.hidden_before(rows, asked)
        barred = self._barred_now(live, free_ids)
        own = torch.tensor([i for i, _ in asked], device=hidden.device)
        drawn = torch.from_numpy(uniforms[open_at]).to(hidden.device)
        n_at_once = max(1, SCORES_AT_ONCE // self._network.vocab_size)
        parts = [
            self._step_outputs(h, barred[i], temperature, u)
            for h, i, u in zip(*(t.split(n_at_once) for t in (hidden, own, drawn)), strict=True)
        ]
        for to, values in zip(output, map(torch.cat, zip(*parts, strict=True)), strict=True):
            to[open_at] = values.cpu().numpy()
        return output

    def _step_outputs(self, hidden: Tensor, barred: Tensor, temperature: float, uniforms: Tensor) -> tuple[Tensor, ...]:
        """Draft, entropies and sampled ids [M] of `hidden` [M, dim] without `barred` [M, V]; `uniforms` [M] pick.

        The draft is text, a sample may change the length.
        """
        logits = self._network.scores(hidden).masked_fill_(barred, -torch.inf).div_(temperature)
        draft, entropies, sampled, _ = step_output(logits, uniforms)
        if self._network.ids.expand is not None:
            logits[:, [self._network.ids.pad, self._network.ids.expand]] = -torch.inf
            draft = logits.argmax(-1)
        return draft, entropies, sampled

    def _rows(self, live: Sequence[int], free_ids: Ids) -> tuple[list[list[int]], list[tuple[int, int]]]:
        """The rows' ids, and (row, position) of every mask in them, in the order of `free_ids` [F]."""
        rows: list[list[int]] = []
        masked: list[tuple[int, int]] = []
        prompt, ids = self._network.prompt_ids, self._network.ids
        for row, (i, own_ids) in enumerate(zip(live, self._split(live, free_ids), strict=True)):
            canvas = np.array(self._canvases[i].canvas_ids)
            canvas[self._holes[i]] = own_ids
            free = self._holes[i]
            if self._network.elastic(self._canvases[i]):
                present = ~free | (canvas != ids.pad)
                canvas, free = canvas[present], free[present]
            rows.append([*prompt, *canvas.tolist()])
            masked += [(row, len(prompt) + int(at)) for at in np.flatnonzero(free & (canvas == ids.mask))]
        return rows, masked

    def _barred_now(self, live: Sequence[int], free_ids: Ids) -> Tensor:
        """The live rows' barred ids [B, V]; a hole of no fixed length may be made longer while there is room."""
        barred, ids = self._barred[list(live)], self._network.ids
        for row, (i, own_ids) in enumerate(zip(live, self._split(live, free_ids), strict=True)):
            if ids.expand is not None and self._network.elastic(self._canvases[i]):
                barred[row, ids.expand] = bool((own_ids != ids.pad).all())
        return barred

    def _split(self, live: Sequence[int], free_ids: Ids) -> list[Ids]:  # [F] to [n] for each row
        return np.split(free_ids, np.cumsum([self._holes[i].sum() for i in live])[:-1])
