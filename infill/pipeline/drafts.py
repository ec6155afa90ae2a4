"""Drafts of a fill on its way: what the engine has after each denoising step, as text for whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from infill.types import Draft, OnDraft
from model.types import Budget, Canvas, OnStep


def reporter(
    on_draft: OnDraft | None, canvases: Sequence[Canvas], budget: Budget, written: Callable[[Sequence[int]], str]
) -> OnStep | None:
    """What the engine is to call after each step; `written` turns the ids in free positions into text.

    One canvas is shown, that of middle length among those that go on: which will win is not known yet.
    """
    if on_draft is None:
        return None

    def report(step: int, ids: list[list[int]]) -> None:
        going_on = [(row, canvas) for row, canvas in zip(ids, canvases, strict=True) if row]
        row, canvas = going_on[len(going_on) // 2]
        free_ids = [i for i, free in zip(row, canvas.hole_mask, strict=True) if free]
        on_draft(Draft(written(free_ids), step, budget.max_denoising_steps))

    return report
