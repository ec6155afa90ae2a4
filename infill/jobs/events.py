"""What a job tells while it runs, one value for each thing that happened. Who listens prints lines, a bar or JSON."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from infill.jobs.ask import Answer
from infill.jobs.plan import Plan, PlannedHole


class Planned(msgspec.Struct, frozen=True):
    """The job is known; `n_kept` of its holes were answered by an earlier run that was ended."""

    plan: Plan
    n_kept: int = 0


class Asked(msgspec.Struct, frozen=True):
    """The model has answered for a hole, the `n`th of the job, counted from 1; `kept`: in an earlier run."""

    hole: PlannedHole
    answer: Answer
    n: int
    kept: bool = False


class Tried(msgspec.Struct, frozen=True):
    """The command that verifies has run, with so many holes changed; `why` says what was wrong."""

    n_holes: int
    passed: bool
    seconds: float
    why: str = ""
    kept: bool = False


class Noted(msgspec.Struct, frozen=True):
    """Something that the user should know, in words."""

    text: str


Event = Planned | Asked | Tried | Noted
Hear = Callable[[Event], None]
