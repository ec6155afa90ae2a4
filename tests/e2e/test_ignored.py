"""Ignored documents: nothing of them reaches the model, the status says which rule it was, and edits count at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.client import Client

pytestmark = pytest.mark.e2e

ANYTHING = {"after": "", "text": "ghost"}
RULE = {"selected": "old name", "text": "new name"}
RESOLVES = {"codeAction": {"resolveSupport": {"properties": ["edit"]}}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace, beside the server's script."""
    folder = tmp_path / "my work"
    (folder / "sub").mkdir(parents=True)
    return folder


async def status(client: Client) -> dict[str, Any]:
    return (await client.ask("dgLsp/status"))["result"]


async def offers(client: Client, uri: str, start: int, end: int) -> list[Any]:
    params = {"textDocument": {"uri": uri}, "range": client.range(uri, start, end), "context": {"diagnostics": []}}
    found = (await client.ask("textDocument/codeAction", params))["result"]
    return [action for action in found if action["title"] == "Refill selection"]


async def is_silent(client: Client, uri: str) -> bool:
    """Whether the document is ignored; anything but ghost text or that is an error."""
    client.open(uri, "old", "python")
    items, told = await client.items(uri), await status(client)
    assert (told["lastReason"], bool(items)) in [("ignored_file", False), ("filled", True)], told
    assert (told["ignored"] is None) is bool(items)
    return not items


async def test_the_status_says_which_rule_it_was_until_the_next_request(start: Any, folder: Path) -> None:
    client: Client = await start(ANYTHING)
    (folder / ".dgignore").write_text("*.py\n!b.py\n")
    hidden, seen = (folder / "a.py").as_uri(), (folder / "b.py").as_uri()
    assert await is_silent(client, hidden)
    assert (await status(client))["ignored"] == {"rule": "*.py", "source": ".dgignore:1"}
    assert not await is_silent(client, seen)
    assert await is_silent(client, (folder / ".env").as_uri())
    assert (await status(client))["ignored"] == {"rule": "*.env", "source": "built-in secret files"}


async def test_an_edit_of_an_ignore_file_counts_for_the_next_request(start: Any, folder: Path) -> None:
    client: Client = await start(ANYTHING)
    uri = (folder / "a.py").as_uri()
    assert not await is_silent(client, uri)
    (folder / ".gitignore").write_text("a.py\n")
    assert await is_silent(client, uri)
    (folder / ".gitignore").write_bytes(b"\xff")
    assert await is_silent(client, uri)
    assert "UTF-8" in (await status(client))["ignored"]["rule"]
    (folder / ".gitignore").write_text("b.py\n")
    assert not await is_silent(client, uri)


async def test_an_automatic_request_is_refused_too(start: Any, folder: Path) -> None:
    client: Client = await start(ANYTHING)
    (folder / ".dgignore").write_text("*\n")
    uri = (folder / "a.py").as_uri()
    client.open(uri, "x")
    assert await client.items(uri, manual=False) == []
    assert (await status(client))["lastReason"] == "ignored_file"


async def test_no_refill_is_offered_nor_made_when_it_was_offered_before(start: Any, folder: Path) -> None:
    client: Client = await start(RULE, textDocument=RESOLVES)
    uri = (folder / "a.py").as_uri()
    client.open(uri, "old name")
    (action, *_) = await offers(client, uri, 0, 8)
    (folder / ".dgignore").write_text("a.py\n")
    assert await offers(client, uri, 0, 8) == []
    assert "edit" not in (await client.ask("codeAction/resolve", action))["result"]
    (shown,) = client.notifications("window/showMessage")
    assert "ignored" in shown["message"]
    assert (await status(client))["ignored"] == {"rule": "a.py", "source": ".dgignore:1"}
    (folder / ".dgignore").unlink()
    assert "edit" in (await client.ask("codeAction/resolve", action))["result"]


@pytest.mark.parametrize("how", ["workspaceFolders", "rootUri", "rootPath", "added later", "nothing"])
async def test_rules_of_the_workspaces_folder_reach_down(start: Any, folder: Path, how: str) -> None:
    (folder / ".dgignore").write_text("hidden.py\n")
    named = {"uri": folder.as_uri(), "name": "w"}
    roots = {"workspaceFolders": [named], "rootUri": folder.as_uri(), "rootPath": str(folder)}
    client: Client = await start(ANYTHING, roots={how: roots[how]} if how in roots else {})
    if how == "added later":
        client.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [named], "removed": []}})
    uri = (folder / "sub" / "hidden.py").as_uri()
    assert await is_silent(client, uri) is (how != "nothing")
    client.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": [named]}})
    assert not await is_silent(client, uri)


async def test_folder_changes_that_name_nothing_usable_are_survived(start: Any) -> None:
    client: Client = await start(ANYTHING)
    added = [{"uri": uri, "name": "w"} for uri in ("", "file:///a%00", "ssh://h/a", "file://[", "::")]
    client.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": added, "removed": added}})
    assert not await is_silent(client, "untitled:Untitled-1")


async def test_texts_without_a_file_are_served_and_those_of_elsewhere_are_not(start: Any) -> None:
    client: Client = await start(ANYTHING)
    assert not await is_silent(client, "untitled:Untitled-1")
    for uri in ("git:/repo/a.py?x", "ssh://host/a.py", "untitled:.env"):
        assert await is_silent(client, uri)


async def test_in_an_untrusted_workspace_nothing_comes_back_and_no_model_is_chosen(start: Any, folder: Path) -> None:
    (folder / ".gitignore").write_text("*.py\n")
    (folder / ".dgignore").write_text("!a.py\n")
    uri = (folder / "a.py").as_uri()
    client: Client = await start(ANYTHING, options={"trusted": False, "model": str(folder)})
    assert await is_silent(client, uri)
    assert (await status(client))["ignored"] == {"rule": "*.py", "source": ".gitignore:1"}
    (shown,) = client.notifications("window/showMessage")
    assert shown["type"] == 2 and "'model'" in shown["message"]
    trusting: Client = await start(ANYTHING)
    assert not await is_silent(trusting, uri)
