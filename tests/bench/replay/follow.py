"""Follows a recording while suggestions are taken: what was inserted is not typed again, what was wrong is undone.

Pure. `Follower` knows the recording's own text before each event; the text on the screen is given to it.
"""

from __future__ import annotations

from tests.bench.replay.recording import Edit, Event, Recording

LOOK_AHEAD = 400  # events in which a taken suggestion must turn out to be what the recording types


class Follower:
    """The place in a recording; `shift_ms` is how much earlier everything comes than it was recorded."""

    def __init__(self, recording: Recording) -> None:
        self.text = recording.header.text
        self.shift_ms = 0.0
        self._events = recording.events
        self._at = 0

    def next(self) -> Event | None:
        """The event to come; None at the end."""
        return self._events[self._at] if self._at < len(self._events) else None

    def done(self) -> None:
        """The event has happened as recorded."""
        event = self._events[self._at]
        self.text = event.edit.applied(self.text) if event.edit else self.text
        self._at += 1

    def comes_to(self, text: str) -> int | None:
        """After how many events the recording has this very text; None if not soon."""
        ahead = self.text
        for n, event in enumerate(self._events[self._at : self._at + LOOK_AHEAD]):
            if event.edit is not None:
                ahead = event.edit.applied(ahead)
                if ahead == text:
                    return n + 1
        return None

    def comes_to_word_end(self, text: str, end: int) -> bool:
        """Whether the recording has this very text soon, and does not go on with the word that ends at `end`."""
        n_events = self.comes_to(text)
        if n_events is None:
            return False
        after = next((e.edit for e in self._events[self._at + n_events :] if e.edit is not None), None)
        if after is None or after.start != end:
            return True
        return not (_is_word(text[end - 1 : end]) and _is_word(after.text[:1]))

    def skip(self, n_events: int) -> None:
        """Leave out events whose work a suggestion has done, and the time that they took."""
        before_ms = self._events[self._at].at_ms
        for _ in range(n_events):
            self.done()
        after = self.next()
        self.shift_ms += 0.0 if after is None else after.at_ms - before_ms


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def difference(old: str, new: str) -> Edit:
    """The smallest single edit from one text to the other, never between CR and LF."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    head -= old[head - 1 : head] == "\r"
    tail = 0
    while tail < min(len(old), len(new)) - head and old[len(old) - tail - 1] == new[len(new) - tail - 1]:
        tail += 1
    tail -= tail > 0 and old[len(old) - tail] == "\n"
    return Edit(head, len(old) - tail, new[head : len(new) - tail])
