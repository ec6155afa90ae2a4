"""Small and seeded forms of what `tests/bench/bench_server.py` measures at length: only what can be right or wrong."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.client import URI, Client

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.replay.counts import Counts
from tests.bench.replay.generate import generate
from tests.bench.replay.play import play_all
from tests.bench.replay.recording import Edit, Event, Header, Recording
from tests.bench.server.divergence import class_divergences, stdio_divergences
from tests.bench.server.endurance import growth, memory_mib
from tests.bench.server.hostile import attack

pytestmark = pytest.mark.e2e

SOURCE = """class Shelf:
    def __init__(self, boxes):
        self.boxes = list(boxes)

    def total(self, names):
        count = 0
        for name in names:
            count += len(self.boxes[name])
        return count
"""


def typed(text: str, keys: str, gap_ms: float = 400.0, **header: Any) -> Recording:
    """Keys typed at the text's end."""
    events = [Event(gap_ms * n, Edit(len(text) + n, len(text) + n, key)) for n, key in enumerate(keys)]
    return Recording(Header(text, **header), tuple(events))


async def opened(start: Any, *rules: dict[str, Any], **capabilities: Any) -> Client:
    """A server that answers each question at once: here time runs faster than the rhythm of typing that it goes by."""
    client: Client = await start(*rules, initialize=False)
    await client.initialize({"debounceMs": 0, "lookAhead": False}, **capabilities)
    await client.ready()
    return client


def sound(counts: Counts) -> bool:
    wrong = (counts.unanswered, counts.stale, counts.misfits, counts.diverged)
    return not any(wrong) and counts.answered == counts.requests


async def test_typing_is_answered_and_nothing_is_stale(start: Any) -> None:
    client = await opened(start, {"after": "self.", "text": "boxes"}, {"after": "= ", "text": "None", "delay_ms": 3})
    recordings = generate([("shelf.py", SOURCE)], 1, seed=1)
    counts = await play_all(client, recordings, speed=20)
    assert sound(counts) and counts.keys > 50


async def test_a_question_that_typing_overtakes_is_answered_and_shows_nothing(start: Any) -> None:
    client = await opened(start, {"after": "value", "text": "s"}, {"after": "", "text": "late", "delay_ms": 60_000})
    counts = await play_all(client, [typed("x = ", "value", gap_ms=200.0)], speed=4)
    assert sound(counts) and counts.requests == 5
    assert (counts.answers_with_items, counts.shown) == (1, 1)  # the last one, which nothing overtakes


async def test_a_suggestion_that_is_what_comes_is_taken_and_not_typed_again(start: Any) -> None:
    client = await opened(start, {"after": "return ", "text": "w * h"})
    keys = typed("def area(w, h):\n    return", " w * h\n", gap_ms=4000)
    events = (keys.events[0], Event(3000.0, accept="whole"), *keys.events[1:])
    counts = await play_all(client, [Recording(keys.header, events)], speed=4)
    assert sound(counts)
    assert (counts.accepted_whole, counts.undone, counts.keys) == (1, 0, 2)


async def test_a_wrong_suggestion_that_was_taken_is_taken_back(start: Any) -> None:
    client = await opened(start, {"after": "return ", "text": "0"})
    keys = typed("def area(w, h):\n    return", " w", gap_ms=4000)
    events = (keys.events[0], Event(3000.0, accept="whole", blind=True), *keys.events[1:])
    counts = await play_all(client, [Recording(keys.header, events)], speed=4)
    assert sound(counts)
    assert (counts.accepted_whole, counts.undone, counts.keys) == (1, 1, 2)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_recordings_play_in_every_encoding(start: Any, encoding: Any) -> None:
    client = await opened(start, {"after": "😋 ", "text": "= '𝒳'"}, general={"positionEncodings": [encoding]})
    counts = await play_all(client, [typed("é\u2028\r\n", "x = '😋 '", encoding=encoding)], speed=8)
    assert sound(counts) and counts.shown == 1


def test_random_edits_do_not_make_the_copies_differ(tmp_path: Path) -> None:
    assert class_divergences(6000) == 0
    assert stdio_divergences(1500, tmp_path, check_every=25) == 0


def test_hostile_messages_are_survived_and_answered_once(tmp_path: Path) -> None:
    outcome = attack(200, tmp_path, seed=1)
    assert outcome.alive and outcome.n_requests > 50
    assert (outcome.twice, outcome.never, outcome.wrong_probes) == (0, 0, 0)


def test_memory_stays_flat(tmp_path: Path) -> None:
    assert growth(memory_mib(6000, tmp_path)) <= 0.05


async def test_a_cancelled_fill_leaves_the_model_to_the_next_question(start: Any) -> None:
    client: Client = await start({"after": "slow", "text": "late", "delay_ms": 60_000}, {"after": "", "text": "next"})
    for number in range(10):
        uri = f"{URI}{number}"
        client.open(uri, "slow")
        asked = client.inline(uri, 4)
        client.notify("$/cancelRequest", {"id": asked})
        client.open(URI, "")
        assert [item["insertText"] for item in await client.items(URI)] == ["next"]
        assert "error" in await client.answer(asked)
