"""Code actions and commands as a client asks for them, with what a scripted server answers."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from tests.e2e.client import URI, Client

RESOLVES = {"codeAction": {"resolveSupport": {"properties": ["edit"]}}}
EDITS = {"workspaceEdit": {"documentChanges": True, "changeAnnotationSupport": {}}, "applyEdit": True}
CODE = (
    "@keep\r\n"
    "def total(boxes, start=0):\r\n"
    "\tif boxes:  # 😋\r\n"
    "\t\tpass\r\n"
    "\treturn ...\r\n"
    "\r\n"
    "\r\n"
    "def later(a: int) -> int:\r\n"
    "\traise NotImplementedError\r\n"
)
RULES: list[dict[str, Any]] = [
    {"free": ["pass", "..."], "texts": ["start += 1", "start"]},
    {"free": ["...", "...", "..."], "texts": ["list", "int", "int"]},
    {"free": ["..."], "texts": ["Add up."]},
    {"selected": "start=0", "strength": 0.15, "text": "start=1"},
    {"selected": "start=0", "strength": 0.4, "text": "start=2"},
    {"selected": "start=0", "strength": 0.8, "text": "start=3"},
    {"selected": "start=0", "text": "first=0"},
    {"after": "-> int:\r\n\t", "text": "return a\n"},
]


async def open_client(start: Any, *rules: Any, code: str = CODE, **capabilities: Any) -> Client:
    given = {"textDocument": RESOLVES, "workspace": EDITS} | capabilities
    client: Client = await start(*(rules or RULES), **given)
    client.open(URI, code)
    return client


def place(client: Client, word: str, length: int | None = None) -> dict[str, Any]:
    """The range of a word of the document, or of a cursor in it."""
    at = client.texts[URI].index(word)
    return client.range(URI, at, at + (len(word) if length is None else length))


async def offers(client: Client, where: dict[str, Any], **context: Any) -> dict[str, dict[str, Any]]:
    params = {"textDocument": {"uri": URI}, "range": where, "context": {"diagnostics": []} | context}
    found = (await client.ask("textDocument/codeAction", params))["result"]
    return {action["title"]: action for action in found}


async def resolved(client: Client, action: dict[str, Any]) -> dict[str, Any]:
    return (await client.ask("codeAction/resolve", action))["result"]


def command(name: str, where: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"command": name, "arguments": [{"uri": URI, "range": where} | more]}


async def run(client: Client, name: str, where: dict[str, Any], **more: Any) -> dict[str, Any]:
    return (await client.ask("workspace/executeCommand", command(name, where, **more)))["result"]


def applied(client: Client, edit: dict[str, Any]) -> str:
    """The document after an edit, which must be one array of edits that do not overlap, for this version."""
    (change,) = edit["documentChanges"]
    assert change["textDocument"] == {"uri": URI, "version": client.versions[URI]}
    text = client.texts[URI]
    offsets = {(p["line"], p["character"]): at for at in range(len(text) + 1) for p in [client.position(URI, at)]}
    spans = [
        (offsets[e["range"]["start"]["line"], e["range"]["start"]["character"]],
         offsets[e["range"]["end"]["line"], e["range"]["end"]["character"]], e["newText"])
        for e in change["edits"]
    ]  # fmt: skip
    assert spans == sorted(spans) and all(a[1] <= b[0] for a, b in pairwise(spans))
    for start, end, new in reversed(spans):
        text = text[:start] + new + text[end:]
    return text
