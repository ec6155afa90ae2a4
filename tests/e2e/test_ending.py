"""No process stays behind, and the other ways to start one: TCP, --version, wrong arguments."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.client import ROOT, SCRIPTED, URI, Client, write_script

pytestmark = pytest.mark.e2e

SLOW = {"after": "slow", "text": "x", "delay_ms": 60_000}


@pytest.mark.parametrize("how", ["exit", "shutdown and exit", "end of input", "SIGTERM", "SIGINT"])
async def test_the_process_ends_while_the_model_works(start: Any, how: str) -> None:
    client: Client = await start(SLOW)
    assert client.process is not None and client.process.stdin is not None
    client.open(URI, "slow")
    asked = client.inline(URI, 4)
    assert (await client.ask("dgLsp/status"))["result"]["state"] == "busy"
    if how == "end of input":
        client.process.stdin.close()
    elif how.startswith("SIG"):
        client.process.send_signal(15 if how == "SIGTERM" else 2)
    else:
        if how != "exit":
            await client.ask("shutdown")
            assert (await client.answer(asked)).get("result") in (None, {"items": []})
        client.notify("exit")
    assert await client.exit_code() == (1 if how == "exit" else 0)


async def test_the_server_ends_when_the_editor_is_gone(start: Any) -> None:
    editor = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=subprocess.PIPE)
    client: Client = await start(initialize=False)
    await client.ask("initialize", {"processId": editor.pid, "rootUri": None, "capabilities": {}})
    editor.kill()
    await editor.wait()
    assert await client.exit_code() == 0


async def test_an_editor_that_cannot_be_seen_does_not_end_the_server(start: Any) -> None:
    gone = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await gone.wait()
    client: Client = await start(initialize=False)
    await client.ask("initialize", {"processId": gone.pid, "rootUri": None, "capabilities": {}})
    assert client.process is not None
    with pytest.raises(TimeoutError):
        await client.exit_code(limit_s=4.0)  # the server looks every 3 s


async def test_a_reader_that_goes_away_ends_the_server(start: Any) -> None:
    client: Client = await start()
    client.send_body(b"{")
    client._reader._transport.close()  # type: ignore[attr-defined]
    for _ in range(3):
        await asyncio.sleep(0.01)  # the pipe is closed on the event loop, and only then is an answer one too many
        client.send_body(b"{")
    assert await client.exit_code() == 0


async def test_tcp_serves_one_client_on_loopback_and_ends_with_it(tmp_path: Path) -> None:
    script = write_script(tmp_path, [{"after": "return ", "text": "x"}])
    server = await Client.start("--tcp", "0", "--fill-script", str(script), program=SCRIPTED)
    assert server.process is not None and server.process.stderr is not None
    line = (await server.process.stderr.readline()).decode()
    port = re.fullmatch(r"dg-lsp: listening on 127\.0\.0\.1:(\d+)\n", line)
    assert port is not None, line
    client = Client(*await asyncio.open_connection("127.0.0.1", int(port[1])))
    await client.initialize()
    await client.ready()
    client.open(URI, "return ")
    assert [item["insertText"] for item in await client.items(URI)] == ["x"]
    with pytest.raises(ConnectionError):
        await asyncio.open_connection("127.0.0.1", int(port[1]))
    await client.close()
    assert await server.exit_code() == 0
    await server.close()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dg_lsp", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, input="")


def test_version_and_wrong_arguments() -> None:
    assert run("--version").stdout == "dg-lsp 0.1.0\n"
    wrong = run("--tcp", "70000")
    assert wrong.returncode == 1 and wrong.stderr.startswith("dg-lsp: cannot listen on 127.0.0.1:70000")
    assert run("--stdio", "--tcp", "1").returncode == 2
    assert "cannot write the log file" in run("--log-file", "/nowhere/x.log").stderr


def test_no_heavy_import_before_the_model_opens() -> None:
    code = "import dg_lsp.app.server, dg_lsp.app.transport, sys; print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in ("torch", "transformers", "tree_sitter", "tokenizers", "numpy"):
        assert f"'{name}'" not in done.stdout
    assert "'pygls'" in done.stdout


def test_what_a_library_prints_does_not_reach_the_protocol() -> None:
    code = """
from dg_lsp.app.transport import _take_stdio
stdin, stdout = _take_stdio()
print("noise", flush=True)
stdout.write(b"protocol")
stdout.close()
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("protocol", "noise\n")
