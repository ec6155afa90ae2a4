"""Open notebooks: the cells of each, in order, and what of the other cells is read with one of them.

Cells are documents like any other. The code cells of the same language before and after one stand around it
in what the filler reads; the answer is about that one alone. Knows no protocol types.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Sequence

import msgspec

from dg_lsp.documents.documents import DocumentSnapshot

MAX_CHARS = 30_000  # of the cells on either side; more than any model here reads

# What IPython takes at the start of a line and Python does not: magics, shell commands, questions. A modulo that
# goes on from the line above has a blank behind it.
_MAGIC = re.compile(
    r"^([ \t]*)(?:%(?=%?[A-Za-z])|!(?!=)|\?|[\w.](?=[\w.]*\?{1,2}[ \t\r]*$))", re.MULTILINE
)  # fmt: skip
_OTHER_LANGUAGE = re.compile(r"\s*%%(?!(?:time|timeit|capture|prun|memit)\b)\w")  # the first line says of what
_LINE_START = re.compile(r"^[^\r\n]", re.MULTILINE)
_OPEN_ENDS = ("(", "[", "{", ",", ":", "=", "\\")


class Cell(msgspec.Struct, frozen=True):
    """One cell of a notebook; its text is the document of that URI."""

    uri: str
    is_code: bool


class ModelText(msgspec.Struct, frozen=True):
    """What the model reads of a document: `own` is as long as its text, `before` and `after` are other cells."""

    before: str
    own: str
    after: str

    @property
    def text(self) -> str:
        """All of it."""
        return self.before + self.own + self.after


class Notebooks:
    """All open notebooks by URI."""

    def __init__(self) -> None:
        self._cells: dict[str, list[Cell]] = {}
        self._of: dict[str, str] = {}  # by a cell's URI, its notebook's

    def open(self, uri: str, cells: Iterable[Cell]) -> None:
        """Start to track a notebook; opening it again replaces it."""
        self.close(uri)
        self._cells[uri] = []
        self.splice(uri, 0, 0, cells)

    def splice(self, uri: str, start: int, n_deleted: int, cells: Iterable[Cell]) -> bool:
        """Replace `n_deleted` cells from `start` on; False when the notebook is not open."""
        known = self._cells.get(uri)
        if known is None:
            return False
        start, new = max(start, 0), list(cells)
        for cell in known[start : start + max(n_deleted, 0)]:
            self._of.pop(cell.uri, None)
        known[start : start + max(n_deleted, 0)] = new
        self._of |= {cell.uri: uri for cell in new}
        return True

    def change_kind(self, uri: str, changed: Cell) -> None:
        """Take note that a cell became code or text."""
        known = self._cells.get(uri, [])
        known[:] = [changed if cell.uri == changed.uri else cell for cell in known]

    def close(self, uri: str) -> list[str]:
        """Forget a notebook; return the URIs of its cells."""
        cells = [cell.uri for cell in self._cells.pop(uri, [])]
        for cell in cells:
            self._of.pop(cell, None)
        return cells

    def notebook_of(self, cell: str) -> str | None:
        """Return the URI of a cell's notebook."""
        return self._of.get(cell)

    def around(self, cell: str) -> tuple[list[str], list[str]]:
        """Return the code cells before and after a code cell, in order; none for any other document."""
        cells = self._cells.get(self._of.get(cell, ""), [])
        at = next((number for number, known in enumerate(cells) if known.uri == cell), None)
        if at is None or not cells[at].is_code:
            return [], []
        before, after = ([known.uri for known in part if known.is_code] for part in (cells[:at], cells[at + 1 :]))
        return before, after


def text_with_cells(snapshot: DocumentSnapshot, around: tuple[Sequence[str], Sequence[str]],
            get: Callable[[str], DocumentSnapshot | None]) -> ModelText:  # fmt: skip
    """Return what is read of a cell with the cells around it, nearest first as far as there is room; `get` has them.

    A line of IPython's own is a comment there, character for character. A cell that ends in the middle of
    something, or is in another language, is left out: what follows would seem to be inside it.
    """
    is_python = snapshot.language_id == "python"

    def codes(uris: Iterable[str]) -> list[str]:
        found: list[str] = []
        room = MAX_CHARS
        for uri in uris:
            other = get(uri)
            if other is None or other.language_id != snapshot.language_id:
                continue
            room -= len(other.text)
            if room < 0:
                break
            if not (is_python and _OTHER_LANGUAGE.match(other.text)) and not _ends_open(other.text):
                found.append(without_magics(other.text) if is_python else other.text)
        return found

    before, after = codes(reversed(around[0])), codes(around[1])
    return ModelText(
        "".join(f"{code}\n" for code in reversed(before)),
        without_magics(snapshot.text) if is_python else snapshot.text,
        "".join(f"\n{code}" for code in after),
    )


@functools.lru_cache(maxsize=512)
def without_magics(text: str) -> str:
    """Return Python code as long as IPython's, with what is not Python made comments."""
    if _OTHER_LANGUAGE.match(text):
        return _LINE_START.sub("#", text)
    return _MAGIC.sub(r"\1#", text)


@functools.lru_cache(maxsize=512)
def _ends_open(text: str) -> bool:
    last = text.rstrip().rpartition("\n")[2]
    if last.endswith(_OPEN_ENDS) and not last.lstrip().startswith(("#", "//")):
        return True
    return any(text.count(quotes) % 2 for quotes in ('"""', "'''"))
