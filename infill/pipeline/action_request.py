"""What an action asks of the model: the same for the server, the command line and the benchmarks."""

from __future__ import annotations

import msgspec

from infill.holes.target import Target, TargetKind
from infill.pipeline.refine import STRENGTHS
from infill.types import Request

LEAST_SURE_HINT = 0.5  # confidence below which a type is not offered: the second column of `infill bench hints`


class Asking(msgspec.Struct, frozen=True):
    """An action in the user's words: its kind, and what goes with it. `diagnostics` are messages, each in one line."""

    kind: TargetKind
    strength: float | None = None  # 0 to 1, of a refinement; None: what is usual
    instruction: str | None = None
    diagnostics: tuple[str, ...] = ()


def action_request(target: Target, language: str, asking: Asking, takes_instructions: bool) -> Request:
    """Return the request for a target, without context or limits; words only for a model that takes instructions.

    Diagnostics to be fixed are for our own code, too.
    """
    strength = asking.strength
    if strength is None and asking.kind in ("refine", "fix"):
        strength = STRENGTHS["high" if asking.kind == "fix" else "medium"]
    return msgspec.structs.replace(
        target.request(language, strength, fixes=asking.kind == "fix"),
        least_confidence=LEAST_SURE_HINT if asking.kind == "type_hints" else 0.0,
        instruction=asking.instruction if takes_instructions else None,
        diagnostics=asking.diagnostics if takes_instructions or asking.kind == "fix" else (),
    )
