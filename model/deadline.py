"""A cancel token that a clock cancels too."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from model.types import CancelToken


@contextmanager
def cancelled_after(cancel: CancelToken, left_ms: float | None) -> Iterator[CancelToken]:
    """Give a token that is cancelled with `cancel`, and after so many milliseconds; None: only with it.

    For work that looks at no clock, such as reading a long prompt.
    """
    if left_ms is None:
        yield cancel
        return
    limited = CancelToken()
    timer = threading.Timer(max(left_ms, 0) / 1000, limited.cancel)
    timer.daemon = True
    cancel.on_cancel(limited.cancel)
    timer.start()
    try:
        yield limited
    finally:
        timer.cancel()
