from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from dg_lsp.backend.fair_queue import FairQueue


def test_a_busy_owner_does_not_keep_the_others_waiting() -> None:
    turns: FairQueue[str] = FairQueue()
    for item in ("a1", "a2", "a3", "b1", "c1", "b2"):
        turns.put(item[0], item)
    assert len(turns) == 6
    assert [turns.get() for _ in range(6)] == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_who_was_served_goes_behind_who_came_since() -> None:
    turns: FairQueue[str] = FairQueue()
    turns.put("a", "a1")
    turns.put("a", "a2")
    assert turns.get() == "a1"
    turns.put("b", "b1")
    turns.put("a", "a3")
    assert [turns.get() for _ in range(3)] == ["b1", "a2", "a3"]


def test_what_goes_last_goes_behind_everybody() -> None:
    turns: FairQueue[str] = FairQueue()
    turns.put("a", "a ahead", last=True)
    assert not turns.pressing
    turns.put("b", "b ahead", last=True)
    turns.put("a", "a1")
    turns.put("b", "b1")
    assert turns.pressing and len(turns) == 4
    assert turns.remove("b", "b ahead")
    assert [turns.get() for _ in range(3)] == ["a1", "b1", "a ahead"]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers()), max_size=40))
def test_each_owner_is_served_in_order_and_none_twice_before_another_that_waits(items: list[tuple[int, int]]) -> None:
    turns: FairQueue[tuple[int, int]] = FairQueue()
    for item in items:
        turns.put(item[0], item)
    served = [item for _ in items if (item := turns.get()) is not None]
    for owner in range(5):
        assert [i for i in served if i[0] == owner] == [i for i in items if i[0] == owner]
    owners = [owner for owner, _ in served]
    for at, owner in enumerate(owners):
        later = owners.index(owner, at + 1) if owner in owners[at + 1 :] else len(owners)
        assert set(owners[later:]) - {owner} <= set(owners[at + 1 : later])


def test_an_item_can_be_taken_out_until_its_turn() -> None:
    turns: FairQueue[str] = FairQueue()
    for item in ("a1", "b1"):
        turns.put(item[0], item)
    assert turns.remove("a", "a1")
    assert not turns.remove("a", "a1")
    assert turns.get() == "b1"
    assert not turns.remove("b", "b1")
    assert len(turns) == 0


def test_closing_wakes_who_waits() -> None:
    turns: FairQueue[str] = FairQueue()
    got: list[str | None] = []
    thread = threading.Thread(target=lambda: got.append(turns.get()))
    thread.start()
    turns.close()
    thread.join(20)
    assert got == [None]


def test_what_waits_at_the_close_is_still_served() -> None:
    turns: FairQueue[str] = FairQueue()
    turns.put("a", "a1")
    turns.close()
    assert (turns.get(), turns.get()) == ("a1", None)
