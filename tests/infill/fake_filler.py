"""A Filler whose answers are written in the test, and the shapes of those answers."""

from __future__ import annotations

from collections.abc import Callable

from infill.types import Completion, Filled, FillRequest, Hole, NoFill, OnDraft, Request, Span
from model.types import CancelToken

Answer = Callable[[Request], Filled | NoFill]


def filled(request: Request, *texts: str, span: tuple[int, int] | None = None) -> Filled:
    """Answer with `texts`, best first, in place of `span` (default: nothing, at the offset)."""
    if span is None:
        assert isinstance(request, FillRequest)
        span = request.offset, request.offset
    place = Span(*span)
    completions = tuple(
        Completion(
            span=place,
            text=text,
            confidence=0.75,
            token_texts=(text,),
            token_entropies=(0.125,),
            steps=3,
            stop_reason="converged",
            source="diffusion",
        )
        for text in texts
    )
    hole = Hole(place, "line_end", "    ", False)
    return Filled(hole, completions, request.seed, {"denoise": 5.0})


class FakeFiller:
    model_name = "fake"
    show_threshold = 0.0
    takes_instructions = False
    languages = None
    device = "cpu"

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.requests: list[Request] = []

    def fill(self, request: Request, cancel: CancelToken, on_draft: OnDraft | None = None) -> Filled | NoFill:
        self.requests.append(request)
        return self._answer(request)
