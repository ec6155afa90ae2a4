"""The client's configuration over stdio: asked for, followed while the server runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.e2e.client import URI, Client

pytestmark = pytest.mark.e2e

RETURN = {"after": "return ", "text": "w * h"}
CAPABILITIES = {
    "workspace": {
        "configuration": True,
        "didChangeConfiguration": {"dynamicRegistration": True},
    },
}


def registered(client: Client) -> list[tuple[str, Any]]:
    """Methods that the server registered, with their options."""
    told = [params["registrations"] for params in client.notifications("client/registerCapability")]
    return [(one["method"], one.get("registerOptions")) for many in told for one in many]


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    """Return when it holds; the message that makes it so is on its way."""
    for _ in range(500):
        if await holds():
            return
    raise AssertionError("it never held")


async def change(client: Client, configured: Any) -> None:
    client.replies["workspace/configuration"] = [configured]
    client.notify("workspace/didChangeConfiguration", {"settings": None})


@pytest.fixture
async def client(start: Any) -> Client:
    client: Client = await start(RETURN, initialize=False)
    client.replies["workspace/configuration"] = [{"automatic": False, "colour": 1}]
    result = await client.initialize(**CAPABILITIES)
    assert "diagnosticProvider" not in result["capabilities"]
    await client.ready()
    client.open(URI, "teh return ")
    return client


async def test_settings_are_followed_while_the_server_runs(client: Client) -> None:
    assert ("workspace/didChangeConfiguration", {"section": "dgLsp"}) in registered(client)
    assert await client.items(URI, manual=False) == []
    assert (await client.ask("dgLsp/status"))["result"]["lastReason"] == "automatic_off"
    await change(client, {"colour": 1})

    async def answers() -> bool:
        return len(await client.items(URI, manual=False)) == 1

    await eventually(answers)
    await change(client, {"languages": ["go"], "colour": 1})

    async def is_silent() -> bool:
        return await client.items(URI) == []

    await eventually(is_silent)
    assert len(client.notifications("window/showMessage")) == 1
