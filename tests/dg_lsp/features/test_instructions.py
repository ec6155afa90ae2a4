"""What a model that takes instructions is told: the user's words, and what the tools report of the place."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from dg_lsp.app.server import Server
from tests.dg_lsp.server_fakes import FakeFiller, Wire, receive

URI = "file:///a.py"
PLACE = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 5}}
PROBLEMS = [{"range": PLACE, "message": "unused\n  name"}, {"range": PLACE, "message": "E2"}]


@pytest.fixture
def filler(takes: bool) -> FakeFiller:
    filler = FakeFiller()
    filler.takes_instructions = takes
    return filler


async def answer(server: Server, wire: Wire, method: str, params: Any, number: int) -> Any:
    receive(server, method, params, id=number)
    while not any(message.get("id") == number for message in wire.sent):
        await asyncio.sleep(0.001)
    return next(message["result"] for message in wire.sent if message.get("id") == number)


async def actions(server: Server, wire: Wire, asks_how: bool = False) -> dict[str, Any]:
    document = {"uri": URI, "languageId": "python", "version": 1, "text": "a = b\n"}
    receive(server, "textDocument/didOpen", {"textDocument": document})
    server.session.client.resolves_edits, server.session.client.asks_how = True, asks_how
    params = {"textDocument": {"uri": URI}, "range": PLACE, "context": {"diagnostics": PROBLEMS}}
    found = await answer(server, wire, "textDocument/codeAction", params, 10)
    return {action["title"]: action for action in found}


@pytest.mark.parametrize("takes", [True, False])
async def test_a_command_tells_instruction_and_problems(
    served: tuple[Server, Wire], filler: FakeFiller, takes: bool
) -> None:
    server, wire = served
    await actions(server, wire)
    told = {"uri": URI, "range": PLACE, "instruction": "shorter", "diagnostics": ["E1"]}
    await answer(server, wire, "workspace/executeCommand", {"command": "dg-lsp.rewrite", "arguments": [told]}, 11)
    (request,) = filler.asked
    assert (request.instruction, request.diagnostics) == (("shorter", ("E1",)) if takes else (None, ()))


@pytest.mark.parametrize("takes", [True])
async def test_an_action_tells_what_the_tools_report_there(served: tuple[Server, Wire], filler: FakeFiller) -> None:
    server, wire = served
    offered = await actions(server, wire)
    await answer(server, wire, "codeAction/resolve", offered["Refill selection"], 11)
    await answer(server, wire, "codeAction/resolve", offered["Fix this: E2"], 12)
    assert [request.diagnostics for request in filler.asked] == [("unused name", "E2"), ("E2",)]


@pytest.mark.parametrize(("takes", "asks"), [(True, True), (True, False), (False, True)])
async def test_an_entry_with_dots_asks_the_user_first(
    served: tuple[Server, Wire], filler: FakeFiller, takes: bool, asks: bool
) -> None:
    """Only a client that can ask gets it, and only where the model reads the answer."""
    server, wire = served
    offered = await actions(server, wire, asks)
    expected = takes and asks
    assert ("Rewrite selection…" in offered, "Refill selection" in offered) == (expected, not expected)
    if expected:
        asking = offered["Rewrite selection…"]
        assert asking["command"]["command"] == "dg-lsp.rewriteSelection" and "data" not in asking
        assert asking["command"]["arguments"] == [{"uri": URI, "version": 1, "range": PLACE}]
