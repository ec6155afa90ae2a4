"""What is done about automatic suggestions that come too late, and when it is undone."""

from __future__ import annotations

import pytest

from dg_lsp.backend.load_shedding import LATE, ON_TRIAL, PAUSE_S, WINDOW, LoadShedder
from infill.types import NoFill

DEADLINE_MS = 400
SLOW_S, QUICK_S = LATE * DEADLINE_MS / 1000 + 0.01, 0.1


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fallback(clock: Clock) -> LoadShedder:
    return LoadShedder(clock)


def fill(fallback: LoadShedder, seconds: float, n: int, smaller: bool = False) -> list[bool]:
    return [fallback.took(seconds, DEADLINE_MS, NoFill("not_confident"), smaller) for _ in range(n)]


def slow(fallback: LoadShedder, smaller: bool = False) -> None:
    assert fill(fallback, SLOW_S, WINDOW, smaller=smaller) == [False] * (WINDOW - 1) + [True]


def test_quick_fills_and_a_few_slow_ones_change_nothing(fallback: LoadShedder) -> None:
    assert not any(fill(fallback, QUICK_S, 20) + fill(fallback, SLOW_S, WINDOW // 2) + fill(fallback, QUICK_S, 20))
    assert fallback.stage is None


def test_first_the_smaller_model_then_only_what_the_user_asks_for(fallback: LoadShedder) -> None:
    slow(fallback, smaller=True)
    assert (fallback.stage, fallback.smaller_model) == ("smaller_model", True)
    slow(fallback, smaller=True)
    assert (fallback.stage, fallback.smaller_model) == ("manual_only", True)


def test_without_a_smaller_model_only_what_is_asked_for_is_left(fallback: LoadShedder) -> None:
    slow(fallback)
    assert fallback.stage == "manual_only"


def test_after_a_pause_one_step_up_and_quick_fills_stay_there(fallback: LoadShedder, clock: Clock) -> None:
    slow(fallback, smaller=True)
    slow(fallback, smaller=True)
    fallback.asked()
    assert fallback.stage == "manual_only"
    for stage in ("smaller_model", None):
        clock.now += PAUSE_S[0]
        fallback.asked()
        assert fallback.stage == stage
        fill(fallback, QUICK_S, WINDOW)
        fallback.asked()
        assert fallback.stage == stage


def test_a_relapse_needs_fewer_fills_and_doubles_the_pause(fallback: LoadShedder, clock: Clock) -> None:
    slow(fallback)
    pause = PAUSE_S[0]
    for _ in range(8):
        clock.now += pause - 1
        fallback.asked()
        assert fallback.stage == "manual_only"
        clock.now += 1
        fallback.asked()
        assert fallback.stage is None
        assert fill(fallback, SLOW_S, ON_TRIAL)[-1] is True
        pause = min(2 * pause, PAUSE_S[1])


def test_what_says_nothing_of_the_model_s_speed_does_not_count(fallback: LoadShedder) -> None:
    for _ in range(2 * WINDOW):
        assert not fallback.took(SLOW_S, DEADLINE_MS, NoFill("in_comment"), False)
        assert not fallback.took(QUICK_S, DEADLINE_MS, NoFill("superseded"), False)
        assert not fallback.took(QUICK_S, DEADLINE_MS, None, False)
    assert any(fallback.took(SLOW_S, DEADLINE_MS, NoFill("superseded"), False) for _ in range(WINDOW))
