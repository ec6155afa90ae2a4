"""Refill a selection: offered without the model, resolved by it, never applied to a changed text."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.client import URI, Client

pytestmark = pytest.mark.e2e

RULE = {"selected": "old(😋)", "text": "new(😋)"}
RESOLVES = {"codeAction": {"resolveSupport": {"properties": ["edit"]}}}
VERSIONED = {"workspaceEdit": {"documentChanges": True}}
TEXT = "a = 1\r\nb = old(😋)\r\n"
START, END = TEXT.index("old"), TEXT.index(")") + 1


async def offers(client: Client, start: int, end: int, **context: Any) -> list[Any]:
    """The refill, where it is offered."""
    return [a for a in await all_offers(client, start, end, **context) if a["title"] == "Refill selection"]


async def all_offers(client: Client, start: int, end: int, **context: Any) -> list[Any]:
    params = {"textDocument": {"uri": URI}, "range": client.range(URI, start, end)}
    answer = await client.ask("textDocument/codeAction", params | {"context": {"diagnostics": []} | context})
    return answer["result"]


async def open_client(start: Any, *rules: Any, **capabilities: Any) -> Client:
    client: Client = await start(*(rules or (RULE,)), **{"textDocument": RESOLVES} | capabilities)
    client.open(URI, TEXT)
    return client


async def test_a_selection_is_offered_and_resolved_into_a_minimal_versioned_edit(start: Any) -> None:
    client = await open_client(start, workspace=VERSIONED)
    (action,) = await offers(client, START, END)
    assert (action["kind"], action.get("edit")) == ("refactor.rewrite.dg-lsp.rewrite", None)
    resolved = (await client.ask("codeAction/resolve", action))["result"]
    (change,) = resolved["edit"]["documentChanges"]
    assert change["textDocument"] == {"uri": URI, "version": 1}
    assert change["edits"] == [{"range": client.range(URI, START, START + 3), "newText": "new"}]


async def test_a_client_without_versioned_edits_gets_plain_changes(start: Any) -> None:
    client = await open_client(start)
    (action,) = await offers(client, START, END)
    resolved = (await client.ask("codeAction/resolve", action))["result"]
    assert list(resolved["edit"]) == ["changes"]
    assert resolved["edit"]["changes"][URI][0]["newText"] == "new"


async def test_a_refill_of_several_lines_has_the_line_ends_of_the_document(start: Any) -> None:
    client = await open_client(start, {"selected": "old(😋)", "text": "x\ny"})
    (action,) = await offers(client, START, END)
    resolved = (await client.ask("codeAction/resolve", action))["result"]
    assert resolved["edit"]["changes"][URI][0]["newText"] == "x\r\ny"


async def test_lines_that_stay_are_in_no_edit_so_that_changes_can_be_taken_one_by_one(start: Any) -> None:
    client: Client = await start({"selected": "a\r\nb\r\nc", "text": "x\nb\nz"}, textDocument=RESOLVES)
    client.open(URI, "a\r\nb\r\nc\r\n")
    (action,) = await offers(client, 0, 7)
    resolved = (await client.ask("codeAction/resolve", action))["result"]
    edits = resolved["edit"]["changes"][URI]
    assert edits == [{"range": client.range(URI, at, at + 1), "newText": new} for at, new in [(0, "x"), (6, "z")]]


async def test_what_is_not_offered(start: Any) -> None:
    client = await open_client(start)
    assert await offers(client, START, START) == []
    assert await offers(client, START, END, only=["quickfix"]) == []
    assert await offers(client, START, END, only=["refactor.rewrite.more"]) == []
    assert len(await offers(client, START, END, only=["refactor"])) == 1
    assert len(await offers(client, START, END, only=["quickfix", "refactor.rewrite"])) == 1


async def test_a_client_that_cannot_resolve_is_not_offered_a_dead_entry(start: Any) -> None:
    client = await open_client(start, textDocument={})
    assert await offers(client, START, END) == []


@pytest.mark.parametrize("closed", [False, True])
async def test_a_stale_action_resolves_without_an_edit_and_says_so(start: Any, closed: bool) -> None:
    client = await open_client(start)
    (action,) = await offers(client, START, END)
    if closed:
        client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    else:
        client.edit(URI, 0, 0, "#")
    assert (await client.ask("codeAction/resolve", action))["result"] == action
    (shown,) = client.notifications("window/showMessage")
    assert "select again" in shown["message"]


async def test_a_change_while_the_model_works_ends_the_resolution_without_an_edit(start: Any) -> None:
    client = await open_client(start, RULE | {"delay_ms": 60_000})
    (action,) = await offers(client, START, END)
    asked = client.request("codeAction/resolve", action)
    client.edit(URI, 0, 0, "#")
    assert "edit" not in (await client.answer(asked))["result"]
    assert "changed" in client.notifications("window/showMessage")[0]["message"]


async def test_ghost_text_does_not_supersede_a_refill(start: Any) -> None:
    client = await open_client(start, RULE | {"delay_ms": 50}, {"after": "", "text": "g"})
    (action,) = await offers(client, START, END)
    asked = client.request("codeAction/resolve", action)
    assert len(await client.items(URI)) == 1
    assert "edit" in (await client.answer(asked))["result"]


@pytest.mark.parametrize("data", [None, 5, {"uri": URI}, {"uri": URI, "version": "x"}])
async def test_an_action_that_is_not_ours_comes_back_as_it_was(start: Any, data: Any) -> None:
    client = await open_client(start)
    answer = await client.ask("codeAction/resolve", {"title": "t", "data": data})
    assert answer["result"].get("edit") is None and answer["result"]["title"] == "t"
