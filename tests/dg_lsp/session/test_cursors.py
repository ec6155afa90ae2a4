"""Cursors at rest: one thing to do for each document, and the newest place wins."""

from __future__ import annotations

import asyncio

from lsprotocol.types import Position

from dg_lsp.session.cursors import Cursors

A, B = "file:///a.py", "file:///b.py"
SOON_S, LATER_S = 0.01, 0.1


async def test_what_is_to_be_done_is_done_once_the_cursor_has_rested() -> None:
    cursors, done = Cursors(), list[str]()
    cursors.moved(A, Position(1, 2))
    cursors.when_rested(A, SOON_S, lambda: done.append("first"))
    cursors.moved(A, Position(1, 3))
    cursors.when_rested(A, SOON_S, lambda: done.append("second"))
    cursors.when_rested(A, SOON_S, lambda: done.append("third"))
    cursors.moved(B, Position(0, 0))
    await asyncio.sleep(LATER_S)
    assert done == ["third"], "another document's cursor leaves it alone"
    assert (cursors.of(A), cursors.newest) == (Position(1, 3), B)


async def test_a_move_and_the_end_of_a_document_end_it() -> None:
    cursors, done = Cursors(), list[str]()
    for end in (lambda: cursors.moved(A, Position(1, 3)), lambda: cursors.stay(A), lambda: cursors.forget(A)):
        cursors.moved(A, Position(1, 2))
        cursors.when_rested(A, SOON_S, lambda: done.append("done"))
        end()
    await asyncio.sleep(LATER_S)
    assert done == [] and cursors.of(A) is None and cursors.newest is None


async def test_an_answer_is_owed_as_long_as_the_cursor_stays() -> None:
    cursors = Cursors()
    cursors.moved(A, Position(1, 2))
    cursors.owed[A] = 7
    cursors.moved(A, Position(1, 2))
    assert cursors.owed == {A: 7}
    cursors.moved(A, Position(1, 3))
    assert cursors.owed == {}
