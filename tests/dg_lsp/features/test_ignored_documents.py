"""An ignored document does not reach the filler by any request."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from dg_lsp.app.server import Server, create_server
from dg_lsp.backend.scheduler import in_process
from dg_lsp.settings import EngineChoice
from model.types import OnBytes
from tests.dg_lsp.server_fakes import FakeFiller, Wire, receive

AT_END = {"line": 0, "character": 3}


async def answer(server: Server, wire: Wire, method: str, params: Any, request_id: int) -> Any:
    receive(server, method, params, id=request_id)
    while not any(message.get("id") == request_id for message in wire.sent):
        await asyncio.sleep(0.001)
    return next(message["result"] for message in wire.sent if message.get("id") == request_id)


@pytest.mark.parametrize("ignored", [True, False])
async def test_the_filler_is_not_asked(
    served: tuple[Server, Wire], filler: FakeFiller, tmp_path: Path, ignored: bool
) -> None:
    server, wire = served
    if ignored:
        (tmp_path / ".dgignore").write_text("a.py\n")
    uri = (tmp_path / "a.py").as_uri()
    document = {"uri": uri, "languageId": "python", "version": 1, "text": "abc"}
    receive(server, "textDocument/didOpen", {"textDocument": document})
    here = {"textDocument": {"uri": uri}, "position": AT_END}
    for number, kind in enumerate((2, 1)):  # by itself first: after the other its answer would be known
        asked = here | {"context": {"triggerKind": kind}}
        await answer(server, wire, "textDocument/inlineCompletion", asked, 10 + number)
    place = {"start": {"line": 0, "character": 0}, "end": AT_END}
    data = {"uri": uri, "version": 1, "kind": "rewrite", "range": place}
    await answer(server, wire, "codeAction/resolve", {"title": "t", "data": data}, 20)
    assert [request.text for request in filler.asked] == ([] if ignored else ["abc"] * 3)


async def test_an_untrusted_workspaces_model_is_not_opened(filler: FakeFiller) -> None:
    asked: list[str | None] = []

    def open_filler(choice: EngineChoice, on_bytes: OnBytes) -> FakeFiller:
        asked.append(choice.spec.model)
        return filler

    for options in ({"model": "./m", "trusted": False}, {"model": "./m", "trusted": True}):
        server = create_server(in_process(open_filler))
        server.rpc.set_writer(Wire(), include_headers=False)
        params = {"processId": None, "rootUri": None, "capabilities": {}, "initializationOptions": options}
        receive(server, "initialize", params, id=1)
        receive(server, "initialized", {})
        assert server.session.loading is not None
        await server.session.loading
        server.session.dispatcher.close()
    assert asked == [None, "./m"]
