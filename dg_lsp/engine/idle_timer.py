"""When an engine has nothing left to live for: nobody is there, or nobody asks. One timer, none that ticks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Literal

LINGER_S = 60.0  # without a client; long enough for an editor that is closed and opened again
UNMET_S = 15.0  # for the first client of all: the settings may have led it elsewhere

Ending = Literal["idle", "unloaded", "stopped", "failed"]


class IdleTimer:
    """Calls `end` when its time has come; for the event loop's thread. `busy` says whether there is work."""

    def __init__(self, linger_s: float, busy: Callable[[], bool], end: Callable[[Ending], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._linger_s = min(linger_s, UNMET_S)
        self._known_linger_s = linger_s
        self._busy = busy
        self._end = end
        self._used_at = time.monotonic()
        self._timer: asyncio.TimerHandle | None = None

    def used(self) -> None:
        """Somebody came, asked or was answered."""
        self._used_at = time.monotonic()

    def watch(self, limits_s: Sequence[float | None]) -> None:
        """Set the timer by what each client wants: seconds without a request, None for ever; the longest counts."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not limits_s:
            self._timer = self._loop.call_later(self._linger_s, self._end, "idle")
            return
        self._linger_s = self._known_linger_s
        finite = [limit for limit in limits_s if limit is not None]
        if len(finite) == len(limits_s):
            left_s = self._used_at + max(finite) - time.monotonic()
            self._timer = self._loop.call_later(max(left_s, 0), self._unload, finite)

    def _unload(self, limits_s: Sequence[float]) -> None:
        """End for want of requests: memory goes back to the system with the process, for sure."""
        if self._busy():
            self.used()
        if time.monotonic() - self._used_at >= max(limits_s):
            self._end("unloaded")
        else:
            self.watch(limits_s)
