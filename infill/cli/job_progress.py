"""Says on stderr how far a job is: a bar with rate and time left for people, lines for a CI, JSON for programs."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from infill.cli import console
from infill.cli.console import GREEN, YELLOW, painted
from infill.cli.progress import wants_bar
from infill.cli.report_words import nothing_to_show, plural, timed_line
from infill.files.decode import printable
from infill.jobs.events import Asked, Event, Noted, Planned, Tried
from infill.reports.log_lines import event_line


class _Lines:
    """A line for each event, with the rate and the time left beside the holes."""

    def __init__(self) -> None:
        self._colour = console.has_colour(sys.stderr)
        self._n = self._asked = 0
        self._began = time.monotonic()

    def hear(self, event: Event) -> None:
        if isinstance(event, Planned):
            self._n, self._began = len(event.plan.holes), time.monotonic()
        for line in self.lines(event):
            self.say(line)

    def lines(self, event: Event) -> list[str]:
        if isinstance(event, Planned):
            plan = event.plan
            kept = f", {event.n_kept} of them answered by a run before" if event.n_kept else ""
            found = f"{plural(len(plan.holes), 'hole')} in {len(plan.files)} of {plural(plan.n_files, 'file')}{kept}"
            return [found, *(f"{printable(left.name)}: left out: {left.why}" for left in plan.skipped)]
        if isinstance(event, Noted):
            return [event.text]
        if isinstance(event, Tried):
            state = painted("passes", GREEN, self._colour) if event.passed else painted("fails", YELLOW, self._colour)
            why = f": {printable(event.why)}" if event.why else ""
            return [f"verify: {state} with {plural(event.n_holes, 'hole')} changed, in {event.seconds:.1f} s{why}"]
        return [self._asked_line(event)]

    def say(self, line: str) -> None:
        console.say(line)

    def end(self) -> None:
        """Clear what is only shown meanwhile."""

    def _asked_line(self, event: Asked) -> str:
        answer = event.answer
        best = answer.candidates[0] if answer.candidates else None
        if best is None:
            state, why = nothing_to_show(self._colour), printable(answer.why)
        else:
            state, why = painted("answered", GREEN, self._colour), f"{best.source}, confidence {best.confidence:.2f}"
        place = f"[{event.n}/{self._n}{self.left(event)}] {printable(str(event.hole))}"
        return timed_line(place, state, answer.milliseconds, why)

    def left(self, event: Asked) -> str:
        """Return the rate and the time left, in words; nothing where they are not known."""
        self._asked += not event.kept
        took = time.monotonic() - self._began
        if self._asked < 3 or took <= 0 or event.n >= self._n:
            return ""
        rate = self._asked / took
        seconds = round((self._n - event.n) / rate)
        return f", {rate:.1f}/s, {seconds // 60}:{seconds % 60:02d} left"


class _Bar(_Lines):
    """A bar for the holes; lines only for what a person has to know."""

    def __init__(self) -> None:
        super().__init__()
        self._bar: Any = None

    def hear(self, event: Event) -> None:
        super().hear(event)
        if isinstance(event, Planned) and event.plan.holes:
            from tqdm import tqdm  # once there is something to show

            self._bar = tqdm(total=self._n, unit="hole", leave=False, dynamic_ncols=True)
        elif isinstance(event, Asked) and self._bar is not None:
            self._bar.update(1)

    def lines(self, event: Event) -> list[str]:
        return [] if isinstance(event, Asked) and event.answer.candidates else super().lines(event)

    def say(self, line: str) -> None:
        if self._bar is None:
            super().say(line)
        else:
            self._bar.write(line, file=sys.stderr)

    def left(self, event: Asked) -> str:
        return ""  # the bar says it

    def end(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class _Json(_Lines):
    """A JSON object for each event."""

    def hear(self, event: Event) -> None:
        self.say(event_line(event))


@contextmanager
def progress(as_json: bool) -> Generator[_Lines]:
    """Give what hears of events and says them in the way that fits who reads."""
    teller = _Json() if as_json else _Bar() if wants_bar(as_json) else _Lines()
    try:
        yield teller
    finally:
        teller.end()
