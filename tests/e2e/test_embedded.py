"""The whole way with the embedded model: a keystroke's worth of text in, ghost text out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.client import ROOT, URI, Client

WEIGHTS = ROOT / "model" / "embedded" / "model.safetensors"
LIMIT_S = 120.0  # to load, and for each answer: the machine may be busy

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.weights,
    pytest.mark.skipif(not WEIGHTS.is_file(), reason="model/embedded/model.safetensors is missing"),
]

TEXT = "def area(w, h):\n    return w * "


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    client = await Client.start("--stdio")
    client.limit_s = LIMIT_S
    await client.initialize({"manualDeadlineMs": 600_000})
    await asyncio.wait_for(client.ready(), LIMIT_S)
    client.open(URI, TEXT)
    yield client
    assert "Traceback" not in await client.close()


async def test_an_expression_is_filled_in_place_and_repeatably(client: Client) -> None:
    items = await client.items(URI)
    assert items, (await client.ask("dgLsp/status"))["result"]
    for item in items:
        assert item["insertText"]
        start, end = item["range"]["start"], item["range"]["end"]
        assert start["line"] == end["line"] == 1
        assert start["character"] <= len("    return w * ") <= end["character"]
    again = await client.items(URI)
    assert [item["insertText"] for item in again] == [item["insertText"] for item in items]


async def test_an_unknown_language_is_answered_with_its_reason(client: Client) -> None:
    client.open("file:///x.zz", "x = ", "no-such-language")
    assert await client.items("file:///x.zz") == []
    assert (await client.ask("dgLsp/status"))["result"]["lastReason"] == "unknown_language"


async def test_lines_of_an_imported_module_are_candidates_through_the_shared_engine(tmp_path: Path) -> None:
    line = "    entry.amount = quantize(entry.raw, CENTS)\n"
    (tmp_path / "ledger.py").write_text("".join(f"def post{n}(entry):\n{line}" for n in range(3)))
    client = await Client.start("--stdio")
    client.limit_s = LIMIT_S
    folder = {"uri": tmp_path.as_uri(), "name": "work"}
    await client.initialize({"manualDeadlineMs": 600_000}, roots={"workspaceFolders": [folder]})
    await asyncio.wait_for(client.ready(), LIMIT_S)
    uri = (tmp_path / "main.py").as_uri()
    client.open(uri, "from ledger import post1\n\n\ndef book(entry):\n    entry.amount = ")

    async def offered() -> list[str]:
        return [item["insertText"] for item in await client.items(uri)]

    async with asyncio.timeout(LIMIT_S):
        while "quantize(entry.raw, CENTS)" not in await offered():  # the module is read beside the first question
            pass
    assert "Traceback" not in await client.close()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads processor time from /proc")
async def test_nothing_is_computed_while_nobody_asks(client: Client) -> None:
    await client.items(URI)
    await asyncio.sleep(0.3)  # the end of the answer
    before = processor_seconds(client)
    await asyncio.sleep(2)
    assert processor_seconds(client) - before <= 0.03  # of the 2 to 4 that spinning threads would take


def processor_seconds(client: Client) -> float:
    """User and system time that the server's threads have taken."""
    assert client.process is not None
    fields = Path(f"/proc/{client.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
