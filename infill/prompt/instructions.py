"""Instructions for a hole, for a model that takes them, and its thinking before it answers."""

from __future__ import annotations

import re
from collections.abc import Callable

from infill.prompt.context import lf
from infill.timing import Timings
from infill.types import Hole, Request
from model.prompt_parts import Asked
from model.types import CancelToken, Engine

THOUGHT_UNTIL = 0.4  # share of the deadline
MAX_THOUGHT = 256  # tokens of thinking


def instructions_for(
    text: str, hole: Hole, language: str, request: Request | None = None, refines: bool = False
) -> Asked:
    """Return the instructions for a hole, with those of the `request` if it has any.

    With `refines` the present text is left out, because a model repeats a text that it is shown.
    """
    rewrites = hole.kind == "selection" and not refines
    longest = max((len(run) for run in re.findall("`{3,}", text)), default=2)
    return Asked(
        purpose="rewrite" if rewrites else "block" if hole.multiline else "line",
        language=language,
        instruction="" if request is None else (request.instruction or "").strip(),
        diagnostics=() if request is None else request.diagnostics,
        selected=lf(text[hole.span.start : hole.span.end]) if rewrites else "",
        rest=lf(text[hole.span.end :]).partition("\n")[0] if rewrites else "",
        fence="`" * (longest + 1),
    )


def thinker(
    engine: Engine, asked: Asked, deadline_ms: float | None, cancel: CancelToken, timings: Timings
) -> Callable[[list[int]], str] | None:
    """Return a function from prompt ids to the model's thoughts (text) after them; None where it does not think.

    It stops thinking at `THOUGHT_UNTIL` of `deadline_ms`, which counts from when `timings` was made.
    """
    if not (engine.info.thinks and asked.purpose == "rewrite" and asked.instruction):
        return None
    limit_ms = None if deadline_ms is None else deadline_ms * THOUGHT_UNTIL

    def stop(_text: str, _log_prob: float) -> bool:
        left_ms = timings.left_ms(limit_ms)
        return left_ms is not None and left_ms < 0

    return lambda opening: engine.tokenizer.decode(engine.draft(opening, MAX_THOUGHT, cancel, stop=stop))
