"""What the server says of itself, and what it does when the model is late or not there."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.client import ROOT, URI, Client

pytestmark = pytest.mark.e2e

WEIGHTS = ROOT / "model" / "embedded" / "model.safetensors"
SERVER = str(Path(__file__).with_name("stand_in_server.py"))
QUICK = {"after": "quick", "text": "q"}
SLOW = {"after": "slow", "text": "s", "delay_ms": 400}
LATE = {"after": "late", "text": "l", "delay_ms": 60}
PROGRESS = {"window": {"workDoneProgress": True}}


def changes(client: Client) -> list[dict[str, Any]]:
    return client.notifications("didChangeStatus")


async def status(client: Client) -> dict[str, Any]:
    return (await client.ask("dgLsp/status"))["result"]


async def test_changes_of_the_status_are_told_to_who_wants_them(start: Any) -> None:
    client: Client = await start(SLOW, options={"statusNotification": True})
    ready = {"busy": False, "message": "", "kind": "Normal", "state": "ready", "model": "script:script.jsonl"}
    await client.until(lambda: ready | {"fallback": None} in changes(client), "the first status")
    before = len(changes(client))
    client.open(URI, "slow")
    await client.items(URI)
    await client.until(lambda: len(changes(client)) == before + 2, "busy, and ready again")
    told = [(change["busy"], change["state"], change["kind"]) for change in changes(client)[before:]]
    assert told == [(True, "busy", "Normal"), (False, "ready", "Normal")]


@pytest.mark.parametrize("automatic", [True, False])
async def test_nobody_else_is_told(start: Any, automatic: bool) -> None:
    client: Client = await start(SLOW, options={"automatic": automatic})
    client.open(URI, "slow")
    await client.items(URI)
    assert changes(client) == []


async def test_a_server_that_answers_only_when_asked_is_inactive(start: Any) -> None:
    client: Client = await start(SLOW, options={"statusNotification": True, "automatic": False})
    await client.until(lambda: any(change["kind"] == "Inactive" for change in changes(client)), "that it is inactive")


async def test_suggestions_that_keep_coming_late_are_made_only_when_asked_for_and_that_is_said_once(start: Any) -> None:
    options = {"deadlineMs": 20, "debounceMs": 0, "lookAhead": False, "statusNotification": True}
    client: Client = await start(LATE, options=options)
    client.open(URI, "late")
    for _ in range(60):
        client.edit(URI, 0, 0, "#")
        await client.items(URI, manual=False)
        told = await status(client)
        if told["fallback"] is not None:
            break
    assert told["fallback"] == "manual_only"
    client.edit(URI, 0, 0, "#")
    assert await client.items(URI, manual=False) == []
    told = await status(client)
    assert (told["lastReason"], told["lastSilence"], told["state"]) == ("too_slow", "too_slow", "ready")
    assert [item["insertText"] for item in await client.items(URI)] == ["l"]
    (message,) = client.notifications("window/showMessage")
    assert message["type"] == 3 and told["message"] in message["message"]
    await client.until(lambda: any(change["kind"] == "Warning" for change in changes(client)), "a warning")
    assert changes(client)[-1]["fallback"] == "manual_only"


class Two:
    """A client whose server's chosen model loads until `finish` is called."""

    def __init__(self, client: Client, pipe: Path) -> None:
        self.client, self._pipe = client, pipe

    async def finish(self, script: str) -> None:
        await asyncio.to_thread(self._pipe.write_text, script)

    async def answers(self) -> str:
        self.client.edit(URI, 0, 0, "#")
        (item,) = await self.client.items(URI)
        return item["insertText"]


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Two]:
    chosen, embedded = tmp_path / "chosen.jsonl", tmp_path / "embedded.jsonl"
    os.mkfifo(chosen)
    embedded.write_text(json.dumps({"after": "quick", "text": "embedded"}))
    client = await Client.start(str(chosen), str(embedded), program=(SERVER,))
    await client.initialize(**PROGRESS)
    await client.ready()
    client.open(URI, "quick")
    yield Two(client, chosen)
    assert "Traceback" not in await client.close()


needs_pipes = pytest.mark.skipif(os.name != "posix", reason="needs named pipes")


def progress(client: Client) -> list[str]:
    return [told["value"].get("message", "") for told in client.notifications("$/progress")]


@needs_pipes
async def test_while_the_chosen_model_loads_the_embedded_one_answers(two: Two) -> None:
    client = two.client
    assert await two.answers() == "embedded"
    told = await status(client)
    assert (told["model"], told["fallback"]) == ("script:embedded.jsonl", "model_loading")
    assert not {"ready", "failed"} & set(progress(client))
    await two.finish(json.dumps({"after": "quick", "text": "chosen"}))
    await client.until(lambda: "ready" in progress(client), "the end of the progress")
    assert await two.answers() == "chosen"
    told = await status(client)
    assert (told["model"], told["fallback"], told["message"]) == ("script:chosen.jsonl", None, None)
    assert client.notifications("window/showMessage") == []


@needs_pipes
async def test_when_the_chosen_model_does_not_open_the_embedded_one_answers_and_that_is_said(two: Two) -> None:
    client = two.client
    await two.finish('{"after": 5}')
    await client.until(lambda: client.notifications("window/showMessage"), "a message")
    (shown,) = client.notifications("window/showMessage")
    assert shown["type"] == 1 and "line 1" in shown["message"]
    assert "The embedded model answers instead." in shown["message"]
    assert await two.answers() == "embedded"
    told = await status(client)
    assert (told["state"], told["fallback"]) == ("ready", "model_failed")
    assert "line 1" in told["message"] and progress(client)[-1] == "failed"


@pytest.mark.weights
@pytest.mark.skipif(not WEIGHTS.is_file(), reason="model/embedded/model.safetensors is missing")
async def test_a_mistyped_folder_costs_a_message_but_no_suggestions(runtime_folder: Path) -> None:
    client = await Client.start("--model", str(runtime_folder / "none"))
    client.limit_s = 120.0
    await client.initialize({"manualDeadlineMs": 600_000})
    await client.ready()
    client.open(URI, "def area(w, h):\n    return w * ")
    assert await client.items(URI)
    told = await status(client)
    assert (told["model"], told["fallback"], told["device"]) == ("dg-embedded-6m", "model_failed", "cpu")
    assert told["steps"] >= 1 and told["msPerStep"] > 0 and told["queue"] == 0
    assert told["unloaded"] is False and told["takesInstructions"] is False
    assert told["memoryBytes"] > 2**20 and told["lastSilence"] is None
    (shown,) = client.notifications("window/showMessage")
    assert "no such folder" in shown["message"]
    assert "Traceback" not in await client.close()
