"""Builds canvases: clamped tail, free hole, clamped near suffix. Refuses to know how they are denoised."""

from __future__ import annotations

from collections.abc import Sequence

from infill.prompt.context import PromptContext
from infill.types import Hole
from model.types import Canvas, ModelInfo

LONG_SELECTION = 32  # tokens; above it each length that is tried costs as much as a whole line
ADDED_LINES = 5  # as when a docstring is asked for
FREE = 0  # the id of a free position; any would do, as it starts as noise


def build_canvas(
    prompt: PromptContext, n_free: int, pad_ends_hole: bool = False, present_ids: Sequence[int] = ()
) -> Canvas:
    """Return a canvas whose hole is `n_free` tokens long, or at most that long when pad may end it.

    `present_ids` are the tokens that the hole replaces, for an engine that reads them.
    """
    before, after = prompt.tail_ids, prompt.near_suffix_ids
    return Canvas(
        canvas_ids=(*before, *free_ids(present_ids, n_free), *after),
        hole_mask=(*[False] * len(before), *[True] * n_free, *[False] * len(after)),
        pad_ends_hole=pad_ends_hole,
    )


def warm_canvas(prompt: PromptContext, draft_ids: Sequence[int]) -> Canvas:
    """Return a canvas whose hole starts from a draft instead of noise."""
    cold = build_canvas(prompt, len(draft_ids))
    before, after = prompt.tail_ids, prompt.near_suffix_ids
    return Canvas((*before, *draft_ids, *after), cold.hole_mask, warm=True)


def free_ids(present_ids: Sequence[int], n_free: int) -> tuple[int, ...]:
    """Return the ids of `n_free` free positions: the present ones as far as they fit, then free ones."""
    return (*present_ids[:n_free], *[FREE] * (n_free - len(present_ids)))


def rooms(n_present: int, info: ModelInfo) -> tuple[int, ...]:
    """Return the hole lengths (tokens) to replace `n_present` tokens, for a model that ends holes itself."""
    return (2 * n_present + ADDED_LINES * info.line_lengths[0],) * len(info.line_lengths)


def hole_canvases(prompt: PromptContext, hole: Hole, selected_ids: Sequence[int], info: ModelInfo) -> list[Canvas]:
    """Return one canvas for each hole length worth trying; `selected_ids` are the tokens in the hole now.

    Exact lengths first; a model trained to end a hole with pad also gets the longest as a bucket, in
    which it chooses the length itself.
    """
    lengths: Sequence[int] = info.block_lengths if hole.multiline else info.line_lengths
    if hole.kind == "selection":
        n_selected = len(selected_ids)
        variants = (-2, -1, 0, 1, 2) if n_selected <= LONG_SELECTION else (-2, 0, 2)
        lengths = sorted({max(1, n_selected + d) for d in variants})
        lengths = rooms(n_selected, info) if info.ends_holes else lengths
    present = selected_ids if hole.kind == "selection" else ()
    canvases = [build_canvas(prompt, n, present_ids=present) for n in lengths]
    if info.pad_ends_hole and hole.kind != "selection":
        canvases.append(build_canvas(prompt, max(lengths), pad_ends_hole=True))
    return canvases
