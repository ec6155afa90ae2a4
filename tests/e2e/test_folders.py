"""Workspaces of several folders: each has its rules, and folders come and go while the server runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.client import Client

pytestmark = pytest.mark.e2e

ANYTHING = {"after": "", "text": "ghost"}


def named(folder: Path) -> dict[str, str]:
    return {"uri": folder.as_uri(), "name": folder.name}


def change(client: Client, added: Any = (), removed: Any = ()) -> None:
    event = {"added": [named(folder) for folder in added], "removed": [named(folder) for folder in removed]}
    client.notify("workspace/didChangeWorkspaceFolders", {"event": event})


async def ignored_by(client: Client, path: Path) -> str | None:
    """Where the rule stands that a file is ignored by."""
    client.open(path.as_uri(), "x = ")
    items = await client.items(path.as_uri())
    verdict = (await client.ask("dgLsp/status"))["result"]["ignored"]
    assert bool(items) is (verdict is None)
    return None if verdict is None else verdict["source"]


@pytest.fixture
def roots(tmp_path: Path) -> tuple[Path, Path]:
    """Two folders beside each other, each of which ignores a file of its own in every folder below."""
    one, two = tmp_path / "one", tmp_path / "two"
    for root, hidden in ((one, "a.py"), (two, "b.py")):
        (root / "sub").mkdir(parents=True)
        (root / ".dgignore").write_text(f"{hidden}\n")
    return one, two


async def test_each_root_has_its_own_rules(start: Any, roots: tuple[Path, Path]) -> None:
    one, two = roots
    client: Client = await start(ANYTHING, roots={"workspaceFolders": [named(one), named(two)]})
    assert await ignored_by(client, one / "sub" / "a.py") == ".dgignore:1"
    assert await ignored_by(client, one / "sub" / "b.py") is None
    assert await ignored_by(client, two / "sub" / "b.py") == ".dgignore:1"
    assert await ignored_by(client, two / "sub" / "a.py") is None


async def test_folders_come_and_go(start: Any, roots: tuple[Path, Path]) -> None:
    one, two = roots
    client: Client = await start(ANYTHING, roots={"workspaceFolders": None})
    in_one, in_two = one / "sub" / "a.py", two / "sub" / "b.py"
    assert await ignored_by(client, in_one) is None, "nobody said that the rules reach down"
    change(client, added=[one])
    assert await ignored_by(client, in_one) is not None
    change(client, added=[two], removed=[one])
    assert await ignored_by(client, in_one) is None
    assert await ignored_by(client, in_two) is not None
    change(client, added=[two])
    spelled_otherwise = {"uri": two.as_uri().replace("/two", "/%74wo/"), "name": "two"}
    gone = {"event": {"added": [], "removed": [spelled_otherwise]}}
    client.notify("workspace/didChangeWorkspaceFolders", gone)
    assert await ignored_by(client, in_two) is None


async def test_the_rules_of_nested_roots_add_up(start: Any, roots: tuple[Path, Path]) -> None:
    outer, inner = roots[0], roots[0] / "sub"
    (inner / ".dgignore").write_text("c.py\n!a.py\n")
    (inner / "deep").mkdir()
    client: Client = await start(ANYTHING, roots={"workspaceFolders": [named(inner), named(outer)]})
    assert await ignored_by(client, inner / "deep" / "c.py") == "sub/.dgignore:1"
    assert await ignored_by(client, inner / "deep" / "a.py") is None, "the nearest file has the last word"
    assert await ignored_by(client, outer / "a.py") == ".dgignore:1"
    change(client, removed=[inner])
    assert await ignored_by(client, inner / "deep" / "c.py") == "sub/.dgignore:1"
    change(client, added=[inner], removed=[outer])
    assert await ignored_by(client, inner / "deep" / "c.py") == ".dgignore:1"


async def test_a_workspace_that_is_not_trusted_stays_so_when_folders_come(start: Any, roots: tuple[Path, Path]) -> None:
    one, two = roots
    (two / ".gitignore").write_text("*.py\n")
    (two / ".dgignore").write_text("!b.py\n")
    client: Client = await start(ANYTHING, options={"trusted": False}, roots={"workspaceFolders": [named(one)]})
    change(client, added=[two])
    assert await ignored_by(client, two / "b.py") == ".gitignore:1"
