"""Fixtures for tests of the server's parts."""

from collections.abc import AsyncIterator

import pytest

from dg_lsp.app.server import Server, create_server
from dg_lsp.backend.scheduler import in_process
from tests.dg_lsp.server_fakes import FakeFiller, Wire, receive


@pytest.fixture
def filler() -> FakeFiller:
    return FakeFiller()


@pytest.fixture
async def served(filler: FakeFiller) -> AsyncIterator[tuple[Server, Wire]]:
    """A server in this process whose model is ready, and what it sends."""
    server, wire = create_server(in_process(lambda _choice, _on_bytes: filler)), Wire()
    server.rpc.set_writer(wire, include_headers=False)
    receive(server, "initialize", {"processId": None, "rootUri": None, "capabilities": {}}, id=1)
    receive(server, "initialized", {})
    assert server.session.loading is not None
    await server.session.loading
    yield server, wire
    server.session.dispatcher.close()
