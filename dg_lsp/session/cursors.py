"""Where the cursor of each document was last known to be, and what is done once it has rested there.

For the event loop's thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from lsprotocol import types


class Cursors:
    """Cursors by document, each with at most one thing to do; the newest place wins."""

    def __init__(self) -> None:
        self.newest: str | None = None  # the document whose cursor was heard of last
        self.owed: dict[str, int | None] = {}  # the version of a document in which a question was put off
        self._places: dict[str, types.Position] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def moved(self, uri: str, place: types.Position) -> None:
        """Take note of a place; what was to be done at the one before is not done."""
        if self._places.get(uri) != place:
            self.owed.pop(uri, None)
        self.newest, self._places[uri] = uri, place
        self.stay(uri)

    def of(self, uri: str) -> types.Position | None:
        """The cursor's last known place, None before there is one."""
        return self._places.get(uri)

    def when_rested(self, uri: str, after_s: float, do: Callable[[], None]) -> None:
        """Do something unless the cursor moves within that time, or something else is to be done."""
        self.stay(uri)
        self._timers[uri] = asyncio.get_running_loop().call_later(after_s, self._rested, uri, do)

    def stay(self, uri: str) -> None:
        """Do nothing in this document for now."""
        if (timer := self._timers.pop(uri, None)) is not None:
            timer.cancel()

    def forget(self, uri: str) -> None:
        """The document is closed, or opened anew."""
        self.stay(uri)
        self._places.pop(uri, None)
        self.owed.pop(uri, None)
        if self.newest == uri:
            self.newest = None

    def _rested(self, uri: str, do: Callable[[], None]) -> None:
        self._timers.pop(uri, None)
        do()
