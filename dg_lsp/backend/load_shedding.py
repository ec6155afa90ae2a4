"""What the server does when automatic suggestions persistently come too late, one step after the other.

Fewer denoising steps, then the embedded model in place of a chosen one, then only what the user asks for. After
a pause it goes back up one step, on trial: a relapse doubles the pause. Knows no protocol.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Literal

import msgspec

from infill.types import REFUSALS, Filled, NoFill

Stage = Literal["fewer_steps", "smaller_model", "manual_only"]

LATE = 1.5  # times the deadline: a suggestion a little late is still of use
WINDOW = 7  # fills whose majority decides
ON_TRIAL = 3  # the same, just after going back up
PAUSE_S = (60.0, 960.0)  # before going back up, first and longest

MESSAGES: dict[Stage, str] = {
    "fewer_steps": "suggestions came late, now they get fewer denoising steps",
    "smaller_model": "suggestions came late, now the embedded model makes them",
    "manual_only": "suggestions came late, now there are only those that you ask for; this is tried again in a while",
}


class _Lowered(msgspec.Struct, frozen=True):
    stage: Stage
    max_steps: int | None


class Fallback:
    """How far down one client's automatic suggestions have come. For the event loop's thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lowered: list[_Lowered] = []
        self._late: deque[bool] = deque(maxlen=WINDOW)
        self._steps = 0  # of the last fill that told
        self._on_trial = False
        self._pause_s = PAUSE_S[0]
        self._back_at = 0.0

    @property
    def stage(self) -> Stage | None:
        """The last step down; None while all is as the user wants it."""
        return self._lowered[-1].stage if self._lowered else None

    @property
    def max_steps(self) -> int | None:
        """What an automatic request may take."""
        return self._lowered[-1].max_steps if self._lowered else None

    @property
    def smaller_model(self) -> bool:
        """Whether automatic requests are for the embedded model."""
        return any(lowered.stage == "smaller_model" for lowered in self._lowered)

    def asked(self) -> None:
        """An automatic request comes: go back up a step if the pause is over."""
        if self._lowered and not self._on_trial and self._clock() >= self._back_at:
            self._lowered.pop()
            self._on_trial = True
            self._begin()

    def took(self, seconds: float, deadline_ms: float, answer: Filled | NoFill | None, smaller: bool) -> bool:
        """Take note of an automatic fill; True when that leads a step down.

        `answer` is None for one that was cancelled; `smaller` says whether there is a smaller model to be had.
        """
        late = seconds * 1000 > LATE * deadline_ms
        reason = answer.reason if isinstance(answer, NoFill) else None
        ended_early = answer is None or reason in ("cancelled", "superseded")
        if reason in REFUSALS or (ended_early and not late):  # says nothing of the model's speed
            return False
        if answer is not None and answer.steps:
            self._steps = answer.steps
        self._late.append(late)
        if len(self._late) < (ON_TRIAL if self._on_trial else WINDOW):
            return False
        if sum(self._late) * 2 > len(self._late):
            self._lower(smaller)
            return True
        if len(self._late) == WINDOW and self._on_trial:
            self._on_trial, self._pause_s = False, PAUSE_S[0]
            self._back_at = self._clock() + self._pause_s
        return False

    def _lower(self, smaller: bool) -> None:
        if self._steps > 1:
            self._lowered.append(_Lowered("fewer_steps", self._steps // 2))
        elif smaller and not self.smaller_model:
            self._lowered.append(_Lowered("smaller_model", None))
        else:
            self._lowered.append(_Lowered("manual_only", self.max_steps))
        self._pause_s = min(self._pause_s * 2, PAUSE_S[1]) if self._on_trial else PAUSE_S[0]
        self._on_trial = False
        self._begin()

    def _begin(self) -> None:
        """Measure anew."""
        self._late.clear()
        self._steps = 0
        self._back_at = self._clock() + self._pause_s
