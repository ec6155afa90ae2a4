"""What became of suggestions, counted by real servers and printed by `dg-lsp stats`."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.client import ROOT, URI, Client

pytestmark = pytest.mark.e2e

WORD = "quokka"  # in every text below, and in nothing that is counted
AREA = {"after": "return ", "text": f"{WORD}('😋') + 1"}
OTHER = {"after": "other = ", "text": f"{WORD}2"}
SHOWN, PARTLY = "textDocument/didShowCompletion", "textDocument/didPartiallyAcceptCompletion"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dg_lsp", "stats", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


def counted() -> dict[str, Any]:
    return json.loads(run("--json").stdout)


async def end(*clients: Client) -> None:
    """End the servers together; they write what is left."""
    for client in clients:
        await client.ask("shutdown")
        client.notify("exit")
    assert await asyncio.gather(*(client.exit_code() for client in clients)) == [0] * len(clients)


async def item_of(client: Client, manual: bool = True) -> dict[str, Any]:
    (item,) = await client.items(URI, manual=manual)
    return item


async def test_events_are_counted_by_two_servers_at_once(runtime_folder: Path, start: Any) -> None:
    reports, silent = await start(AREA, OTHER), await start(AREA, OTHER)
    for client in (reports, silent):
        client.open(URI, "return ")
    item = await item_of(reports)
    assert item["command"]["arguments"][0]["chars"] == len(AREA["text"])
    reports.notify("textDocument/didFocus", {"textDocument": {"uri": URI}})
    reports.notify(SHOWN, {"item": item})
    reports.notify(SHOWN, {"item": item})
    reports.notify(PARTLY, {"item": item, "acceptedLength": len(WORD)})
    reports.notify(PARTLY, {"item": item, "acceptedLength": len(WORD) + 5})  # the character of two units is one
    await reports.ask("workspace/executeCommand", item["command"])
    reports.edit(URI, 0, 7, "other = ")
    unseen = await item_of(reports)
    assert unseen["insertText"] == OTHER["text"]
    reports.edit(URI, 0, 8, "return ")
    partly = await item_of(reports)
    reports.notify(SHOWN, {"item": partly})
    reports.notify(PARTLY, {"item": partly, "acceptedLength": 2})

    await item_of(silent)
    silent.edit(URI, 7, 7, WORD)
    assert (await item_of(silent, manual=False))["insertText"] == "('😋') + 1"
    silent.edit(URI, 0, 7 + len(WORD), "other = ")
    assert await item_of(silent)
    assert await silent.items(URI, 0) == []
    await end(reports, silent)

    told = counted()
    tally = told["suggestions"]["python"]["script:script.jsonl"]
    assert tally == told["total"] == {"sent": 5, "shown": 2, "accepted": 2}
    assert sum(told["latencies"]["manual"].values()) == 5
    assert told["percentilesMs"]["manual"]["p95"] > 0 and told["percentilesMs"]["automatic"]["p50"] is None
    assert told["silences"] == {"empty_fill": 1}
    (path,) = runtime_folder.glob("*.json")
    assert WORD not in path.read_text() and "demo.py" not in path.read_text()
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600
    table = run().stdout
    assert ["all", "5", "2", "2"] in [line.split() for line in table.splitlines()] and "script:script.jsonl" in table
    assert run("--reset").returncode == 0
    assert run().stdout == "nothing has been counted yet\n"


async def test_key_to_suggestion_is_measured_of_what_the_model_answered(runtime_folder: Path, start: Any) -> None:
    client = await start(AREA, {"after": "slow", "text": "x", "delay_ms": 60_000})
    client.open(URI, "slow")
    asked = client.inline(URI, 4)
    client.edit(URI, 0, 4, "return")
    assert (await client.answer(asked))["result"]["items"] == []  # superseded, which is no silence
    client.edit(URI, 6, 6, " ")
    assert await item_of(client, manual=False)
    assert await item_of(client, manual=False)  # still fits: no answer of the model's
    await end(client)
    told = counted()
    assert (sum(told["latencies"]["automatic"].values()), told["silences"]) == (1, {})


async def test_nothing_is_counted_where_that_is_not_wanted(runtime_folder: Path, start: Any) -> None:
    client = await start(AREA, options={"stats": False})
    client.open(URI, "return ")
    item = await item_of(client)
    client.notify(SHOWN, {"item": item})
    await client.ask("workspace/executeCommand", item["command"])
    await end(client)
    assert not list(runtime_folder.iterdir())


@pytest.mark.parametrize("content", ["", "{", '{"suggestions": 5}'])
async def test_a_broken_file_costs_the_counts_but_nothing_else(runtime_folder: Path, start: Any, content: str) -> None:
    (runtime_folder / "stats.json").write_text(content)
    broken = run()
    assert broken.returncode == 2 and "--reset" in broken.stderr
    client = await start(AREA)
    client.open(URI, "return ")
    await item_of(client)
    await end(client)
    await client.close()
    assert counted()["total"]["sent"] == 1
