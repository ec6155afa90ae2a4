"""The default model over stdio: the user is asked once whether to fetch it, and it is fetched beside the work."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from dg_lsp.features.offer_model import FETCH, NEVER, NOT_NOW
from dg_lsp.rpc.processes import runs
from tests.e2e.client import URI, Client, write_script
from tests.fake_fetcher import REASON, STARTED, TIDIED, record

pytestmark = pytest.mark.e2e

ASKS = {"window": {"workDoneProgress": True, "showMessage": {"messageActionItem": {}}}}
AFTER_S = 0.1  # of rest, until the user is asked
LONG_S = 0.6  # long enough to be asked
QUESTION, PROGRESS, TELL = "window/showMessageRequest", "$/progress", "window/showMessage"
Open = Callable[..., Awaitable[Client]]


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime_folder: Path) -> None:
    """A user at an editor who has no model yet."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)


@pytest.fixture
async def window(tmp_path: Path) -> AsyncIterator[Open]:
    """`await window(what, answer)`: a client that has typed, with a fetcher that is so, whose user answers this."""
    clients: list[Client] = []
    script = write_script(tmp_path, [{"after": "return ", "text": "w * h"}])

    async def open_window(what: str = "good", answer: object = None, **given: Any) -> Client:
        command = json.dumps([sys.executable, "-m", "tests.fake_fetcher", what])
        own = ("--fill-script", str(script), "--fetch-command", command, "--offer-after", str(AFTER_S))
        client = await Client.scripted("--stdio", *own, *given.pop("arguments", ()))
        clients.append(client)
        client.replies[QUESTION] = answer
        await client.initialize(given.pop("options", None), **(given or ASKS))
        await client.ready()
        client.open(URI, "return")
        client.edit(URI, 6, 6, " ")
        return client

    yield open_window
    for client in clients:
        assert "Traceback" not in await client.close()


def titled(title: str) -> dict[str, str]:
    return {"title": title}


def told(client: Client) -> list[str]:
    return [params["message"] for params in client.notifications(TELL)]


def shown(client: Client) -> list[dict[str, Any]]:
    return [params["value"] for params in client.notifications(PROGRESS) if "fetch" in params["token"]]


def fetches() -> list[str]:
    return record().read_text().splitlines() if record().exists() else []


async def fetchable(client: Client) -> Any:
    return (await client.ask("dgLsp/status"))["result"]["fetchable"]


async def test_who_says_yes_sees_it_come_and_has_it_answer_without_a_restart(window: Open, tmp_path: Path) -> None:
    log = tmp_path / "log"
    client = await window("good", titled(FETCH), arguments=("--log-file", str(log)))
    assert await fetchable(client) == {"name": "qwen-0.5b", "nBytes": 491_400_064, "license": "Apache-2.0"}
    await client.until(lambda: told(client), "a message")
    (asked,) = client.notifications(QUESTION)
    assert [action["title"] for action in asked["actions"]] == [FETCH, NOT_NOW, NEVER]
    assert "491 MB" in asked["message"] and "Apache-2.0" in asked["message"]
    first, *middle, last = shown(client)
    assert (first["kind"], first["cancellable"], last["kind"], last["message"]) == ("begin", True, "end", "done")
    shares = [report["percentage"] for report in middle]
    assert shares == sorted(shares) and shares[-1] > 90 and "of 491 MB" in middle[1]["message"]
    assert told(client) == ["dg-lsp: qwen-0.5b is here and is used from now on"]
    assert await fetchable(client) is None
    while log.read_text().count("model ready") < 2:
        await asyncio.sleep(0.01)
    assert (await client.items(URI))[0]["insertText"] == "w * h"
    assert [line.split()[0] for line in fetches()] == [STARTED]


@pytest.mark.parametrize("answer", [titled(NOT_NOW), titled(NEVER), None, NOT_NOW, {}], ids=str)
async def test_nothing_is_fetched_without_a_yes_and_nobody_is_asked_twice(window: Open, answer: object) -> None:
    client = await window("good", answer)
    await client.until(lambda: client.notifications(QUESTION), "a question")
    other = await window("good", titled(FETCH))
    await asyncio.sleep(LONG_S)
    assert len(client.notifications(QUESTION)) == 1 and not other.notifications(QUESTION)
    assert not fetches() and not told(client) and not shown(client)


async def test_a_client_that_sends_the_title_alone_is_understood(window: Open) -> None:
    client = await window("good", FETCH)
    await client.until(lambda: told(client), "a message")
    assert fetches()


