"""Completion for clients without inline completion, over stdio."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.client import URI, Client

pytestmark = pytest.mark.e2e

AREA = {"after": "return ", "text": "w * h"}
WORD = {"after": "retu", "text": "rn None"}
LOOP = {"after": "loop", "text": " in ```\n    pass"}
MARKDOWN = {"completion": {"completionItem": {"documentationFormat": ["markdown", "plaintext"]}}}
INVOKED, TYPED_ON = {"triggerKind": 1}, {"triggerKind": 3}


async def complete(client: Client, context: Any = INVOKED, uri: str = URI) -> list[dict[str, Any]]:
    """The entries at the document's end."""
    at = client.position(uri, len(client.texts[uri]))
    params = {"textDocument": {"uri": uri}, "position": at, "context": context}
    found = (await client.ask("textDocument/completion", params))["result"]
    assert found["isIncomplete"] is True
    return found["items"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_an_entry_replaces_the_word_before_the_cursor(start: Any, encoding: str) -> None:
    client: Client = await start(WORD, general={"positionEncodings": [encoding]})
    client.open(URI, "x = '😋é'; retu")
    (entry,) = await complete(client)
    whole = len(client.texts[URI])
    assert entry["textEdit"] == {"range": client.range(URI, whole - 4, whole), "newText": "return None"}
    assert (entry["label"], entry["filterText"]) == ("return None", "return None")
    assert entry["documentation"] == {"kind": "plaintext", "value": "return None"}
    assert (entry["preselect"], entry["insertTextFormat"], entry["detail"]) == (False, 1, "dg-lsp")
    assert entry["sortText"] > "zebra"
    done = await client.ask("workspace/executeCommand", entry["command"])
    assert done["result"] is None


async def test_several_lines_are_in_the_documentation_and_end_as_the_documents_do(start: Any) -> None:
    client: Client = await start(LOOP, textDocument=MARKDOWN)
    client.open(URI, "x = 1\r\nloop")
    (entry,) = await complete(client)
    assert entry["label"] == "loop in ```…"
    assert entry["documentation"] == {"kind": "markdown", "value": "````python\nloop in ```\n    pass\n````"}
    assert entry["textEdit"]["newText"] == "loop in ```\r\n    pass"
    assert entry["insertTextMode"] == 1


async def test_what_is_typed_goes_on_in_the_list_without_the_model(start: Any) -> None:
    client: Client = await start(AREA, options={"lookAhead": False})
    client.open(URI, "def area(w, h):\n    return ")
    (entry,) = await complete(client)
    assert entry["textEdit"]["newText"] == "w * h"
    end = len(client.texts[URI])
    client.edit(URI, end, end, "w")
    (entry,) = await complete(client, TYPED_ON)
    assert (entry["textEdit"]["newText"], entry["filterText"]) == ("w * h", "w * h")
    assert entry["textEdit"]["range"] == client.range(URI, end, end + 1)
    status = (await client.ask("dgLsp/status"))["result"]
    assert (status["lastReason"], status["modelCalls"]) == ("still_fits", 1)


async def test_typing_and_ignored_files_obey_the_same_rules_as_ghost_text(start: Any, tmp_path: Path) -> None:
    client: Client = await start(AREA, options={"automatic": False})
    client.open(URI, "return")
    client.edit(URI, 6, 6, " ")
    assert await complete(client) == [], "invoked by typing"
    assert (await client.ask("dgLsp/status"))["result"]["lastReason"] == "automatic_off"
    secret = (tmp_path / ".env").as_uri()
    client.open(secret, "return ")
    assert await complete(client, uri=secret) == []
    assert (await client.ask("dgLsp/status"))["result"]["lastReason"] == "ignored_file"
