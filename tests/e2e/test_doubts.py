"""Pull diagnostics over stdio: doubts as hints, only where switched on, and never in the way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.acting import open_client, place
from tests.e2e.client import URI, Client

pytestmark = pytest.mark.e2e


async def pull(client: Client, **more: Any) -> dict[str, Any]:
    return await client.ask("textDocument/diagnostic", {"textDocument": {"uri": URI}} | more)


async def test_doubts_are_hints_only_where_they_are_switched_on(start: Any) -> None:
    rule = {"doubts": "boxes", "text": "items"}
    off = await open_client(start, rule)
    assert (await pull(off))["error"]["code"] == -32601
    client = await open_client(start, rule, options={"doubts": True})
    report = (await pull(client))["result"]
    assert report["kind"] == "full" and len(report["items"]) == 2
    first = report["items"][0]
    assert (first["range"], first["severity"], first["source"]) == (place(client, "boxes"), 4, "dg-lsp")
    assert first["message"] == "The model would have put: items"
    again = (await pull(client, previousResultId=report["resultId"]))["result"]
    assert again == {"kind": "unchanged", "resultId": report["resultId"]}
    client.edit(URI, 0, 0, "boxes\n")
    assert len((await pull(client, previousResultId=report["resultId"]))["result"]["items"]) == 3


async def test_doubts_make_way_for_ghost_text_and_ask_to_be_pulled_again(start: Any) -> None:
    rules = [{"doubts": "boxes", "text": "items", "delay_ms": 60_000}, {"after": "", "text": "ghost"}]
    client = await open_client(start, *rules, options={"doubts": True})
    asked = client.request("textDocument/diagnostic", {"textDocument": {"uri": URI}})
    assert len(await client.items(URI)) == 1
    assert (await client.answer(asked))["error"]["code"] == -32802
