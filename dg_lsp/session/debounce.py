"""How fast the user types and the model answers, and so how long to wait for the next key before asking.

A question asked between two keys of a burst is work thrown away. The wait follows the user's own rhythm,
counts from the key and not from the request (what the client waited is part of it), and is never so long
that a pause feels like one.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any

from lsprotocol import types

_MOST_S = 0.15
_PAUSE_S = 1.0  # a longer gap is no rhythm
_BEYOND = 1.2  # times the usual gap: by then the next key would have come
_REMEMBERED = 15


class Debounce:
    """Keys, fills and waiting requests of one client. For the event loop's thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last_key: dict[str, float] = {}
        self._last_of_all: float | None = None  # whatever was typed last, wherever
        self._deleted: set[str] = set()  # documents whose last change took text away
        self._dedented: set[str] = set()  # documents whose last change took indentation of a blank line away
        self._gaps: deque[float] = deque(maxlen=_REMEMBERED)
        self._fills: deque[float] = deque(maxlen=_REMEMBERED)
        self._waiting: dict[str, asyncio.Future[None]] = {}

    def changed(self, uri: str, changes: Sequence[types.TextDocumentContentChangeEvent], dedents: bool = False) -> None:
        """A document changed: who waits for the user to pause is told that he did not.

        `dedents` says that the change only moved the cursor to another indentation of a blank line.
        """
        now, before = self._clock(), self._last_key.get(uri)
        if before is not None and now - before < _PAUSE_S:
            self._gaps.append(now - before)
        self._last_key[uri] = self._last_of_all = now
        deletes = bool(changes) and all(
            isinstance(change, types.TextDocumentContentChangePartial) and not change.text for change in changes
        )
        (self._deleted.add if deletes and not dedents else self._deleted.discard)(uri)
        (self._dedented.add if dedents else self._dedented.discard)(uri)
        self._interrupt(uri)

    def forget(self, uri: str) -> None:
        """The document is closed."""
        self._last_key.pop(uri, None)
        self._deleted.discard(uri)
        self._dedented.discard(uri)
        self._interrupt(uri)

    def is_typing(self, uri: str) -> bool:
        """Return True when the last change is no longer ago than a pause."""
        last = self._last_key.get(uri)
        return last is not None and self._clock() - last < _PAUSE_S

    def rests(self, seconds: float) -> bool:
        """Return True when something was typed in this session, but nothing for so long."""
        return self._last_of_all is not None and self._clock() - self._last_of_all >= seconds

    def after_deletion(self, uri: str) -> bool:
        """Return True when the last change took text away: nobody wants that text back at once."""
        return uri in self._deleted

    def after_dedent(self, uri: str) -> bool:
        """Return True when the last change took indentation of a blank line away: what fitted there fits no more."""
        return uri in self._dedented

    def cause(self, uri: str) -> float:
        """Return when what causes a request now happened: the last key, if that was just now, else the request."""
        now, last = self._clock(), self._last_key.get(uri)
        return last if last is not None and now - last < _PAUSE_S else now

    def filled(self, seconds: float) -> None:
        """Take note of how long the model took."""
        self._fills.append(seconds)

    def wait_s(self, uri: str) -> float:
        """Return how long from now on to wait for another key."""
        last = self._last_key.get(uri)
        if last is None:
            return 0.0
        gap = _BEYOND * median(self._gaps) if self._gaps else _MOST_S
        work = median(self._fills) / 2 if self._fills else 0.0
        return max(0.0, last + min(_MOST_S, max(gap, work)) - self._clock())

    async def paused(self, uri: str, wait_s: float) -> bool:
        """Return True after `wait_s` without a change or another request for the document, False at once with one."""
        with self._waiting_for_a_key(uri) as key:
            if wait_s > 0:
                await asyncio.wait({key}, timeout=wait_s)
            return not key.done()

    async def unless_changed(self, uri: str, answer: asyncio.Future[Any], limit_s: float | None = None) -> bool:
        """Return True with the answer or after `limit_s`, False at once with a change or another request."""
        with self._waiting_for_a_key(uri) as key:
            await asyncio.wait({key, answer}, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
            return not key.done()

    @contextmanager
    def _waiting_for_a_key(self, uri: str) -> Generator[asyncio.Future[None]]:
        """A future that ends with the next change or request; whoever waited before is told of this one."""
        self._interrupt(uri)
        key = self._waiting[uri] = asyncio.get_running_loop().create_future()
        try:
            yield key
        finally:
            if self._waiting.get(uri) is key:
                del self._waiting[uri]

    def _interrupt(self, uri: str) -> None:
        if (key := self._waiting.pop(uri, None)) is not None and not key.done():
            key.set_result(None)