@pytest.mark.parametrize(
    "given",
    [
        {"window": {"workDoneProgress": True}},
        {"options": {"offerModel": False}} | ASKS,
        {"options": {"model": "elsewhere"}} | ASKS,
        {"options": {"engine": "http", "url": "http://127.0.0.1:9/v1"}} | ASKS,
        {"options": {"trusted": False}} | ASKS,
        {"arguments": ("--model", "elsewhere")} | ASKS,
    ],
    ids=["cannot ask", "offerModel", "model", "engine", "trust", "--model"],
)
async def test_who_cannot_or_need_not_be_asked_is_not(window: Open, given: dict[str, Any]) -> None:
    client = await window("good", titled(FETCH), **given)
    await asyncio.sleep(LONG_S)
    assert not client.notifications(QUESTION) and not fetches()


@pytest.mark.parametrize("variable", ["CI", "HF_HUB_OFFLINE"])
async def test_nobody_is_asked_where_no_person_or_no_network_is(
    window: Open, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "1")
    client = await window("good", titled(FETCH))
    await asyncio.sleep(LONG_S)
    assert not client.notifications(QUESTION)


async def test_nobody_is_asked_while_typing(window: Open) -> None:
    client = await window("good", titled(NOT_NOW))
    ends_at = asyncio.get_running_loop().time() + LONG_S
    while asyncio.get_running_loop().time() < ends_at:
        client.edit(URI, 7, 7, "x")
        await asyncio.sleep(AFTER_S / 5)
    assert not client.notifications(QUESTION)
    await client.until(lambda: client.notifications(QUESTION), "a question")


async def test_a_fetch_is_cancelled_from_its_progress(window: Open) -> None:
    client = await window("holds", titled(FETCH))
    await client.until(lambda: len(shown(client)) > 1, "progress")
    _, process_id, folder = fetches()[0].split()
    assert folder == "/" and os.getpriority(os.PRIO_PROCESS, int(process_id)) >= 10
    assert (await client.items(URI))[0]["insertText"] == "w * h"  # it works on meanwhile
    (token,) = {params["token"] for params in client.notifications(PROGRESS) if "fetch" in params["token"]}
    client.notify("window/workDoneProgress/cancel", {"token": token})
    await client.until(lambda: shown(client)[-1]["kind"] == "end", "the end")
    assert shown(client)[-1]["message"] == "cancelled" and fetches()[-1] == TIDIED and not told(client)
    assert await fetchable(client) is not None


async def test_what_goes_wrong_is_one_message_with_the_remedy(window: Open) -> None:
    client = await window("bad", titled(FETCH))
    await client.until(lambda: told(client), "a message")
    (message,) = told(client)
    assert REASON in message and "library" not in message and "`infill model fetch qwen-0.5b`" in message
    assert shown(client)[-1]["message"] == "failed"


async def test_the_command_fetches_without_a_question_once_at_a_time(window: Open) -> None:
    client = await window("holds", options={"offerModel": False}, **ASKS)
    asked = {"command": "dg-lsp.fetch", "arguments": []}
    answer = (await client.ask("workspace/executeCommand", asked))["result"]
    assert answer == {"started": True, "detail": "Fetching qwen-0.5b (491 MB, Apache-2.0)."}
    await client.until(lambda: len(shown(client)) > 1, "progress")
    again = (await client.ask("workspace/executeCommand", asked))["result"]
    assert again == {"started": False, "detail": "qwen-0.5b is being fetched already."}
    other = await window("good", options={"offerModel": False}, **ASKS)
    assert (await other.ask("workspace/executeCommand", asked))["result"]["started"]
    await other.until(lambda: told(other), "a message")
    assert "another window" in told(other)[0] and not client.notifications(QUESTION)
    assert [line.split()[0] for line in fetches()] == [STARTED]


async def test_the_fetch_ends_with_its_editor(window: Open) -> None:
    client = await window("holds", titled(FETCH))
    await client.until(lambda: len(shown(client)) > 1, "progress")
    process_id = int(fetches()[0].split()[1])
    await client.ask("shutdown")
    client.notify("exit")
    assert await client.exit_code() == 0
    for _ in range(500):
        if fetches()[-1] == TIDIED and not runs(process_id):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"the fetch goes on: {fetches()}, {runs(process_id)}")


async def test_other_windows_use_the_model_too_when_it_is_there(window: Open, tmp_path: Path) -> None:
    log = tmp_path / "log"
    client = await window("good", options={"offerModel": False}, arguments=("--log-file", str(log)), **ASKS)
    other = await window("good")
    await other.ask("workspace/executeCommand", {"command": "dg-lsp.fetch"})
    await other.until(lambda: told(other), "a message")
    while log.read_text().count("model ready") < 2:
        await asyncio.sleep(0.01)
    assert await fetchable(client) is None and not told(client)
