"""Servers for end-to-end tests: started as an editor would, ended and checked after the test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.client import Client, write_script

StartServer = Callable[..., Awaitable[Client]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[StartServer]:
    """`await start(rule, ...)`: an initialized client whose server answers by these rules."""
    clients: list[Client] = []

    async def start_server(
        *rules: dict[str, Any], arguments: tuple[str, ...] = (), initialize: bool = True, **capabilities: Any
    ) -> Client:
        script = write_script(tmp_path, list(rules))
        client = await Client.scripted("--stdio", "--fill-script", str(script), *arguments)
        clients.append(client)
        if initialize:
            await client.initialize(**capabilities)
            await client.ready()
        return client

    yield start_server
    for client in clients:
        errors = await client.close()
        assert "Traceback" not in errors, errors
