"""A queue that serves its owners in turn, so that a busy window does not keep the others waiting."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Turns(Generic[T]):
    """First in, first out for each owner; round robin between owners. For any threads."""

    def __init__(self) -> None:
        self._queues: OrderedDict[Hashable, deque[T]] = OrderedDict()  # never an empty one; who is next is first
        self._changed = threading.Condition()
        self._closed = False

    def __len__(self) -> int:
        with self._changed:
            return sum(map(len, self._queues.values()))

    def put(self, owner: Hashable, item: T) -> None:
        """Add an item behind its owner's others."""
        with self._changed:
            self._queues.setdefault(owner, deque()).append(item)
            self._changed.notify()

    def get(self) -> T | None:
        """Wait for the next item, whose owner then goes to the end of the line; None once closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._queues or self._closed)
            if self._closed:
                return None
            owner, items = self._queues.popitem(last=False)
            item = items.popleft()
            if items:
                self._queues[owner] = items
            return item

    def remove(self, owner: Hashable, item: T) -> bool:
        """Take an item out; False when it is not there, because its turn has come."""
        with self._changed:
            items = self._queues.get(owner)
            if items is None or item not in items:
                return False
            items.remove(item)
            if not items:
                del self._queues[owner]
            return True

    def close(self) -> None:
        """Make `get` return None, now and for ever."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
