"""No text of the user's in a log at its usual level: a session full of a word that is found nowhere else."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.client import Client

pytestmark = pytest.mark.e2e

WORD = "quokka"  # in texts, names, rules, ids and errors below
RESOLVES = {"codeAction": {"resolveSupport": {"properties": ["edit"]}}}
RULES = [
    {"after": f"{WORD} = ", "text": f"{WORD}()"},
    {"selected": f"# {WORD}\n{WORD}", "text": f"# {WORD}\n{WORD}_new"},
    {"after": "slow", "text": WORD, "delay_ms": 60_000},
]


async def use(client: Client, folder: Path) -> None:
    """Ghost text, refills, an ignored file, a cancel and edits, all with the word in them."""
    uri, hidden = (folder / f"{WORD}.py").as_uri(), (folder / f"{WORD}_hidden.py").as_uri()
    text = f"# {WORD}\n{WORD} = "
    client.open(uri, text)
    assert (await client.items(uri))[0]["insertText"] == f"{WORD}()"
    assert await client.items(uri, 1) == []
    assert await client.items(uri, manual=False) != []
    params = {"textDocument": {"uri": uri}, "range": client.range(uri, 0, len(text) - 3)}
    action, *_ = (await client.ask("textDocument/codeAction", params | {"context": {"diagnostics": []}}))["result"]
    assert "edit" in (await client.ask("codeAction/resolve", action))["result"]
    client.open(hidden, text, WORD)
    assert await client.items(hidden) == []
    client.edit(uri, 0, 0, f"{WORD}\nslow")
    asked = client.inline(uri, len(f"{WORD}\nslow"))
    await asyncio.sleep(0.1)
    client.notify("$/cancelRequest", {"id": asked})
    await client.answer(asked)
    await client.ask("workspace/executeCommand", {"command": "dg-lsp.accepted", "arguments": [{"chars": WORD}]})
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert await client.items(uri, 0) == []


async def misuse(client: Client) -> None:
    """What no client should send, with the word in it."""
    client.open("file:///a.py", f"{WORD} = ")
    for method, params in (
        (WORD, {WORD: WORD}),
        (f"$/{WORD}", WORD),
        ("textDocument/inlineCompletion", {"textDocument": WORD}),
        ("textDocument/inlineCompletion", {"textDocument": {"uri": WORD}, "position": {"line": WORD}}),
        ("codeAction/resolve", {"title": WORD, "data": {"uri": WORD, "version": WORD}}),
        ("codeAction/resolve", {"title": WORD, "data": WORD}),
        ("workspace/executeCommand", {"command": WORD, "arguments": [WORD]}),
        ("initialize", {"capabilities": WORD}),
    ):
        await client.ask(method, params)
    for method, params in (
        (WORD, WORD),
        ("textDocument/didOpen", {"textDocument": {"text": WORD}}),
        ("textDocument/didChange", {"textDocument": {"uri": WORD, "version": 1}, "contentChanges": [{"text": WORD}]}),
        ("textDocument/didChange", {"textDocument": {"uri": "file:///a.py", "version": WORD}, "contentChanges": WORD}),
        ("workspace/didChangeWorkspaceFolders", {"event": {"added": [{"uri": WORD, "name": WORD}], "removed": []}}),
        ("$/setTrace", {"value": WORD}),
    ):
        client.notify(method, params)
    for body in (f'{{"{WORD}"', f'["{WORD}"]', f'{{"id": "{WORD}", "method": 5}}', f'{{"id": 1, "error": "{WORD}"}}'):
        client.send_body(body.encode())
    client.send_bytes(f"{WORD}\r\n\r\n".encode())
    await client.ask("dgLsp/status")


@pytest.mark.parametrize("level", ["info", "debug"])
async def test_the_log_does_not_quote_the_user_above_debug(start: Any, tmp_path: Path, level: str) -> None:
    folder = tmp_path / f"{WORD} files"
    folder.mkdir()
    (folder / ".dgignore").write_text(f"{WORD}_hidden.*\n")
    path = tmp_path / "server.log"
    client: Client = await start(
        *RULES,
        arguments=("--log-file", str(path), "--log-level", level),
        options={WORD: WORD, "model": 5, "languages": None},
        roots={"rootUri": folder.as_uri()},
        textDocument=RESOLVES,
    )
    await use(client, folder)
    await misuse(client)
    log = path.read_text("utf-8")
    for reason in ("filled", "empty_fill", "ignored_file", "cancelled", "unknown_document", "internal_error"):
        assert f"reason={reason}" in log, log
    assert log.count("ignored notification") >= 2
    assert (WORD in log.lower()) is (level == "debug"), log


async def test_standard_error_does_not_either(start: Any) -> None:
    client: Client = await start(*RULES, options={WORD: WORD})
    await misuse(client)
    errors = await client.close()
    assert "internal_error" in errors
    assert WORD not in errors.lower(), errors
