"""What is read of a notebook: which cells, and what becomes of IPython's own lines."""

from __future__ import annotations

import pytest

from dg_lsp.documents.documents import DocumentSnapshot
from dg_lsp.documents.notebooks import MAX_CHARS, Cell, Notebooks, text_with_cells, without_magics


@pytest.mark.parametrize(
    ("code", "read"),
    [
        ("%matplotlib inline\nx", "#matplotlib inline\nx"),
        ("if a:\n    !ls\n    %time b()\n", "if a:\n    #ls\n    #time b()\n"),
        ("?print\nos.path?\nos??\r\ny", "#print\n#s.path?\n#s??\r\ny"),
        ("%%time\nx", "#%time\nx"),
        ("\n%%html\n<b>\n\n</b>", "\n#%html\n#b>\n\n#/b>"),
        ("x = (a\n % b\n != c)", "x = (a\n % b\n != c)"),
        ("x = !ls\n'50 %'\na % b\n%\n", "x = !ls\n'50 %'\na % b\n%\n"),
        ("what if?", "what if?"),
    ],
)
def test_lines_of_ipython_are_comments_of_the_same_length(code: str, read: str) -> None:
    assert without_magics(code) == read
    assert len(code) == len(read)


def read(notebooks: Notebooks, texts: dict[str, str], uri: str) -> str:
    documents = {name: DocumentSnapshot(name, 1, text, "python") for name, text in texts.items()}
    return text_with_cells(documents[uri], notebooks.around(uri), documents.get).text


def test_there_is_room_for_the_nearest_cells() -> None:
    texts = {"a": "a" * MAX_CHARS, "b": "b" * 10, "c": "c", "d": "d" * 10, "e": "e" * MAX_CHARS}
    notebooks = Notebooks()
    notebooks.open("book", [Cell(uri, True) for uri in texts])
    assert read(notebooks, texts, "c") == f"{'b' * 10}\nc\n{'d' * 10}"


def test_a_cell_whose_document_is_not_there_is_left_out() -> None:
    notebooks = Notebooks()
    notebooks.open("book", [Cell(uri, True) for uri in "abc"])
    assert read(notebooks, {"a": "1", "c": "3"}, "c") == "1\n3"


def test_a_notebook_follows_its_cells() -> None:
    notebooks = Notebooks()
    notebooks.open("book", [Cell(uri, True) for uri in "abc"])
    assert notebooks.splice("book", 0, 2, [Cell("d", True), Cell("a", True)])
    assert notebooks.around("a") == (["d"], ["c"])
    assert notebooks.notebook_of("b") is None
    notebooks.change_kind("book", Cell("d", False))
    assert notebooks.around("a") == ([], ["c"])
    assert notebooks.around("d") == ([], [])
    assert not notebooks.splice("other", 0, 0, [])
    notebooks.open("book", [Cell("e", True)])
    assert notebooks.notebook_of("a") is None
    assert notebooks.close("book") == ["e"]
    assert notebooks.around("e") == ([], [])
