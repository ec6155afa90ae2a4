"""One model for all windows, over stdio: real servers, real engine processes, scripted where texts must be known."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from dg_lsp.app.engine_cli import holder, peek
from dg_lsp.engine.messages import Facts
from dg_lsp.engine.runtime_dir import socket_paths
from dg_lsp.user_folders import VARIABLE
from tests.e2e.client import ROOT, URI, Client

WEIGHTS = ROOT / "model" / "embedded" / "model.safetensors"
SERVER = str(Path(__file__).with_name("shared_server.py"))
LIMIT_S = 120.0
TEXT = "def area(w, h):\n    return w * "
RULES = [
    {"after": "endless", "text": "x", "delay_ms": 60_000},
    {"after": "slow", "text": "s", "delay_ms": 500},
    {"after": "quick", "text": "q"},
]

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(os.name != "posix", reason="needs sockets with paths")]
needs_weights = pytest.mark.skipif(not WEIGHTS.is_file(), reason="model/embedded/model.safetensors is missing")

Open = Callable[..., Awaitable[Client]]
PROGRESS = {"window": {"workDoneProgress": True}}


@pytest.fixture
async def opened(runtime_folder: Path) -> AsyncIterator[Open]:
    """`await opened(options)`: a window; scripted unless it says `real`."""
    script = runtime_folder / "script.jsonl"
    script.write_text("".join(json.dumps(rule) + "\n" for rule in RULES))
    clients: list[Client] = []

    async def open_window(
        options: Any = None,
        *arguments: str,
        real: bool = False,
        linger_s: float = 60,
        script: Path = script,
        embedded: Path | None = None,
    ) -> Client:
        if real:
            client = await Client.start("--stdio", *arguments)
        else:
            instead = [] if embedded is None else [str(embedded)]
            client = await Client.start(str(script), str(linger_s), *instead, program=(SERVER,))
        client.limit_s = LIMIT_S
        clients.append(client)
        await client.initialize({"manualDeadlineMs": 600_000} | (options or {}), **PROGRESS)
        return client

    yield open_window
    for client in clients:
        assert "Traceback" not in await client.close()


async def ready(client: Client) -> Client:
    await asyncio.wait_for(client.ready(), LIMIT_S)
    return client


async def status(client: Client) -> dict[str, Any]:
    return (await client.ask("dgLsp/status"))["result"]


def progress(client: Client) -> list[tuple[Any, ...]]:
    """Each word that is told of loading, without the seconds."""
    told = [
        (v["kind"], v.get("percentage"), v.get("message"))
        for v in (n["value"] for n in client.notifications("$/progress"))
    ]
    return [one for one in told if not (one[2] or "").endswith(" s")]


def engines() -> list[Facts]:
    return [facts for path in socket_paths() if (facts := peek(path)) is not None]


async def engine_that(holds: Callable[[Facts], bool]) -> Facts:
    """The engine, once this holds of it."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            found = await asyncio.to_thread(engines)
            if found and holds(found[0]):
                (facts,) = found
                return facts
            await asyncio.sleep(0.01)


def starts(folder: Path) -> int:
    return (folder / "engine.log").read_text().count("starting version")


