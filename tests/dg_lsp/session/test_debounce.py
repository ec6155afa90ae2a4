"""How long the server waits for the next key."""

from __future__ import annotations

import asyncio

import pytest

from dg_lsp.session.debounce import Debounce
from tests.dg_lsp.changes import replace, replace_all

URI = "file:///a.py"
KEY = [replace("x", (0, 0))]
RUBOUT = [replace("", (0, 0), (0, 1))]


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def type_keys(pace: Debounce, clock: Clock, gap_s: float, n: int = 10) -> None:
    for _ in range(n):
        clock.now += gap_s
        pace.changed(URI, KEY)


def test_the_wait_is_a_little_longer_than_the_users_gap(clock: Clock) -> None:
    pace = Debounce(clock)
    assert pace.wait_s(URI) == 0.0, "nobody typed"
    type_keys(pace, clock, 0.08)
    assert pace.wait_s(URI) == pytest.approx(0.096)
    clock.now += 0.05  # what the client waited before it asked
    assert pace.wait_s(URI) == pytest.approx(0.046)
    clock.now += 10
    assert pace.wait_s(URI) == 0.0


def test_the_wait_has_an_end_for_slow_typists_and_slow_models(clock: Clock) -> None:
    pace = Debounce(clock)
    type_keys(pace, clock, 0.6)
    assert pace.wait_s(URI) == pytest.approx(0.15)
    pace = Debounce(clock)
    type_keys(pace, clock, 0.02)
    pace.filled(0.1)
    assert pace.wait_s(URI) == pytest.approx(0.05), "at least half of what a fill takes"
    pace.filled(9)
    pace.filled(9)
    assert pace.wait_s(URI) == pytest.approx(0.15)


def test_pauses_are_no_rhythm(clock: Clock) -> None:
    pace = Debounce(clock)
    type_keys(pace, clock, 0.1, 5)
    type_keys(pace, clock, 30, 9)
    assert pace.wait_s(URI) == pytest.approx(0.12)


def test_a_deletion_is_remembered_until_something_is_typed(clock: Clock) -> None:
    pace = Debounce(clock)
    pace.changed(URI, RUBOUT)
    assert pace.after_deletion(URI) and not pace.after_deletion("file:///b.py")
    pace.changed(URI, [replace("y", (0, 0), (0, 1))])
    assert not pace.after_deletion(URI)
    pace.changed(URI, [replace_all("")])  # the whole document anew
    assert not pace.after_deletion(URI)


async def test_a_key_ends_the_wait(clock: Clock) -> None:
    pace = Debounce(clock)
    waiting = asyncio.create_task(pace.paused(URI, 60))
    await asyncio.sleep(0)
    pace.changed("file:///b.py", KEY)
    pace.changed(URI, KEY)
    assert await waiting is False


async def test_the_newest_request_waits_alone(clock: Clock) -> None:
    pace = Debounce(clock)
    older = asyncio.create_task(pace.paused(URI, 60))
    await asyncio.sleep(0)
    assert await pace.paused(URI, 0.001) is True
    assert await older is False


async def test_a_cancelled_wait_leaves_nothing_behind(clock: Clock) -> None:
    pace = Debounce(clock)
    waiting = asyncio.create_task(pace.paused(URI, 60))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    pace.changed(URI, KEY)
    assert await pace.paused(URI, 0) is True
