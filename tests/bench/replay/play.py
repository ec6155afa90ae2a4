"""Plays a recording to a server over stdio, in its own time or faster, and counts what comes back."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import msgspec

from tests.bench.replay.counts import Counts
from tests.bench.replay.editor import DEBOUNCE_MS, Asked, Editor, Item
from tests.bench.replay.episodes import Episode, is_right
from tests.bench.replay.follow import Follower, difference
from tests.bench.replay.places import Places
from tests.bench.replay.recording import Event, Recording
from tests.e2e.client import Client

READS_MS = 400.0  # until a person has read ghost text and takes it
LEAST_TAKEN = 3  # characters; for fewer nobody leaves the letters' keys
UNDO_AFTER_MS = 600.0  # how long a person looks at a wrong text that was taken before it goes
STATUS = "dgLsp/status"


class Pace(msgspec.Struct, frozen=True):
    """How a recording is played. `takes_right`: what is right and still there once it is read is taken."""

    speed: float = 1.0
    debounce_ms: float = DEBOUNCE_MS
    takes_right: bool = False


class Played(msgspec.Struct):
    """What was counted in a session, and what was shown."""

    counts: Counts
    episodes: list[Episode] = []
    minutes: float = 0.0


class Player:
    """One recording in one document of a client that is initialized."""

    def __init__(self, client: Client, uri: str, recording: Recording, counts: Counts, pace: Pace) -> None:
        self._client = client
        self._uri = uri
        self._header = recording.header
        self._counts = counts
        self._speed = pace.speed
        self._takes_right = pace.takes_right
        self._follower = Follower(recording)
        self._editor = Editor(recording.header.text, counts, pace.debounce_ms)
        self._started = time.perf_counter()
        self._ids: dict[int, int] = {}  # question -> id of the request
        self._markers: dict[int, int] = {}  # question -> id of the request sent right after it was outdated
        self._waiting: set[asyncio.Task[None]] = set()

    async def play(self) -> None:
        """Play to the end and wait for every answer."""
        self._client.open(self._uri, self._header.text, self._header.language)
        while (event := self._follower.next()) is not None:
            if not await self._until(event.at_ms - self._follower.shift_ms):
                await self._do(event)
        await self._until(self._now_ms() + 1000)  # the last question, and its answer on the screen
        if self._waiting:
            await asyncio.gather(*self._waiting)
        self._editor.move(-1, self._now_ms())
        self._counts.diverged += self._editor.text != self._follower.text
        self._client.notify("textDocument/didClose", {"textDocument": {"uri": self._uri}})

    @property
    def episodes(self) -> list[Episode]:
        """What was shown."""
        return self._editor.episodes

    @property
    def minutes(self) -> float:
        """How long it took, by the recording's clock."""
        return self._now_ms() / 60_000

    def _now_ms(self) -> float:
        return (time.perf_counter() - self._started) * 1000 * self._speed

    async def _until(self, at_ms: float) -> bool:
        """Let the recording's clock reach `at_ms`; questions go out when they are due.

        Return True where a suggestion was taken meanwhile, so that another event comes next.
        """
        while True:
            due_ms, read_ms = self._editor.due_ms, self._read_ms()
            goal_ms = min(ms for ms in (at_ms, due_ms, read_ms) if ms is not None)
            pause_ms = max(0.0, goal_ms - self._now_ms())
            if self._takes_right and pause_ms > READS_MS / 4:  # ghost text may come meanwhile
                await asyncio.sleep(READS_MS / 4000 / self._speed)
                continue
            await asyncio.sleep(pause_ms / 1000 / self._speed)
            if goal_ms == due_ms and self._editor.due_ms == due_ms:
                self._ask()
            elif goal_ms == at_ms:
                return False
            elif goal_ms == read_ms == self._read_ms() and self._take():
                return True

    def _read_ms(self) -> float | None:
        """When a person will have read what is on show and take it; None where there is nothing to take."""
        if not self._takes_right or self._editor.shown is None:
            return None
        episode = self._editor.episodes[-1]
        return episode.began_ms + READS_MS if episode.takeable else None

    def _take(self) -> bool:
        """Take what is on show, if it is just what the recording goes on to type."""
        edit = self._editor.taking("whole")
        n_events = None if edit is None else self._follower.comes_to(edit.applied(self._editor.text))
        if edit is None or n_events is None:
            self._editor.episodes[-1].takeable = False
            return False
        outdated = self._editor.accept(edit, "whole", self._now_ms())
        self._send_edit(edit.start, edit.end, edit.text)
        self._drop(outdated, changed=True)
        self._follower.skip(n_events)
        return True

    def _judge(self) -> None:
        """Say of ghost text that has just appeared whether it is what comes next."""
        episode, edit = self._editor.episodes[-1], self._editor.taking("whole")
        if edit is not None:
            episode.right = is_right(self._follower, self._editor.text, edit)
            episode.takeable = episode.right and len(episode.ghost.strip()) >= LEAST_TAKEN

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
            self._drop(self._editor.move(event.cursor, self._now_ms()), changed=False)
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
        n_shown = len(self._editor.episodes)
        self._editor.answered(asked.number, items, self._now_ms(), crossed)
        if len(self._editor.episodes) > n_shown:
            self._judge()

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
    return (await play_session(client, recordings, Pace(speed, debounce_ms))).counts


async def play_session(client: Client, recordings: list[Recording], pace: Pace) -> Played:
    """The same, with what was shown; a recording whose name is a whole path is played as that file."""
    played = Played(Counts())
    before = await _model_calls(client)
    for number, recording in enumerate(recordings):
        name = Path(recording.header.name)
        uri = name.as_uri() if name.is_absolute() else f"file:///typed{number}{name.suffix or '.py'}"
        player = Player(client, uri, recording, played.counts, pace)
        await player.play()
        played.episodes += [msgspec.structs.replace(one, name=name.name) for one in player.episodes]
        played.minutes += player.minutes
    after = await _model_calls(client)
    if before is not None and after is not None:
        played.counts.model_calls = after - before
    return played


async def _model_calls(client: Client) -> int | None:
    return (await client.ask(STATUS))["result"].get("modelCalls")
