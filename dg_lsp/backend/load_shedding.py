"""What the server does when automatic suggestions keep coming too late: first one measure, then another.

First the embedded model takes the place of a chosen one; then there are only suggestions that the user asks for.
After a pause one measure is taken back, on trial; if suggestions come late again, the next pause is twice as long.
Knows no protocol.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Literal

from infill.types import REFUSALS, Filled, NoFill

Stage = Literal["smaller_model", "manual_only"]

LATE = 1.5  # times the deadline: a suggestion a little late is still of use
WINDOW = 7  # fills whose majority decides
ON_TRIAL = 3  # the same, just after a measure was taken back
PAUSE_S = (60.0, 960.0)  # before a measure is taken back, first and longest

MESSAGES: dict[Stage, str] = {
    "smaller_model": "suggestions came late; from now on the embedded model makes them",
    "manual_only": "suggestions came late; from now on there are only those that you ask for. "
    "The server tries again in a while",
}


class LoadShedder:
    """The measures that one client's automatic suggestions are under. For the event loop's thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stages: list[Stage] = []
        self._late: deque[bool] = deque(maxlen=WINDOW)
        self._on_trial = False
        self._pause_s = PAUSE_S[0]
        self._back_at = 0.0

    @property
    def stage(self) -> Stage | None:
        """The last measure; None while everything is as the user wants it."""
        return self._stages[-1] if self._stages else None

    @property
    def smaller_model(self) -> bool:
        """Whether automatic requests are for the embedded model."""
        return "smaller_model" in self._stages

    def asked(self) -> None:
        """Take a measure back if the pause is over; called with each automatic request."""
        if self._stages and not self._on_trial and self._clock() >= self._back_at:
            self._stages.pop()
            self._on_trial = True
            self._measure_anew()

    def took(self, seconds: float, deadline_ms: float, answer: Filled | NoFill | None, has_smaller: bool) -> bool:
        """Take note of an automatic fill; return True when that leads to another measure.

        `answer` is None for a fill that was cancelled; `has_smaller` says whether there is a smaller model.
        """
        late = seconds * 1000 > LATE * deadline_ms
        reason = answer.reason if isinstance(answer, NoFill) else None
        ended_early = answer is None or reason in ("cancelled", "superseded")
        if reason in REFUSALS or (ended_early and not late):  # says nothing about the model's speed
            return False
        self._late.append(late)
        if len(self._late) < (ON_TRIAL if self._on_trial else WINDOW):
            return False
        if sum(self._late) * 2 > len(self._late):
            self._lower(has_smaller)
            return True
        if len(self._late) == WINDOW and self._on_trial:
            self._on_trial, self._pause_s = False, PAUSE_S[0]
            self._back_at = self._clock() + self._pause_s
        return False

    def _lower(self, has_smaller: bool) -> None:
        self._stages.append("smaller_model" if has_smaller and not self.smaller_model else "manual_only")
        self._pause_s = min(self._pause_s * 2, PAUSE_S[1]) if self._on_trial else PAUSE_S[0]
        self._on_trial = False
        self._measure_anew()

    def _measure_anew(self) -> None:
        self._late.clear()
        self._back_at = self._clock() + self._pause_s
