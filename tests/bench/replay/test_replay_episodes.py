"""Ghost text as a person sees it: when it counts as right, wrong, flashed by or taken."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from tests.bench.replay.counts import Counts
from tests.bench.replay.editor import Editor, Item
from tests.bench.replay.episodes import Episode, is_right, listing, session_figures
from tests.bench.replay.follow import Follower
from tests.bench.replay.play import Pace, Played, play_session
from tests.bench.replay.recording import Edit, Event, Header, Recording
from tests.e2e.client import Client


def typing(text: str, gap_ms: float = 100.0, first_ms: float = 0.0) -> Recording:
    events = [Event(first_ms + gap_ms * n, Edit(n, n, char)) for n, char in enumerate(text)]
    return Recording(Header(text=""), tuple(events))


def shown(ghost: str, at_ms: float = 100.0) -> Editor:
    """An editor that has shown `ghost` behind `x = ` since `at_ms`."""
    editor = Editor("", Counts())
    editor.edit(Edit(0, 0, "x = "), 0.0)
    asked = editor.ask(50.0)
    editor.answered(asked.number, [Item(4, 4, ghost)], at_ms)
    return editor


@pytest.mark.parametrize(
    ("recorded", "ghost", "right"),
    [
        ("x = value", "x = value", True),
        ("x = value + 1", "x = value", True),  # as far as it goes
        ("x = values", "x = value", False),  # it ends in the middle of a word
        ("x = other", "x = value", False),
        ("x = va", "x = value", False),
    ],
)
def test_ghost_text_is_right_when_it_is_what_comes_next(recorded: str, ghost: str, right: bool) -> None:
    assert is_right(Follower(typing(recorded)), "", Edit(0, 0, ghost)) is right


def test_a_bracket_that_the_editor_closes_by_itself_may_be_left_open() -> None:
    events = [Event(0.0, Edit(0, 0, "f")), Event(1.0, Edit(1, 1, "()"), cursor=2), Event(2.0, Edit(2, 2, "a"))]
    follower = Follower(Recording(Header(text=""), tuple(events)))
    assert is_right(follower, "", Edit(0, 0, "f(")) and is_right(follower, "", Edit(0, 0, "f(a"))
    assert not is_right(follower, "", Edit(0, 0, "f(b"))


def test_a_flash_is_gone_before_anybody_could_read_it() -> None:
    fast, slow = shown("value"), shown("value")
    fast.edit(Edit(4, 4, "o"), 300.0)
    slow.edit(Edit(4, 4, "o"), 400.0)
    assert [(e.shown_ms, e.is_flash, e.end) for e in (*fast.episodes, *slow.episodes)] == [
        (200.0, True, "typed over"),
        (300.0, False, "typed over"),
    ]


def test_what_is_typed_out_taken_or_grown_is_no_flash() -> None:
    out, taken, grown = shown("ab"), shown("ab"), shown("ab")
    out.edit(Edit(4, 4, "ab"), 150.0)
    edit = taken.taking("whole")
    assert edit is not None
    taken.accept(edit, "whole", 150.0)
    asked = grown.ask(110.0)
    grown.answered(asked.number, [Item(4, 4, "ab + c")], 150.0)
    assert [(e.end, e.is_flash) for e in (*out.episodes, *taken.episodes)] == [("typed out", False), ("taken", False)]
    assert len(grown.episodes) == 1 and grown.shown == Item(4, 4, "ab + c")


def test_an_answer_that_takes_ghost_text_away_or_puts_another_there_ends_it() -> None:
    for items, end, n in (([], "withdrawn", 1), ([Item(4, 4, "zz")], "replaced", 2)):
        editor = shown("ab")
        asked = editor.ask(110.0)
        editor.answered(asked.number, items, 150.0)
        assert editor.episodes[0].end == end and editor.episodes[0].is_flash and len(editor.episodes) == n


def test_figures_and_the_list_of_what_was_wrong() -> None:
    good = Episode(0.0, "x = ", "1", "a.py", 900.0, True, end="taken")
    bad = Episode(0.0, "y = ", "2", "b.py", 900.0, end="typed over")
    flash = Episode(0.0, "z = ", "3", "b.py", 90.0, True, end="typed over")
    rows = {row[0]: row[1] for row in session_figures(Counts(keys=80, accepted_whole=10), [good, bad, flash], 100, 1.0)}
    assert rows["of it wrong"] == "1 (33 %)" and rows["of it right as far as it goes"] == "2 (67 %)"
    assert rows["flashes shorter than 250 ms"] == "1 (33 %)" and rows["keys saved"] == "10 (10 %)"
    assert listing([good, bad, flash]).splitlines() == [
        "b.py: 'y =' + '2': wrong, 900 ms, typed over",
        "b.py: 'z =' + '3': right, 90 ms, typed over, flash",
    ]


class Suggester:
    """A server that suggests one text wherever the document is `before`, and nothing elsewhere."""

    def __init__(self, before: str, ghost: str) -> None:
        self.encoding = "utf-16"
        self.received: list[dict[str, Any]] = []
        self.text = ""
        self._before, self._ghost = before, ghost
        self._n = 0

    def open(self, _uri: str, text: str, _language: str) -> None:
        self.text = text

    def edit(self, _uri: str, start: int, end: int, new: str) -> None:
        self.text = self.text[:start] + new + self.text[end:]

    def notify(self, *_: Any) -> None: ...

    def inline(self, _uri: str, cursor: int, manual: bool) -> int:
        here = {"line": 0, "character": cursor}
        item = {"insertText": self._ghost, "range": {"start": here, "end": here}}
        return self._answer({"items": [item] if self.text == self._before else []})

    def request(self, _method: str) -> int:
        return self._answer({})

    async def ask(self, _method: str) -> dict[str, Any]:
        return {"result": {"modelCalls": 0}}

    async def answer(self, number: int) -> dict[str, Any]:
        await asyncio.sleep(0)
        return next(message for message in self.received if message["id"] == number)

    def _answer(self, result: dict[str, Any]) -> int:
        self._n += 1
        self.received.append({"id": self._n, "result": result})
        return self._n


async def play(ghost: str, pause_ms: float) -> tuple[Played, Suggester]:
    """Type `x = value`, with a pause behind the equals sign in which `ghost` is suggested."""
    server = Suggester("x = ", ghost)
    first = typing("x = ", gap_ms=200.0).events
    late = [Event(600.0 + pause_ms + 200.0 * n, Edit(4 + n, 4 + n, char)) for n, char in enumerate("value")]
    recording = Recording(Header(text=""), (*first, *late))
    played = await play_session(cast(Client, server), [recording], Pace(speed=4.0, takes_right=True))
    assert played.counts.diverged == 0 and server.text == "x = value"
    return played, server


async def test_what_is_right_is_taken_once_it_is_read_and_saves_its_keys() -> None:
    played, _ = await play("value", 1500.0)
    assert (played.counts.keys, played.counts.accepted_whole) == (4, 1)
    assert [(e.right, e.end) for e in played.episodes] == [(True, "taken")]


async def test_what_is_wrong_is_not_taken() -> None:
    played, _ = await play("other", 1500.0)
    assert (played.counts.keys, played.counts.accepted_whole) == (9, 0)
    assert [(e.right, e.end, e.is_flash) for e in played.episodes] == [(False, "typed over", False)]
