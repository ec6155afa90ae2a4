"""A person types: what is shown, what the model is asked, and what stays still. Over stdio."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.client import URI, Client

pytestmark = pytest.mark.e2e

AREA = {"after": "return ", "text": "width * height"}
PREFIX = "def area(width, height):\n    return "


async def calls(client: Client) -> int:
    """How often the model was asked."""
    return (await client.ask("dgLsp/status"))["result"]["modelCalls"]


async def reason(client: Client) -> str:
    return (await client.ask("dgLsp/status"))["result"]["lastReason"]


async def shown(client: Client, offset: int, **more: Any) -> str | None:
    """The one ghost text at `offset`, asked for as typing does."""
    items = await client.items(URI, offset, manual=False, **more)
    assert len(items) <= 1
    return items[0]["insertText"] if items else None


@pytest.fixture
async def client(start: Any) -> Client:
    client: Client = await start(AREA, {"after": "retu", "text": "rn None"}, options={"lookAhead": False})
    client.open(URI, PREFIX + "\n")
    assert await shown(client, len(PREFIX)) == "width * height"
    return client


async def test_typing_into_a_suggestion_shrinks_it_without_the_model(client: Client) -> None:
    offset, rest = len(PREFIX), "width * height"
    before = await calls(client)
    while len(rest) > 1:
        client.edit(URI, offset, offset, rest[0])
        offset, rest = offset + 1, rest[1:]
        assert await shown(client, offset) == rest
        assert await reason(client) == "still_fits"
    assert await calls(client) == before


async def test_a_pasted_piece_of_it_counts_as_typed(client: Client) -> None:
    client.edit(URI, len(PREFIX), len(PREFIX), "width * ")
    assert await shown(client, len(PREFIX) + 8) == "height"


async def test_backspace_asks_nothing_and_brings_back_what_was_shown(client: Client) -> None:
    at = len(PREFIX)
    client.edit(URI, at, at, "wi")
    assert await shown(client, at + 2) == "dth * height"
    before = await calls(client)
    client.edit(URI, at + 1, at + 2, "")
    assert await shown(client, at + 1) == "idth * height", "typed out of it and back: still valid"
    client.edit(URI, at - 3, at + 1, "")
    assert await shown(client, at - 3) is None
    assert await reason(client) == "after_deletion"
    assert await calls(client) == before


async def test_asking_after_a_deletion_is_answered(client: Client) -> None:
    at = len(PREFIX)
    client.edit(URI, at - 3, at, "")
    assert [item["insertText"] for item in await client.items(URI, at - 3)] == ["rn None"]


async def test_the_same_place_is_not_asked_twice(client: Client) -> None:
    before = await calls(client)
    assert await shown(client, 3) is None
    assert await shown(client, 3) is None
    assert await calls(client) == before + 1


async def test_an_edit_elsewhere_asks_again(client: Client) -> None:
    before = await calls(client)
    client.edit(URI, 0, 0, "# a comment\n")
    assert await shown(client, len(PREFIX) + 12) == "width * height"
    assert await calls(client) == before + 1


async def test_keys_in_a_burst_ask_the_model_once(start: Any) -> None:
    client: Client = await start(AREA, options={"debounceMs": 500, "lookAhead": False})
    client.open(URI, PREFIX + "\n")
    at, before = len(PREFIX), await calls(client)
    client.edit(URI, at, at, "\n    ")
    at += 5
    asked = []
    for key in "return ":
        client.edit(URI, at, at, key)
        at += 1
        asked.append(client.inline(URI, at, manual=False))
    answers = [(await client.answer(number))["result"]["items"] for number in asked]
    assert [len(items) for items in answers] == [0] * 6 + [1]
    assert await calls(client) == before + 1


SLOWLY = {"after": "return ", "text": "width * height", "delay_ms": 500}


async def test_what_is_on_its_way_serves_the_keys_typed_meanwhile(start: Any) -> None:
    client: Client = await start(SLOWLY, options={"debounceMs": 0, "deadlineMs": 60_000, "lookAhead": False})
    client.open(URI, PREFIX + "\n")
    at = len(PREFIX)
    asked = [client.inline(URI, at, manual=False)]
    for key in "wid":
        client.edit(URI, at, at, key)
        at += 1
        asked.append(client.inline(URI, at, manual=False))
    answers = [(await client.answer(number))["result"]["items"] for number in asked]
    assert [[item["insertText"] for item in items] for items in answers] == [[], [], [], ["th * height"]]
    assert await calls(client) == 1


@pytest.mark.parametrize(("typed", "removed"), [("", 1), ("\n", 0)])
async def test_what_cannot_fit_any_more_is_stopped(start: Any, typed: str, removed: int) -> None:
    client: Client = await start(SLOWLY | {"delay_ms": 60_000}, AREA | {"after": "#"}, options={"debounceMs": 0})
    client.open(URI, PREFIX + "\n#")
    at = len(PREFIX)
    asked = client.inline(URI, at, manual=False)
    client.edit(URI, at - removed, at, typed)
    assert (await client.answer(asked))["result"]["items"] == []
    end = at + len(typed) - removed + 2
    assert len(await client.items(URI, end)) == 1, "the model is free"


async def test_what_was_on_its_way_and_does_not_fit_is_asked_again(start: Any) -> None:
    other = {"after": "return q", "text": "uit()"}
    client: Client = await start(other, SLOWLY, options={"debounceMs": 0, "lookAhead": False})
    client.open(URI, PREFIX + "\n")
    at = len(PREFIX)
    first = client.inline(URI, at, manual=False)
    client.edit(URI, at, at, "q")
    assert await shown(client, at + 1) == "uit()"
    assert (await client.answer(first))["result"]["items"] == []
    assert await calls(client) == 2


async def test_a_fixed_debounce_is_kept(start: Any) -> None:
    client: Client = await start(AREA, options={"debounceMs": 0, "lookAhead": False})
    client.open(URI, PREFIX[:-1] + "\n")
    client.edit(URI, len(PREFIX) - 1, len(PREFIX) - 1, " ")
    assert await shown(client, len(PREFIX)) == "width * height"


async def test_an_open_popup_is_followed_on(client: Client) -> None:
    at = len(PREFIX)
    client.edit(URI, at, at, "x = 1\n    ret")
    at += len("x = 1\n    ret")
    popup = {"range": client.range(URI, at - 3, at), "text": "return "}
    context = {"triggerKind": 2, "selectedCompletionInfo": popup}
    params = {"textDocument": {"uri": URI}, "position": client.position(URI, at), "context": context}
    (item,) = (await client.ask("textDocument/inlineCompletion", params))["result"]["items"]
    assert item["insertText"] == "urn width * height"
    assert item["range"] == client.range(URI, at, at)


async def test_what_follows_a_suggestion_is_ready_when_it_is_accepted(start: Any) -> None:
    rules = AREA, {"after": "width * height", "text": " / 2"}
    client: Client = await start(*rules)
    client.open(URI, PREFIX + "\n")
    assert await shown(client, len(PREFIX)) == "width * height"

    async def ahead() -> bool:
        return (await client.ask("dgLsp/status"))["result"]["speculativeCalls"] == 1

    while not await ahead():
        pass
    before = await calls(client)
    client.edit(URI, len(PREFIX), len(PREFIX), "width * height")
    assert await shown(client, len(PREFIX) + 14) == " / 2"
    assert await calls(client) == before


async def test_asking_keeps_what_is_shown_first(client: Client) -> None:
    at = len(PREFIX)
    client.edit(URI, at, at, "wi")
    items = await client.items(URI, at + 2)
    assert items[0]["insertText"] == "dth * height"
