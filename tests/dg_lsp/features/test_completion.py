"""Entries of the completion list, where a scripted server cannot bring it about."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from dg_lsp.app.server import Server
from infill.types import Filled, FillRequest, NoFill, Span
from tests.dg_lsp.server_fakes import FakeFiller, Wire, receive

DOCUMENT = {"uri": "untitled:a", "languageId": "python", "version": 1, "text": "x = \ny\n"}
AT = {"textDocument": {"uri": "untitled:a"}, "position": {"line": 0, "character": 4}}


async def entries(server: Server, wire: Wire, number: int, **context: Any) -> list[dict[str, Any]]:
    receive(server, "textDocument/completion", AT | context, id=number)
    async with asyncio.timeout(10):
        while not any(message.get("id") == number for message in wire.sent):
            await asyncio.sleep(0.001)
    return next(message["result"]["items"] for message in wire.sent if message.get("id") == number)


async def test_as_many_as_there_are_when_asked_for_and_one_while_typing(
    served: tuple[Server, Wire], filler: FakeFiller, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, wire = served
    fill = filler.fill

    def several(request: FillRequest, *more: Any) -> Filled | NoFill:
        found = fill(request, *more)
        assert isinstance(found, Filled)
        texts = [f"{n}" * 70 for n in range(request.candidates)]
        made = tuple(msgspec.structs.replace(found.completions[0], text=text) for text in texts)
        return msgspec.structs.replace(found, completions=made)

    monkeypatch.setattr(filler, "fill", several)
    receive(server, "textDocument/didOpen", {"textDocument": DOCUMENT})
    asked = await entries(server, wire, 10)  # without a context
    assert [entry["sortText"] for entry in asked] == sorted(entry["sortText"] for entry in asked)
    assert [entry["label"] for entry in asked] == [n * 60 + "…" for n in "012"]
    document = {"uri": "untitled:a", "version": 2}
    change = {"range": {"start": {"line": 1, "character": 1}, "end": {"line": 1, "character": 1}}, "text": "z"}
    receive(server, "textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
    assert len(await entries(server, wire, 11, context={"triggerKind": 1})) == 1
    assert [request.trigger for request in filler.asked] == ["manual", "automatic"]


async def test_what_would_replace_several_lines_is_left_out(
    served: tuple[Server, Wire], filler: FakeFiller, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, wire = served
    fill = filler.fill

    def over_lines(request: FillRequest, *more: Any) -> Filled | NoFill:
        found = fill(request, *more)
        assert isinstance(found, Filled)
        made = msgspec.structs.replace(found.completions[0], span=Span(4, 6), text="1")
        return msgspec.structs.replace(found, completions=(made,))

    monkeypatch.setattr(filler, "fill", over_lines)
    receive(server, "textDocument/didOpen", {"textDocument": DOCUMENT})
    assert await entries(server, wire, 10) == []
    assert server.session.last_reason == "several_lines"


@pytest.mark.reports
@pytest.mark.parametrize("word", ["re\u0301sume\u0301", "नमस्ते", "น้ำหนัก", "重さを", "می\u200cخواهم", "café", "x_1"])
async def test_an_entry_of_the_list_replaces_the_whole_word(
    word: str, served: tuple[Server, Wire], filler: FakeFiller
) -> None:
    server, wire = served
    document = {"uri": "untitled:w", "languageId": "python", "version": 1, "text": f"x = {word}"}
    receive(server, "textDocument/didOpen", {"textDocument": document})
    character = len(f"x = {word}".encode("utf-16-le")) // 2
    at = {"textDocument": {"uri": "untitled:w"}, "position": {"line": 0, "character": character}}
    items = await entries(server, wire, 99, context={"triggerKind": 1}, **at)
    assert items and all(item["textEdit"]["range"]["start"]["character"] == 4 for item in items)
    assert all(item["filterText"].startswith(word) for item in items)
