"""A queue that serves its owners in turn, so that a busy window does not keep the others waiting.

What nobody waits for goes last, whoever owns it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """First in, first out for each owner; round robin between owners. For any threads."""

    def __init__(self) -> None:
        # Never an empty queue; who is next is first.
        self._first: OrderedDict[Hashable, deque[T]] = OrderedDict()
        self._last: OrderedDict[Hashable, deque[T]] = OrderedDict()
        self._served: Hashable = None  # whose turn was last: not twice in a row while others wait
        self._changed = threading.Condition()
        self._closed = False

    def __len__(self) -> int:
        with self._changed:
            return sum(len(items) for queues in (self._first, self._last) for items in queues.values())

    @property
    def pressing(self) -> bool:
        """True while something waits that does not go last."""
        return bool(self._first)

    def put(self, owner: Hashable, item: T, last: bool = False) -> None:
        """Add an item behind its owner's others; `last`: behind everybody's that is not."""
        with self._changed:
            (self._last if last else self._first).setdefault(owner, deque()).append(item)
            self._changed.notify()

    def get(self) -> T | None:
        """Wait for the next item, whose owner then goes to the end of the line; None once closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._first or self._last or self._closed)
            queues = self._first or self._last
            if not queues:
                return None
            if len(queues) > 1 and next(iter(queues)) == self._served:
                queues.move_to_end(self._served)
            owner, items = queues.popitem(last=False)
            self._served = owner
            item = items.popleft()
            if items:
                queues[owner] = items
            return item

    def remove(self, owner: Hashable, item: T) -> bool:
        """Take an item out; False when it is not there, because its turn has come."""
        with self._changed:
            for queues in (self._first, self._last):
                items = queues.get(owner)
                if items is not None and item in items:
                    items.remove(item)
                    if not items:
                        del queues[owner]
                    return True
            return False

    def drain(self) -> list[T]:
        """Take everything out."""
        with self._changed:
            found = [item for queues in (self._first, self._last) for items in queues.values() for item in items]
            self._first.clear()
            self._last.clear()
            return found

    def close(self) -> None:
        """Make `get` return None once nothing waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
