"""What the player calls stale, with a server of two lines in place of a real one: the order of its answers decides."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from tests.bench.replay.play import play_all
from tests.bench.replay.recording import Edit, Event, Header, Recording
from tests.e2e.client import Client


class LateServer:
    """Answers the first question only once the text has changed: before or after the status asked for behind it."""

    def __init__(self, stale: bool) -> None:
        self.encoding = "utf-16"
        self.received: list[dict[str, Any]] = []
        self._stale = stale
        self._waiting: int | None = None
        self._n = 0

    def open(self, *_: Any) -> None: ...
    def edit(self, *_: Any) -> None: ...
    def notify(self, *_: Any) -> None: ...

    def inline(self, _uri: str, cursor: int, manual: bool) -> int:
        self._n += 1
        if self._waiting is None:
            self._waiting = self._n
        else:
            self._answer(self._n, {"items": []})
        return self._n

    def request(self, _method: str) -> int:
        self._n += 1
        assert self._waiting is not None
        here = {"line": 0, "character": 1}
        late = (self._waiting, {"items": [{"insertText": "x", "range": {"start": here, "end": here}}]})
        for number, result in [(self._n, {}), late] if self._stale else [late, (self._n, {})]:
            self._answer(number, result)
        return self._n

    async def ask(self, _method: str) -> dict[str, Any]:
        return {"result": {"modelCalls": self._n}}

    async def answer(self, number: int) -> dict[str, Any]:
        while not (found := [message for message in self.received if message["id"] == number]):
            await asyncio.sleep(0)
        return found[0]

    def _answer(self, number: int, result: dict[str, Any]) -> None:
        self.received.append({"id": number, "result": result})


@pytest.mark.parametrize("stale", [True, False])
async def test_an_answer_behind_the_status_is_stale_and_one_before_it_crossed(stale: bool) -> None:
    events = [Event(500.0 * n, Edit(n, n, key)) for n, key in enumerate("ab")]
    server = LateServer(stale)
    counts = await play_all(cast(Client, server), [Recording(Header(""), tuple(events))], speed=50)
    assert (counts.stale, counts.crossed, counts.unanswered, counts.shown) == (stale, not stale, 0, 0)
    assert counts.model_calls == 3
