"""Drafts of a fill on its way: what the engine has after each denoising step, as text for whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from infill.types import Draft, OnDraft
from model.types import Budget, Canvas

OnStep = Callable[[int, list[list[int]]], None]  # steps taken and the ids of every canvas, for the engine


def reporter(
    on_draft: OnDraft | None, canvases: Sequence[Canvas], budget: Budget, written: Callable[[Sequence[int]], str]
) -> OnStep | None:
    """What the engine is to call after each step; `written` turns the ids in free positions into text.

    One canvas is shown throughout, the one of middle length: which will win is not known yet.
    """
    if on_draft is None:
        return None
    shown = len(canvases) // 2
    mask = canvases[shown].hole_mask

    def report(step: int, ids: list[list[int]]) -> None:
        free_ids = [i for i, free in zip(ids[shown], mask, strict=True) if free]
        on_draft(Draft(written(free_ids), step, budget.max_denoising_steps))

    return report
