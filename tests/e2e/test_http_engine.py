"""A model in an OpenAI-compatible server, from the editor's side: ghost text, rewrites, cancels, failures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.acting import EDITS, RESOLVES, applied
from tests.e2e.client import URI, Client
from tests.openai_server import LIMIT_S, OpenAIServer, Reply, filling, serving

TEXT = "def area(w, h):\n    return w * "

pytestmark = pytest.mark.e2e


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with serving() as started:
        yield started


@pytest.fixture
async def client(server: OpenAIServer, runtime_folder: Path, tmp_path: Path) -> AsyncIterator[Client]:
    """A client of a server whose log is kept in `tmp_path`."""
    log = ("--log-file", str(tmp_path / "server.log"))
    started = await Client.start("--stdio", "--engine", "http", "--url", server.url, *log)
    yield started
    assert "Traceback" not in await started.close()


async def ready(client: Client, **options: Any) -> None:
    await client.initialize({"manualDeadlineMs": 60_000, **options})
    await asyncio.wait_for(client.ready(), LIMIT_S)


async def status(client: Client) -> dict[str, Any]:
    return (await client.ask("dgLsp/status"))["result"]


async def test_ghost_text(client: Client, server: OpenAIServer, tmp_path: Path) -> None:
    server.answer = filling("h", log_probs={"h": -0.1})
    await ready(client)
    client.open(URI, TEXT)
    (item,) = await client.items(URI)
    assert item["insertText"].endswith("h")
    now = await status(client)
    assert (now["model"], now["device"], now["shared"]) == ("served", server.url, False)
    assert now["takesInstructions"] is True and now["fallback"] is None
    log = (tmp_path / "server.log").read_text("utf-8")
    assert "model ready name=served" in log and "return w" not in log


async def test_unasked_only_what_is_confirmed(client: Client, server: OpenAIServer) -> None:
    server.answer = filling("h", "w", "width")
    await ready(client, deadlineMs=60_000)
    client.open(URI, TEXT)
    assert await client.items(URI, manual=False) == []
    assert (await status(client))["lastSilence"] == "not_confident"
    server.answer = filling("h", "h", "w")
    client.edit(URI, len(TEXT), len(TEXT), "\n")
    (item,) = await client.items(URI, offset=len(TEXT), manual=False)
    assert item["insertText"].endswith("h")


async def test_a_cancel_reaches_the_server(client: Client, server: OpenAIServer) -> None:
    server.answer = filling("h", held_at=2)
    await ready(client)
    client.open(URI, TEXT)
    request = client.inline(URI, len(TEXT))
    assert await asyncio.to_thread(server.held.wait, LIMIT_S)
    client.notify("$/cancelRequest", {"id": request})
    assert (await client.answer(request))["error"]["code"] == -32800
    assert await asyncio.to_thread(server.closed.wait, LIMIT_S)


async def test_a_rewrite_with_its_drafts(client: Client, server: OpenAIServer) -> None:
    text = "def area(w, h):\n    a = w\n    return a + h\n"
    server.answer = lambda _: Reply(("```python\n    a = w * h\n    return a\n```",), pieces=30, held_at=1)
    await ready(client)
    client.open(URI, text)
    lines = {"start": {"line": 1, "character": 0}, "end": {"line": 2, "character": 16}}
    asked = {"uri": URI, "range": lines, "instruction": "Multiply.", "apply": False, "progressToken": "p"}
    request = client.request("workspace/executeCommand", {"command": "dg-lsp.rewrite", "arguments": [asked]})
    await client.until(lambda: client.notifications("dgLsp/draft"), "a draft")
    assert client.notifications("dgLsp/draft")[0]["text"] == "a = w * h"
    server.release.set()
    answer = await client.answer(request)
    assert answer["result"]["edit"] is not None, answer
    assert "Multiply." in server.prompts[0]


async def test_a_fix_is_told_of_the_diagnostic(client: Client, server: OpenAIServer) -> None:
    text = "def area(w, h):\n    return w * height\n"
    server.answer = lambda _: Reply(("```python\n    return w * h\n```",))
    await client.initialize({"manualDeadlineMs": 60_000}, textDocument=RESOLVES, workspace=EDITS)
    await asyncio.wait_for(client.ready(), LIMIT_S)
    client.open(URI, text)
    place = client.range(URI, text.index("height"), len(text) - 1)
    problem = {"range": place, "message": "name 'height' is not defined"}
    asked = {"textDocument": {"uri": URI}, "range": place, "context": {"diagnostics": [problem], "only": ["quickfix"]}}
    (action,) = (await client.ask("textDocument/codeAction", asked))["result"]
    resolved = (await client.ask("codeAction/resolve", action))["result"]
    assert applied(client, resolved["edit"]) == text.replace("height", "h")
    assert "name 'height' is not defined" in server.prompts[0]
    refused = {"uri": URI, "range": client.range(URI, 0, len(text)), "apply": False}
    answer = await client.ask("workspace/executeCommand", {"command": "dg-lsp.refine", "arguments": [refused]})
    assert answer["result"]["reason"] == "nothing_better" and len(server.prompts) == 1


async def test_a_server_that_goes_away_is_a_reason_and_its_return_too(client: Client, server: OpenAIServer) -> None:
    server.answer = lambda _: Reply(status=400, body="{}")
    await ready(client)
    client.open(URI, TEXT)
    assert await client.items(URI) == []
    assert (await status(client))["lastSilence"] == "server_failed"
    (told,) = client.notifications("window/showMessage")
    assert f"{server.url}: answered 400" in told["message"]
    assert await client.items(URI) == []
    assert len(client.notifications("window/showMessage")) == 1
    server.answer = filling("h")
    assert await client.items(URI)


async def test_settings_choose_the_server_and_the_embedded_model_stands_in(
    server: OpenAIServer, runtime_folder: Path
) -> None:
    server.key = "secret-of-a-test"
    client = await Client.start("--stdio")
    await client.initialize({"engine": "http", "url": server.url, "model": "served"})
    await asyncio.wait_for(client.ready(), LIMIT_S)
    await client.until(lambda: client.notifications("window/showMessage"), "a message")
    (told,) = client.notifications("window/showMessage")
    assert "put the key into DG_LSP_API_KEY" in told["message"] and "The embedded model answers" in told["message"]
    assert (await status(client))["fallback"] == "model_failed"
    assert "Traceback" not in await client.close()
