"""`notebookDocument/didOpen`, `didChange` and `didClose`: the cells of notebooks, their order and their texts."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from lsprotocol import types

from dg_lsp.documents.notebooks import Cell
from dg_lsp.features.text_sync import change_text, close_text, open_text
from dg_lsp.session.session import Session

log = logging.getLogger(__name__)


def sync_options() -> types.NotebookDocumentSyncOptions:
    """What the server wants to be told of: every cell of every notebook; which are read is decided here."""
    return types.NotebookDocumentSyncOptions([types.NotebookDocumentFilterWithNotebook(notebook="*")])


def did_open(session: Session, params: types.DidOpenNotebookDocumentParams) -> None:
    """Start to track a notebook and the texts of its cells."""
    notebook = params.notebook_document
    session.notebooks.open(notebook.uri, _cells(notebook.cells))
    for document in params.cell_text_documents:
        open_text(session, document)


def did_change(session: Session, params: types.DidChangeNotebookDocumentParams) -> None:
    """Follow the order of the cells first, then their kinds, then their texts."""
    uri, cells = params.notebook_document.uri, params.change.cells
    if cells is None:
        return
    if (structure := cells.structure) is not None:
        for closed in structure.did_close or ():
            close_text(session, closed.uri)
        array = structure.array
        if not session.notebooks.splice(uri, array.start, array.delete_count, _cells(array.cells or ())):
            log.warning("ignored a change to a notebook that is not open")
        for opened in structure.did_open or ():
            open_text(session, opened)
    for changed in _cells(cells.data or ()):
        session.notebooks.change_kind(uri, changed)
    for content in cells.text_content or ():
        change_text(session, content.document, content.changes)


def did_close(session: Session, params: types.DidCloseNotebookDocumentParams) -> None:
    """Forget a notebook and its cells."""
    known = session.notebooks.close(params.notebook_document.uri)
    for uri in {*known, *(cell.uri for cell in params.cell_text_documents)}:
        close_text(session, uri)


def _cells(cells: Iterable[types.NotebookCell]) -> Iterable[Cell]:
    return (Cell(cell.document, cell.kind == types.NotebookCellKind.Code) for cell in cells)
