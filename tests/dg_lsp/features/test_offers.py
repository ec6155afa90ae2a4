"""What the server offers depends on what the client says that it can do."""

from __future__ import annotations

from typing import Any

import pytest

from dg_lsp.app.server import create_server
from dg_lsp.backend.scheduler import in_process
from tests.dg_lsp.server_fakes import FakeFiller, Wire, receive

FALLBACK = "completionProvider"


def offered(**capabilities: Any) -> dict[str, Any]:
    server, wire = create_server(in_process(lambda _choice, _on_bytes: FakeFiller())), Wire()
    server.rpc.set_writer(wire, include_headers=False)
    params = {"processId": None, "rootUri": None, "capabilities": capabilities}
    receive(server, "initialize", params, id=1)
    (answer,) = wire.sent
    return answer["result"]["capabilities"]


@pytest.mark.parametrize("knows", [{}, {"dynamicRegistration": True}, None])
async def test_clients_with_inline_completion_are_offered_no_list(knows: Any) -> None:
    """None: as lsp-mode writes an empty object."""
    found = offered(textDocument={"inlineCompletion": knows})
    assert FALLBACK not in found and found["inlineCompletionProvider"] == {}


@pytest.mark.parametrize("capabilities", [{}, {"textDocument": None}, {"textDocument": {"completion": {}}}])
async def test_others_are_offered_a_list_without_trigger_characters(capabilities: Any) -> None:
    assert offered(**capabilities)[FALLBACK] == {}


async def test_notebooks_are_synchronized_where_the_client_can() -> None:
    sync = {"notebookSelector": [{"notebook": "*"}]}
    assert offered(notebookDocument={"synchronization": {}})["notebookDocumentSync"] == sync
    assert "notebookDocumentSync" not in offered()
