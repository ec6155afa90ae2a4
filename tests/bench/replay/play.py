"""Plays a recording to a server over stdio, in its own time or faster, and counts what comes back."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from tests.bench.replay.counts import Counts
from tests.bench.replay.editor import DEBOUNCE_MS, Asked, Editor, Item
from tests.bench.replay.follow import Follower, difference
from tests.bench.replay.places import Places
from tests.bench.replay.recording import Event, Recording
from tests.e2e.client import Client

UNDO_AFTER_MS = 600.0  # how long a person looks at a wrong text that was taken before it goes
STATUS = "dgLsp/status"


class Player:
    """One recording in one document of a client that is initialized."""

    def __init__(
        self, client: Client, uri: str, recording: Recording, counts: Counts, speed: float, debounce_ms: float
    ) -> None:
        self._client = client
        self._uri = uri
        self._header = recording.header
        self._counts = counts
        self._speed = speed
        self._follower = Follower(recording)
        self._editor = Editor(recording.header.text, counts, debounce_ms)
        self._started = time.perf_counter()
        self._ids: dict[int, int] = {}  # question -> id of the request
        self._markers: dict[int, int] = {}  # question -> id of the request sent right after it was outdated
        self._waiting: set[asyncio.Task[None]] = set()

    async def play(self) -> None:
        """Play to the end and wait for every answer."""
        self._client.open(self._uri, self._header.text, self._header.language)
        while (event := self._follower.next()) is not None:
            await self._until(event.at_ms - self._follower.shift_ms)
            await self._do(event)
        await self._until(self._now_ms() + 1000)  # the last question, and its answer on the screen
        if self._waiting:
            await asyncio.gather(*self._waiting)
        self._counts.diverged += self._editor.text != self._follower.text
        self._client.notify("textDocument/didClose", {"textDocument": {"uri": self._uri}})

    def _now_ms(self) -> float:
        return (time.perf_counter() - self._started) * 1000 * self._speed

    async def _until(self, at_ms: float) -> None:
        """Let the recording's clock reach `at_ms`; questions go out when they are due."""
        while True:
            due_ms = self._editor.due_ms
            goal_ms = at_ms if due_ms is None else min(at_ms, due_ms)
            await asyncio.sleep(max(0.0, goal_ms - self._now_ms()) / 1000 / self._speed)
            if due_ms is None or goal_ms < due_ms:
                return
            if self._editor.due_ms == due_ms:
                self._ask()

    def _ask(self) -> None:
        asked = self._editor.ask(self._now_ms())
        self._ids[asked.number] = self._client.inline(self._uri, asked.cursor, manual=False)
        task = asyncio.create_task(self._await_answer(asked))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _do(self, event: Event) -> None:
        if event.accept is not None:
            await self._accept(event)
            self._follower.done()
            return
        if event.edit is not None:
            outdated = self._editor.edit(event.edit, self._now_ms(), event.cursor, event.cause)
            self._send_edit(event.edit.start, event.edit.end, event.edit.text)
            self._drop(outdated, changed=True)
        elif event.cursor is not None:
            self._drop(self._editor.move(event.cursor), changed=False)
        self._follower.done()

    async def _accept(self, event: Event) -> None:
        assert event.accept is not None
        edit = self._editor.taking(event.accept)
        if edit is None:
            return
        n_events = self._follower.comes_to(edit.applied(self._editor.text))
        if n_events is None and not event.blind:
            return
        outdated = self._editor.accept(edit, event.accept, self._now_ms())
        self._send_edit(edit.start, edit.end, edit.text)
        self._drop(outdated, changed=True)
        if n_events is not None:
            self._follower.skip(n_events - 1)  # the caller counts the last one
            return
        await self._until(self._now_ms() + UNDO_AFTER_MS)
        self._follower.shift_ms -= UNDO_AFTER_MS
        back = difference(self._editor.text, self._follower.text)
        self._counts.undone += 1
        outdated = self._editor.edit(back, self._now_ms(), cause="undo")
        self._send_edit(back.start, back.end, back.text)
        self._drop(outdated, changed=True)

    def _send_edit(self, start: int, end: int, text: str) -> None:
        self._client.edit(self._uri, start, end, text)

    def _drop(self, outdated: list[int], changed: bool) -> None:
        """Cancel questions; the marker's answer tells later what the server had read before it answered them."""
        if changed and outdated:  # right behind the change
            marker = self._client.request(STATUS)
            self._markers |= dict.fromkeys(outdated, marker)
        for number in outdated:
            self._client.notify("$/cancelRequest", {"id": self._ids[number]})

    async def _await_answer(self, asked: Asked) -> None:
        msg_id = self._ids[asked.number]
        try:
            answer = await self._client.answer(msg_id)
        except (TimeoutError, AssertionError):
            self._counts.unanswered += 1
            return
        result = answer.get("result")
        items = None if result is None else [self._item(asked, item) for item in result["items"]]
        marker = self._markers.get(asked.number)
        crossed = marker is not None and not self._came_before(marker, msg_id)
        self._editor.answered(asked.number, items, self._now_ms(), crossed)

    def _came_before(self, first: int, second: int) -> bool:
        order = [message.get("id") for message in self._client.received if "method" not in message]
        return first in order and order.index(first) < order.index(second)

    def _item(self, asked: Asked, item: dict[str, Any]) -> Item:
        places = Places(asked.text, self._client.encoding)
        start, end = (places.offset(item["range"][key]) for key in ("start", "end"))
        if start is None or end is None:
            return Item(-1, -1, "")  # names no place: fits nowhere
        return Item(start, end, item["insertText"])


async def play_all(
    client: Client, recordings: list[Recording], speed: float = 1.0, debounce_ms: float = DEBOUNCE_MS
) -> Counts:
    """Play recordings one after the other, each in a document of its own."""
    counts = Counts()
    before = await _model_calls(client)
    for number, recording in enumerate(recordings):
        uri = f"file:///typed{number}.py"
        await Player(client, uri, recording, counts, speed, debounce_ms).play()
    after = await _model_calls(client)
    if before is not None and after is not None:
        counts.model_calls = after - before
    return counts


async def _model_calls(client: Client) -> int | None:
    return (await client.ask(STATUS))["result"].get("modelCalls")
