"""A cancel token that a clock cancels too."""

from __future__ import annotations

import threading

from model.deadline import cancelled_after
from model.types import CancelToken


def test_the_clock_cancels_it_and_not_the_callers() -> None:
    outer, seen = CancelToken(), threading.Event()
    with cancelled_after(outer, 1) as token:
        token.on_cancel(seen.set)
        assert seen.wait(10)
    assert token.cancelled and not outer.cancelled


def test_the_callers_cancels_it_at_once() -> None:
    outer = CancelToken()
    with cancelled_after(outer, 1_000_000) as token:
        outer.cancel()
        assert token.cancelled


def test_without_a_limit_it_is_the_callers() -> None:
    outer = CancelToken()
    with cancelled_after(outer, None) as token:
        assert token is outer