@pytest.mark.weights
@needs_weights
async def test_two_windows_share_the_embedded_model(opened: Open, runtime_folder: Path) -> None:
    windows = [await ready(await opened(real=True)) for _ in range(2)]
    texts: list[list[str]] = []
    for client in windows:
        client.open(URI, TEXT)
        texts.append([item["insertText"] for item in await client.items(URI)])
    assert texts[0] and texts[0] == texts[1]
    (facts,) = engines()
    assert starts(runtime_folder) == 1
    for client in windows:
        told = await status(client)
        assert (told["shared"], told["engineClients"], told["model"]) == (True, 2, facts.model)
        assert told["lastModel"] == facts.model, "which one answered"
        assert (told["device"], told["unloaded"]) == ("cpu", False) and told["memoryBytes"] > 2**20
        if Path("/proc/self/maps").exists():
            assert client.process is not None
            maps = Path(f"/proc/{client.process.pid}/maps").read_text()
            assert "onnxruntime" not in maps and "numpy" not in maps
    (path,) = socket_paths()
    assert (path.stat().st_mode & 0o777, runtime_folder.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.weights
@needs_weights
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads processor time from /proc")
async def test_an_engine_and_its_windows_compute_nothing_while_nobody_asks(opened: Open) -> None:
    client = await ready(await opened(real=True))
    client.open(URI, TEXT)
    await client.items(URI)
    facts = await engine_that(lambda facts: facts.state == "ready")
    await asyncio.sleep(0.3)
    assert client.process is not None
    before = [processor_seconds(process_id) for process_id in (client.process.pid, facts.process_id)]
    await asyncio.sleep(2)
    after = [processor_seconds(process_id) for process_id in (client.process.pid, facts.process_id)]
    assert max(b - a for a, b in zip(before, after, strict=True)) <= 0.03


def processor_seconds(process_id: int) -> float:
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.weights
@needs_weights
@pytest.mark.parametrize("how", ["setting", "argument", "folder"])
async def test_without_an_engine_the_model_is_in_the_window_s_own_process(
    opened: Open, runtime_folder: Path, how: str
) -> None:
    if how == "folder":
        runtime_folder.chmod(0o777)
    options = {"sharedEngine": False} if how == "setting" else {}
    arguments = ("--no-shared-engine",) if how == "argument" else ()
    client = await ready(await opened(options, *arguments, real=True))
    client.open(URI, TEXT)
    assert await client.items(URI)
    told = await status(client)
    assert (told["shared"], told["engineClients"], told["state"]) == (False, None, "ready")
    warnings = (await client.close()).count("no shared engine, the model opens in this process")
    assert warnings == (how == "folder")
    runtime_folder.chmod(0o700)
    assert len(socket_paths()) == (how == "setting")  # started before there were settings, and left alone


async def test_ten_windows_at_once_start_one_engine(opened: Open, runtime_folder: Path) -> None:
    clients = await asyncio.gather(*(opened() for _ in range(10)))
    await asyncio.gather(*map(ready, clients))
    for client in clients:
        client.open(URI, "quick")
    for items in await asyncio.gather(*(client.items(URI) for client in clients)):
        assert [item["insertText"] for item in items] == ["q"]
    facts = await engine_that(lambda facts: facts.clients == 10)
    assert facts.state == "ready" and starts(runtime_folder) == 1


async def test_windows_with_other_models_have_other_engines(opened: Open) -> None:
    one, other = await ready(await opened()), await ready(await opened({"threads": 3}))
    assert len(engines()) == 2
    assert [(await status(client))["engineClients"] for client in (one, other)] == [1, 1]


async def test_an_engine_that_is_killed_in_the_middle_is_not_missed(opened: Open, runtime_folder: Path) -> None:
    patient = {"manualDeadlineMs": 60_000}  # starting an engine takes as long as the machine likes
    one, other = await ready(await opened(patient)), await ready(await opened(patient))
    for client in (one, other):
        client.open(URI, "slow")
    asked = [(client, client.inline(URI, 4)) for client in (one, other)]
    facts = await engine_that(lambda facts: facts.state == "busy")
    os.kill(facts.process_id, signal.SIGKILL)
    for client, question in asked:
        items = (await client.answer(question))["result"]["items"]
        assert [item["insertText"] for item in items] == ["s"]
    again = await engine_that(lambda found: found.process_id != facts.process_id)
    assert again.clients == 2 and starts(runtime_folder) == 2
    for client in (one, other):
        assert not client.notifications("window/showMessage")


async def test_a_cancel_is_for_its_own_window(opened: Open) -> None:
    one, other = await ready(await opened()), await ready(await opened())
    one.open(URI, "slow")
    other.open(URI, "endless")
    first = one.inline(URI, 4)
    await engine_that(lambda facts: facts.state == "busy")
    second = other.inline(URI, 7)
    await engine_that(lambda facts: facts.queued == 1)
    other.notify("$/cancelRequest", {"id": second})
    assert "error" in await other.answer(second)
    assert (await one.answer(first))["result"]["items"][0]["insertText"] == "s"
    third = other.inline(URI, 7)
    await engine_that(lambda facts: facts.state == "busy")
    other.notify("$/cancelRequest", {"id": third})
    assert "error" in await other.answer(third)
    one.open("file:///b.py", "quick")
    assert (await one.items("file:///b.py"))[0]["insertText"] == "q"


async def test_a_window_that_dies_does_not_keep_the_others_waiting(opened: Open) -> None:
    dying, other = await ready(await opened()), await ready(await opened())
    dying.open(URI, "endless")
    dying.inline(URI, 7)
    await engine_that(lambda facts: facts.state == "busy")
    assert dying.process is not None
    dying.process.kill()
    other.open(URI, "quick")
    assert (await other.items(URI))[0]["insertText"] == "q"
    assert (await engine_that(lambda facts: facts.clients == 1)).queued == 0


async def test_a_window_that_asks_much_does_not_keep_the_others_waiting(opened: Open) -> None:
    busy, other = await ready(await opened()), await ready(await opened())
    uris = [f"file:///{i}.py" for i in range(4)]
    for uri in uris:
        busy.open(uri, "slow")
    asked = [busy.inline(uri, 4) for uri in uris]
    await engine_that(lambda facts: facts.state == "busy")
    other.open(URI, "quick")
    assert (await other.items(URI))[0]["insertText"] == "q"
    assert sum(question in busy.answers for question in asked) <= 1
    for question in asked:
        assert (await busy.answer(question))["result"]["items"]


async def test_the_engine_ends_after_its_last_window(opened: Open) -> None:
    one, other = await ready(await opened(linger_s=0.2)), await ready(await opened(linger_s=0.2))
    (path,) = socket_paths()
    await one.close()
    await asyncio.sleep(0.4)
    assert holder(path) is not None
    await other.close()
    async with asyncio.timeout(LIMIT_S):
        while holder(path) is not None:
            await asyncio.sleep(0.01)
    assert not path.exists()


async def test_an_unloaded_model_is_said_to_load_and_then_answers(opened: Open, runtime_folder: Path) -> None:
    """The script is a pipe: the model loads until somebody writes to it."""
    pipe = runtime_folder / "pipe.jsonl"
    os.mkfifo(pipe)
    rules = "".join(json.dumps(rule) + "\n" for rule in RULES)
    client = await opened({"unloadAfterMinutes": 0.005}, script=pipe)
    await asyncio.to_thread(pipe.write_text, rules)
    await ready(client)
    async with asyncio.timeout(LIMIT_S):
        while (await status(client))["engineClients"] is not None:
            await asyncio.sleep(0.01)
    assert engines() == []
    told = await status(client)
    assert (told["shared"], told["unloaded"], told["memoryBytes"]) == (True, True, None)
    client.open(URI, "quick")
    assert await client.items(URI, manual=False) == []
    told = await status(client)
    assert (told["lastReason"], told["state"], told["engineClients"]) == ("model_loading", "loading", 1)
    half = [("begin", None, None), ("report", 25, "0 of 0 kB")]
    await client.until(lambda: progress(client)[-2:] == half, "the progress of loading again")
    asked = client.inline(URI, 5)
    await asyncio.to_thread(pipe.write_text, rules)
    assert (await client.answer(asked))["result"]["items"][0]["insertText"] == "q"
    assert starts(runtime_folder) == 2
    await client.until(lambda: progress(client)[-1] == ("end", None, "ready"), "the end of loading again")
    assert [kind for kind, *_ in progress(client)].count("begin") == 2


async def test_while_an_unloaded_model_loads_again_the_embedded_one_answers(opened: Open, runtime_folder: Path) -> None:
    pipe, embedded = runtime_folder / "pipe.jsonl", runtime_folder / "embedded.jsonl"
    os.mkfifo(pipe)
    embedded.write_text(json.dumps({"after": "", "text": "embedded"}))
    client = await opened({"unloadAfterMinutes": 0.005}, script=pipe, embedded=embedded)
    rules = "".join(json.dumps(rule) + "\n" for rule in RULES)
    await asyncio.to_thread(pipe.write_text, rules)
    await ready(client)
    async with asyncio.timeout(LIMIT_S):
        while not (await status(client))["unloaded"]:
            await asyncio.sleep(0.01)
    client.open(URI, "quick")
    assert await client.items(URI, manual=False) == []  # and so it loads
    assert (await client.items(URI))[0]["insertText"] == "embedded"
    told = await status(client)
    assert (told["state"], told["fallback"], told["unloaded"]) == ("ready", "model_loading", False)
    await client.until(lambda: progress(client)[-1] == ("report", 25, "0 of 0 kB"), "the progress of loading again")
    await asyncio.to_thread(pipe.write_text, rules)
    async with asyncio.timeout(LIMIT_S):
        while (await client.items(URI))[0]["insertText"] != "q":
            client.edit(URI, 0, 0, "#")
    assert (await status(client))["fallback"] is None
    await client.until(lambda: progress(client)[-1] == ("end", None, "ready"), "the end of loading again")


def test_the_command_for_people(runtime_folder: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "dg_lsp", "engine", *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert run("status").stdout == "no engine runs\n"
    assert run("stop").returncode == 0
    assert run().returncode == 2
    os.environ[VARIABLE] = str(runtime_folder / "script.jsonl")
    (runtime_folder / "script.jsonl").touch()
    refused = run("status")
    os.environ[VARIABLE] = str(runtime_folder)
    assert refused.returncode == 2 and refused.stderr.startswith("dg-lsp: cannot use the folder")


async def test_a_setting_that_needs_another_engine_leaves_the_first(opened: Open) -> None:
    client = await ready(await opened(linger_s=0.1))
    first = await engine_that(lambda facts: facts.clients == 1)
    client.notify("workspace/didChangeConfiguration", {"settings": {"niceness": 1}})
    async with asyncio.timeout(LIMIT_S):
        while [facts.process_id for facts in await asyncio.to_thread(engines)] in ([], [first.process_id]):
            await asyncio.sleep(0.01)
        while first.process_id in {facts.process_id for facts in await asyncio.to_thread(engines)}:
            await asyncio.sleep(0.01)
    await ready(client)
    client.open(URI, "quick")
    assert [item["insertText"] for item in await client.items(URI)] == ["q"]
    assert (await status(client))["engineClients"] == 1
