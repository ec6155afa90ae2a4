"""Every command over stdio with the embedded model: an edit that parses and keeps what it must, or a reason."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.e2e.client import ROOT, URI, Client

WEIGHTS = ROOT / "model" / "embedded" / "model.safetensors"
LIMIT_S = 120.0  # to load, and for each answer: the machine may be busy

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.weights,
    pytest.mark.skipif(not WEIGHTS.is_file(), reason="model/embedded/model.safetensors is missing"),
]

CODE = (
    "def total(boxes, start=0):\n"
    "    result = start\n"
    "    if boxes:\n"
    "        pass\n"
    "    return ...\n"
    "\n"
    "\n"
    "def area(w, h):\n"
    "    raise NotImplementedError\n"
)
REASONS = ("breaks_parse", "empty_fill", "not_confident", "nothing_better")


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    client = await Client.start("--stdio")
    client.limit_s = LIMIT_S
    options = {"manualDeadlineMs": 600_000}
    await client.initialize(options, workspace={"applyEdit": True, "workspaceEdit": {"documentChanges": True}})
    await asyncio.wait_for(client.ready(), LIMIT_S)
    client.open(URI, CODE)
    yield client
    assert "Traceback" not in await client.close()


def changed(edit: dict[str, Any]) -> str:
    (change,) = edit["documentChanges"]
    assert change["textDocument"]["version"] == 1
    starts = [0]
    for line in CODE.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    text = CODE
    for e in reversed(change["edits"]):
        start, end = (starts[e["range"][k]["line"]] + e["range"][k]["character"] for k in ("start", "end"))
        text = text[:start] + e["newText"] + text[end:]
    return text


async def test_every_command_gives_an_edit_that_parses_or_a_reason(client: Client) -> None:
    body = client.range(URI, CODE.index("result"), CODE.index("..."))
    inside, unwritten = (client.range(URI, CODE.index(w), CODE.index(w)) for w in ("result", "raise"))
    for name, where in (
        ("rewrite", client.range(URI, CODE.index("result"), CODE.index("start\n") + 5)),
        ("refine", body),
        ("fix", client.range(URI, CODE.index("start\n"), CODE.index("start\n") + 5)),
        ("fillHoles", inside),
        ("docstring", inside),
        ("typeHints", inside),
        ("fillBody", unwritten),
    ):
        argument = {"uri": URI, "range": where, "progressToken": name}
        asked = {"command": f"dg-lsp.{name}", "arguments": [argument]}
        told = (await client.ask("workspace/executeCommand", asked))["result"]
        kinds = [p["value"]["kind"] for p in client.notifications("$/progress") if p["token"] == name]
        assert kinds[0] == "begin" and kinds[-1] == "end"
        if told["edit"] is None:
            assert told["reason"] in REASONS, told
            continue
        text = changed(told["edit"])
        ast.parse(text)
        assert text != CODE and "def total(boxes" in text and "def area(w, h):\n" in text


async def test_nothing_is_offered_in_a_language_that_the_model_does_not_know(client: Client) -> None:
    for uri, language, text in (
        (URI, "python", CODE),
        ("file:///a.js", "javascript", "function f(a) {\n  // TODO: all\n}\n"),
        ("file:///a.txt", "plaintext", "some words\n"),
    ):
        if uri != URI:
            client.open(uri, text, language)
        place = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 4}}
        params = {"textDocument": {"uri": uri}, "range": place, "context": {"diagnostics": []}}
        actions = (await client.ask("textDocument/codeAction", params))["result"]
        assert bool(actions) is (language == "python"), language
    assert await client.items("file:///a.js") == []
    assert (await client.ask("dgLsp/status"))["result"]["lastReason"] == "untrained_language", "who asks is told"


async def test_a_fix_of_an_unknown_name_imports_it_and_touches_nothing_else(client: Client) -> None:
    client.open(uri := "file:///b.py", text := "import os\n\n\ndef here(name):\n    return Path(os.sep, name)\n")
    at = text.index("Path")
    where = client.range(uri, at, at + 4)
    argument = {"uri": uri, "range": where, "diagnostics": ['"Path" is not defined']}
    told = (await client.ask("workspace/executeCommand", {"command": "dg-lsp.fix", "arguments": [argument]}))["result"]
    (change,) = told["edit"]["documentChanges"]
    (edit,) = change["edits"]
    assert edit["newText"] == "from pathlib import Path\n"
    assert edit["range"]["start"] == edit["range"]["end"] and edit["range"]["start"]["line"] in (0, 1)
