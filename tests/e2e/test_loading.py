"""The model opens in the background. A named pipe as the script holds it open for as long as a test wants."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.client import URI, Client

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(os.name != "posix", reason="needs named pipes")]

PROGRESS = {"window": {"workDoneProgress": True}}


class Slow:
    """A client whose server's model is loading until `finish` is called."""

    def __init__(self, client: Client, pipe: Path) -> None:
        self.client, self._pipe = client, pipe

    async def finish(self, script: str) -> None:
        await asyncio.to_thread(self._pipe.write_text, script)

    def progress(self) -> list[str]:
        return [p["value"]["kind"] for p in self.client.notifications("$/progress")]


@pytest.fixture
async def slow(tmp_path: Path) -> AsyncIterator[Slow]:
    pipe = tmp_path / "script.jsonl"
    os.mkfifo(pipe)
    client = await Client.scripted("--fill-script", str(pipe))
    yield Slow(client, pipe)
    assert "Traceback" not in await client.close()


async def state(client: Client) -> dict[str, Any]:
    return (await client.ask("dgLsp/status"))["result"]


async def test_until_the_model_is_ready_answers_are_empty_and_progress_is_shown(slow: Slow) -> None:
    client = slow.client
    await client.initialize(**PROGRESS)
    client.open(URI, "return ")
    assert await client.items(URI, manual=False) == []
    assert (await state(client))["state"] == "loading"
    assert (await state(client))["lastReason"] == "model_loading"
    await client.until(lambda: "report" in slow.progress(), "a progress report")
    await slow.finish(json.dumps({"after": "return ", "text": "x"}))
    await client.until(lambda: "end" in slow.progress(), "the end of the progress")
    assert (slow.progress()[0], slow.progress()[-1]) == ("begin", "end")
    assert len({json.dumps(p["token"]) for p in client.notifications("$/progress")}) == 1
    assert len(await client.items(URI)) == 1
    told = await state(client)
    assert told | {"lastMs": 0} == {
        "state": "ready",
        "languages": None,
        "model": "script:script.jsonl",
        "lastReason": "filled",
        "lastModel": None,
        "lastMs": 0,
        "message": None,
        "fetchable": None,
        "ignored": None,
        "shared": False,
        "engineClients": None,
        "modelCalls": 1,
        "speculativeCalls": 0,
        "unloaded": False,
        "takesInstructions": False,
        "device": "none",
        "memoryBytes": told["memoryBytes"],
        "steps": None,
        "msPerStep": None,
        "queue": 0,
        "lastSilence": "model_loading",
        "lastWhy": None,
        "fallback": None,
        "loadedBytes": None,
        "totalBytes": None,
    }


async def test_who_asks_while_the_model_opens_has_the_answer_when_it_is_there(slow: Slow) -> None:
    client = slow.client
    await client.initialize()
    client.open(URI, "return ")
    asked = client.inline(URI, len("return "), manual=True)
    await slow.finish(json.dumps({"after": "return ", "text": "x"}))
    (item,) = (await client.answer(asked))["result"]["items"]
    assert item["insertText"] == "x"


async def test_who_asks_while_the_model_opens_does_not_wait_for_ever(slow: Slow) -> None:
    client = slow.client
    await client.initialize({"manualDeadlineMs": 50})
    client.open(URI, "return ")
    assert await client.items(URI) == []
    assert (await state(client))["lastReason"] == "model_loading"


async def test_who_types_on_while_the_model_opens_has_no_late_answer(slow: Slow) -> None:
    client = slow.client
    await client.initialize()
    client.open(URI, "return ")
    asked = client.inline(URI, len("return "), manual=True)
    client.edit(URI, len("return "), len("return "), "y")
    assert (await client.answer(asked))["result"]["items"] == []
    assert (await state(client))["state"] == "loading"
    asked = client.inline(URI, len("return y"), manual=True)
    assert (await client.ask("shutdown"))["result"] is None
    assert "error" in await client.answer(asked)  # nor does anybody wait for a model then


async def test_a_model_that_cannot_be_opened_is_told_once_and_the_server_lives_on(slow: Slow) -> None:
    client = slow.client
    await client.initialize(**PROGRESS)
    await slow.finish('{"after": 5}')
    await client.until(lambda: client.notifications("window/showMessage"), "a message")
    client.open(URI, "return ")
    assert await client.items(URI) == []
    assert await client.items(URI) == []
    assert (await state(client))["state"] == "failed"
    assert (await state(client))["lastReason"] == "model_failed"
    (shown,) = client.notifications("window/showMessage")
    assert shown["type"] == 1
    assert "line 1" in shown["message"] and "restart the server" in shown["message"]


async def test_a_client_that_refuses_the_progress_token_gets_none(slow: Slow) -> None:
    client = slow.client
    client.refuses.add("window/workDoneProgress/create")
    await client.initialize(**PROGRESS)
    await slow.finish("")
    await client.ready()
    assert slow.progress() == []


async def test_a_client_without_progress_is_not_asked(slow: Slow) -> None:
    client = slow.client
    await client.initialize()
    await slow.finish("")
    await client.ready()
    assert [m for m in client.received if "method" in m] == []


async def test_the_model_does_not_open_before_initialized(slow: Slow) -> None:
    client = slow.client
    await client.ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
    assert (await state(client))["state"] == "starting"
    client.notify("initialized", {})
    assert (await state(client))["state"] == "loading"
    await slow.finish("")
    await client.ready()


@pytest.mark.parametrize("how", ["exit", "end of input", "SIGTERM"])
async def test_the_process_ends_while_the_model_loads(slow: Slow, how: str) -> None:
    client = slow.client
    await client.initialize()
    assert (await state(client))["state"] == "loading"
    await end(client, how)
    assert await client.exit_code() == (1 if how == "exit" else 0)


async def end(client: Client, how: str) -> None:
    assert client.process is not None and client.process.stdin is not None
    if how == "exit":
        client.notify("exit")
    elif how == "SIGTERM":
        client.process.terminate()
    else:
        client.process.stdin.close()
