"""What goes with a question from other files: gathered beside typing, never from what is ignored or outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from dg_lsp.app.server import Server, create_server
from dg_lsp.backend.scheduler import in_process
from infill.types import Context, Excerpt
from tests.dg_lsp.server_fakes import FakeFiller, Wire, receive

SHELF = Excerpt("shelf.py", "SIZE = 3")


class Editor:
    """An editor's messages to a server in this process, in a workspace."""

    def __init__(self, folder: Path, filler: FakeFiller, **options: Any) -> None:
        self.folder, self.filler, self.wire = folder, filler, Wire()
        self.server: Server = create_server(in_process(lambda _choice, _on_bytes: filler))
        self.server.rpc.set_writer(self.wire, include_headers=False)
        folders = [{"uri": folder.as_uri(), "name": folder.name}]
        settings = {"debounceMs": 0, "lookAhead": False} | options
        client = {"processId": None, "rootUri": None, "capabilities": {}, "workspaceFolders": folders}
        receive(self.server, "initialize", client | {"initializationOptions": settings}, id=1)
        receive(self.server, "initialized", {})

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    def open(self, name: str, text: str, language: str = "python") -> None:
        document = {"uri": self.uri(name), "languageId": language, "version": 1, "text": text}
        receive(self.server, "textDocument/didOpen", {"textDocument": document})

    def type(self, name: str, line: int, text: str) -> None:
        at = {"line": line, "character": 0}
        change = {"range": {"start": at, "end": at}, "text": text}
        document = {"uri": self.uri(name), "version": 2}
        receive(self.server, "textDocument/didChange", {"textDocument": document, "contentChanges": [change]})

    def send(self, what: str, name: str) -> None:
        receive(self.server, f"textDocument/{what}", {"textDocument": {"uri": self.uri(name)}})

    async def context(self, name: str, line: int = 0) -> list[Excerpt]:
        """The excerpts that go with the next question, once everything is gathered."""
        assert self.server.session.loading is not None
        await self.server.session.loading
        while self.server.session.context._tasks:  # pyright: ignore[reportPrivateUsage]
            await asyncio.sleep(0.001)
        place = {"textDocument": {"uri": self.uri(name)}, "position": {"line": line, "character": 0}}
        number = len(self.wire.sent) + 100
        receive(self.server, "textDocument/inlineCompletion", place | {"context": {"triggerKind": 1}}, id=number)
        while not any(message.get("id") == number for message in self.wire.sent):
            await asyncio.sleep(0.001)
        return list(self.sent.excerpts)

    @property
    def sent(self) -> Context:
        """What went with the last question."""
        return self.filler.asked[-1].context


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shelf.py").write_text("SIZE = 3\n")
    return tmp_path


@pytest.fixture
async def editor(folder: Path, filler: FakeFiller) -> AsyncIterator[Editor]:
    editor = Editor(folder, filler)
    yield editor
    editor.server.session.dispatcher.close()


async def test_definitions_come_first_then_where_the_user_was_the_latest_last(editor: Editor) -> None:
    for name in ("a.py", "b.py"):
        editor.open(name, "\n" * 10)
        editor.type(name, 4, f"edited in {name}")
    editor.open("main.py", "from shelf import SIZE\n")
    editor.type("main.py", 1, "x")
    context = await editor.context("main.py")
    assert context[0] == SHELF
    assert [(e.path, e.text.strip(), e.recent) for e in context[1:]] == [
        ("a.py", "edited in a.py", True),
        ("b.py", "edited in b.py", True),
    ]
    texts = editor.sent.texts
    assert [text.strip() for text in texts] == ["SIZE = 3", "edited in b.py", "edited in a.py"]


async def test_typing_changes_nothing_of_it(editor: Editor) -> None:
    editor.open("a.py", "a = 1\n")
    editor.type("a.py", 0, "b = 2\n")
    editor.open("main.py", "from shelf import SIZE\n\n")
    contexts: list[list[Excerpt]] = []
    for text in "x = SIZE":
        editor.type("main.py", 1, text)
        contexts.append(await editor.context("main.py", 1))
    assert len(contexts[0]) == 2 and all(context == contexts[0] for context in contexts)


async def test_imports_are_looked_at_again_when_they_change_and_when_the_file_is_saved(editor: Editor) -> None:
    editor.open("main.py", "\n\n")
    assert await editor.context("main.py") == []
    editor.type("main.py", 0, "from shelf import SIZE")
    assert await editor.context("main.py") == [], "the user is not done"
    editor.type("main.py", 1, "x")
    assert await editor.context("main.py") == [SHELF]
    (editor.folder / "shelf.py").write_text("SIZE = 44\n")
    editor.send("didSave", "main.py")
    assert await editor.context("main.py") == [Excerpt("shelf.py", "SIZE = 44")]


async def test_a_closed_document_is_remembered_for_a_while(editor: Editor) -> None:
    editor.open("a.py", "a = 1\n")
    editor.type("a.py", 0, "b = 2\n")
    editor.send("didClose", "a.py")
    editor.open("main.py", "\n")
    assert await editor.context("main.py") == [Excerpt("a.py", "b = 2\na = 1\n", recent=True)]


async def test_nothing_of_what_is_ignored_or_in_another_language(editor: Editor) -> None:
    (editor.folder / ".dgignore").write_text("hidden*\n")
    (editor.folder / "hidden_keys.py").write_text("KEY = 1\n")
    for name, language in (("hidden.py", "python"), ("a.rs", "rust"), (".env", "python")):
        editor.open(name, "secret\n", language)
        editor.type(name, 0, "secret\n")
        editor.send("didClose", name)
    editor.open("main.py", "from hidden_keys import KEY\nfrom shelf import SIZE\n")
    assert await editor.context("main.py") == [SHELF]
    assert editor.sent.texts == ("SIZE = 3\n",)


async def test_nothing_from_outside_the_workspace(folder: Path, filler: FakeFiller) -> None:
    inner = folder / "project"
    inner.mkdir()
    editor = Editor(inner, filler)
    editor.open("main.py", "from ..shelf import SIZE\nimport shelf\n")
    assert await editor.context("main.py") == []
    editor.server.session.dispatcher.close()


@pytest.mark.parametrize(("options", "expected"), [({"context": False}, []), ({"trusted": False}, [SHELF])])
async def test_it_can_be_switched_off_and_needs_no_trust(
    folder: Path, filler: FakeFiller, options: dict[str, Any], expected: list[Excerpt]
) -> None:
    editor = Editor(folder, filler, **options)
    editor.open("main.py", "from shelf import SIZE\n")
    assert await editor.context("main.py") == expected
    editor.server.session.dispatcher.close()
