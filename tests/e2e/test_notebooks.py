"""Notebooks over stdio: the cells around one are read with it, the answer is that cell's alone."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.acting import EDITS, RESOLVES
from tests.e2e.client import Client

pytestmark = pytest.mark.e2e

HASH = {"after": "", "echo_hash": True}
CODE, TEXT = 2, 1


class Book:
    """A notebook in a client: what it holds, and the messages that make the server follow."""

    def __init__(self, client: Client, path: str = "/nowhere/book.ipynb") -> None:
        self.client, self.uri = client, f"file://{path}"
        self.scheme = f"vscode-notebook-cell:{path}"
        self.cells: list[str] = []
        self._made = 0

    def new(self, text: str, language: str = "python", kind: int = CODE) -> tuple[dict[str, Any], dict[str, Any]]:
        """A cell and its document, not in the notebook yet."""
        self._made += 1
        uri = f"{self.scheme}#{self._made}"
        self.client.texts[uri], self.client.versions[uri] = text, 1
        return {"kind": kind, "document": uri}, {"uri": uri, "languageId": language, "version": 1, "text": text}

    def open(self, *texts: str) -> None:
        made = [self.new(text) for text in texts]
        self.cells = [cell["document"] for cell, _ in made]
        book = {"uri": self.uri, "notebookType": "jupyter-notebook", "version": 1, "cells": [cell for cell, _ in made]}
        params = {"notebookDocument": book, "cellTextDocuments": [document for _, document in made]}
        self.client.notify("notebookDocument/didOpen", params)

    def change(self, **cells: Any) -> None:
        params = {"notebookDocument": {"uri": self.uri, "version": 2}, "change": {"cells": cells}}
        self.client.notify("notebookDocument/didChange", params)

    def insert(self, at: int, text: str, **more: Any) -> str:
        cell, document = self.new(text, **more)
        self.cells.insert(at, cell["document"])
        array = {"start": at, "deleteCount": 0, "cells": [cell]}
        self.change(structure={"array": array, "didOpen": [document]})
        return cell["document"]

    def delete(self, at: int) -> None:
        uri = self.cells.pop(at)
        self.change(structure={"array": {"start": at, "deleteCount": 1}, "didClose": [{"uri": uri}]})

    def move(self, at: int, to: int) -> None:
        self.cells.insert(to, self.cells.pop(at))
        first, last = min(at, to), max(at, to)
        moved = [{"kind": CODE, "document": uri} for uri in self.cells[first : last + 1]]
        self.change(structure={"array": {"start": first, "deleteCount": len(moved), "cells": moved}})

    def edit(self, *edits: tuple[str, int, int, str]) -> None:
        """Edit several cells in one message."""
        content = []
        for uri, start, end, text in edits:
            text_range = self.client.range(uri, start, end)
            self.client.texts[uri] = self.client.texts[uri][:start] + text + self.client.texts[uri][end:]
            self.client.versions[uri] += 1
            document = {"uri": uri, "version": self.client.versions[uri]}
            content.append({"document": document, "changes": [{"range": text_range, "text": text}]})
        self.change(textContent=content)

    def expected_hash(self) -> str:
        return hashlib.sha256("\n".join(self.client.texts[uri] for uri in self.cells).encode()).hexdigest()


async def open_book(start: Any, *texts: str, rules: Any = (HASH,), **more: Any) -> Book:
    client: Client = await start(*rules, **({"notebookDocument": {"synchronization": {}}} | more))
    book = Book(client)
    book.open(*texts)
    return book


async def shown(book: Book, cell: str) -> list[str]:
    return [item["insertText"] for item in await book.client.items(cell)]


async def test_a_cell_is_read_with_those_around_it_until_they_are_closed(start: Any) -> None:
    book = await open_book(start, "a = 1", "b = 2", "c = 3")
    for cell in book.cells:
        assert await shown(book, cell) == [book.expected_hash()]
    documents = [{"uri": book.cells[0]}]  # the others go with their notebook
    book.client.notify(
        "notebookDocument/didClose", {"notebookDocument": {"uri": book.uri}, "cellTextDocuments": documents}
    )
    for cell in book.cells:
        assert await shown(book, cell) == []
        assert (await book.client.ask("dgLsp/status"))["result"]["lastReason"] == "unknown_document"
    book.open("d = 4")
    assert await shown(book, book.cells[0]) == [book.expected_hash()]


async def test_the_range_is_the_cells_own_and_typing_on_needs_no_model(start: Any) -> None:
    rule = {"after": "import os\nx = os.", "text": "getcwd()"}
    book = await open_book(start, "import os", "x = os.", "print(x)", rules=[rule], options={"lookAhead": False})
    client, cell = book.client, book.cells[1]
    (item,) = await client.items(cell, manual=False)
    assert item["insertText"] == "getcwd()"
    assert item["range"] == client.range(cell, 7, 7)
    book.edit((cell, 7, 7, "get"))
    (item,) = await client.items(cell, manual=False)
    assert (item["insertText"], item["range"]) == ("cwd()", client.range(cell, 10, 10))
    assert (await client.ask("dgLsp/status"))["result"]["lastReason"] == "still_fits"
    popup = {"range": client.range(cell, 7, 10), "text": ""}
    context = {"triggerKind": 1, "selectedCompletionInfo": popup}
    params = {"textDocument": {"uri": cell}, "position": client.position(cell, 10), "context": context}
    (item,) = (await client.ask("textDocument/inlineCompletion", params))["result"]["items"]
    assert item["range"]["start"]["line"] == 0


async def test_what_is_on_its_way_serves_the_keys_typed_meanwhile_in_a_cell_too(start: Any) -> None:
    rule = {"after": "os.", "text": "getcwd()", "delay_ms": 300}
    options = {"debounceMs": 0, "deadlineMs": 60_000, "lookAhead": False}
    book = await open_book(start, "import os", "os.", "y = 1", rules=[rule], options=options)
    cell = book.cells[1]
    asked = [book.client.inline(cell, 3, manual=False)]
    book.edit((cell, 3, 3, "g"))
    asked.append(book.client.inline(cell, 4, manual=False))
    answers = [(await book.client.answer(number))["result"]["items"] for number in asked]
    assert [[item["insertText"] for item in items] for items in answers] == [[], ["etcwd()"]]
    assert (await book.client.ask("dgLsp/status"))["result"]["modelCalls"] == 1


async def test_magics_are_comments_and_what_would_break_the_rest_is_left_out(start: Any) -> None:
    rule = {
        "after": "#matplotlib inline\nimport os\n#pwd\nx = (1\n % 2)\n#s.path?\n#ls -l\n#%time\ny = os.",
        "text": "sep",
    }
    cells = [
        "%matplotlib inline\nimport os\n!pwd\nx = (1\n % 2)\nos.path?",
        "%%bash\necho $HOME",
        "def unfinished(",
        "'''",
        "for x in range(3):",
        "!ls -l",
        "%%time\ny = os.",
    ]
    book = await open_book(start, *cells, rules=[rule])
    assert await shown(book, book.cells[-1]) == ["sep"]


async def test_cells_of_another_language_and_of_text_are_not_read(start: Any) -> None:
    book = await open_book(start, "a = 1")
    before = await shown(book, book.cells[0])
    book.insert(0, "# Title", language="markdown", kind=TEXT)
    script = book.insert(2, "let a = 1;", language="javascript")
    prose = book.insert(3, "b = 2", kind=TEXT)
    first = book.cells[1]
    assert await shown(book, first) == before
    assert await shown(book, script) == [hashlib.sha256(b"let a = 1;").hexdigest()]
    book.change(data=[{"kind": CODE, "document": prose}])
    assert await shown(book, first) == [hashlib.sha256(b"a = 1\nb = 2").hexdigest()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_random_edits_of_a_notebook_keep_both_copies_equal(start: Any, encoding: str) -> None:
    book = await open_book(start, "a", "é😋\nb", "", general={"positionEncodings": [encoding]})
    draw = random.Random(encoding)
    pieces = ["a", "é", "😋", "\n", "\r\n", "x = 1", "\u2028"]
    for count in range(1, 201):
        what = draw.choice(["insert", "delete", "move", "edit", "edit", "edit"])
        at, to = (draw.randrange(len(book.cells)) for _ in range(2))
        if what == "insert" or len(book.cells) < 3:
            book.insert(at, "".join(draw.choices(pieces, k=3)) + "z")
        elif what == "delete":
            book.delete(at)
        elif what == "move":
            book.move(at, to)
        else:
            cells = draw.sample(book.cells, 2)
            book.edit(*((uri, 0, 0, draw.choice(pieces)) for uri in cells))
        if count % 20 == 0:
            cell = draw.choice(book.cells)
            items = await book.client.items(cell, 0)
            assert [item["insertText"] for item in items] == [book.expected_hash()], f"differs after {count} changes"
            assert items[0]["range"] == book.client.range(cell, 0, 0)


async def test_a_cell_is_read_alone_for_an_action(start: Any) -> None:
    rule = {"selected": "old()", "after": "", "text": "new()"}
    book = await open_book(start, "%time a", "old()", rules=[rule], textDocument=RESOLVES, workspace=EDITS)
    client, cell = book.client, book.cells[1]
    params = {"textDocument": {"uri": cell}, "range": client.range(cell, 0, 5), "context": {"diagnostics": []}}
    offered = (await client.ask("textDocument/codeAction", params))["result"]
    action = next(action for action in offered if action["title"] == "Refill selection")
    edit = (await client.ask("codeAction/resolve", action))["result"]["edit"]
    (change,) = edit["documentChanges"]
    assert change["textDocument"] == {"uri": cell, "version": 1}
    assert [(one["range"], one["newText"]) for one in change["edits"]] == [(client.range(cell, 0, 3), "new")]


async def test_the_notebooks_path_is_judged_whatever_its_cells_are_called(start: Any, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    client: Client = await start(HASH)
    book = Book(client, str(folder / "book.ipynb"))
    book.scheme = "made-up-cell:7"
    book.open("a = 1")
    assert await shown(book, book.cells[0]) == [book.expected_hash()]
    book.scheme = (tmp_path / ".env").as_uri()
    claims_a_file = book.insert(0, "secret = 1")
    assert await shown(book, claims_a_file) == []
    assert await shown(book, book.cells[1]) == [hashlib.sha256(b"a = 1").hexdigest()], "nor is it read with others"
    (folder / ".dgignore").write_text("*.ipynb\n")
    assert await shown(book, book.cells[1]) == []
    status = (await client.ask("dgLsp/status"))["result"]
    assert (status["lastReason"], status["ignored"]["source"]) == ("ignored_file", ".dgignore:1")
    unsaved = Book(client)
    unsaved.scheme, unsaved.uri = "vscode-notebook-cell:Untitled-1.ipynb?jupyter-notebook", "untitled:Untitled-1.ipynb"
    unsaved.open("a = ")
    assert await shown(unsaved, unsaved.cells[0]) == [unsaved.expected_hash()]
    far = Book(client)
    far.scheme, far.uri = "vscode-notebook-cell://ssh-remote/a.ipynb", "vscode-remote://ssh-remote/a.ipynb"
    far.open("a = ")
    assert await shown(far, far.cells[0]) == []


async def test_changes_that_make_no_sense_are_survived(start: Any) -> None:
    book = await open_book(start, "a = 1")
    cell = {"kind": CODE, "document": "made-up:1"}
    book.change(structure={"array": {"start": 90, "deleteCount": 5, "cells": [cell]}})
    book.change(
        structure={"array": {"start": 0, "deleteCount": 0, "cells": [{"kind": CODE, "document": book.cells[0]}]}}
    )
    book.change(textContent=[{"document": {"uri": "made-up:2", "version": 1}, "changes": [{"text": "x"}]}])
    unknown = {"notebookDocument": {"uri": "file:///other.ipynb", "version": 1}, "change": {"cells": {}}}
    book.client.notify("notebookDocument/didChange", unknown)
    unknown["change"] = {"metadata": {}}
    book.client.notify("notebookDocument/didChange", unknown)
    assert len(await shown(book, book.cells[0])) == 1
