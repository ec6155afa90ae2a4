from __future__ import annotations

import threading

from model.types import CancelToken


def test_who_waits_is_called_once_on_the_thread_that_cancels() -> None:
    token, called = CancelToken(), list[str]()
    token.on_cancel(lambda: called.append(threading.current_thread().name))
    assert (token.cancelled, called) == (False, [])
    thread = threading.Thread(target=token.cancel, name="canceller")
    thread.start()
    thread.join()
    token.cancel()
    assert (token.cancelled, called) == (True, ["canceller"])


def test_who_comes_too_late_is_called_at_once() -> None:
    token, called = CancelToken(), list[bool]()
    token.cancel()
    token.on_cancel(lambda: called.append(token.cancelled))
    assert called == [True]


def test_one_who_is_called_may_ask_for_another_call() -> None:
    token, called = CancelToken(), list[int]()
    token.on_cancel(lambda: token.on_cancel(lambda: called.append(1)))
    token.cancel()
    assert called == [1]
