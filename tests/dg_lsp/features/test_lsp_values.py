from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import converters, types

from dg_lsp.documents.documents import DocumentSnapshot
from dg_lsp.documents.positions import Encoding
from dg_lsp.features.common.lsp_values import inline_item, minimal_edit, workspace_edit
from dg_lsp.session.client_features import ClientFeatures
from infill.types import Part, Span
from tests.dg_lsp.server_fakes import completion

TEXTS = st.text(st.sampled_from("ab\r\n😋"), max_size=12)


def snapshot(text: str) -> DocumentSnapshot:
    return DocumentSnapshot("file:///a.py", 7, text, "python")


def item(text: str, span: Span, new: str, cursor: int, encoding: Encoding = "utf-16") -> tuple[str, str]:
    """(range as text, inserted text) of the item."""
    made = inline_item(completion(span, new), snapshot(text), cursor, encoding, 1)
    assert made.range is not None and isinstance(made.insert_text, str)
    start, end = made.range.start, made.range.end
    return f"{start.line}:{start.character}-{end.line}:{end.character}", made.insert_text


@pytest.mark.parametrize(("encoding", "where"), [("utf-8", "1:5-1:5"), ("utf-16", "1:3-1:3"), ("utf-32", "1:2-1:2")])
def test_an_insertion_has_an_empty_range_in_the_clients_encoding(encoding: Encoding, where: str) -> None:
    assert item("x\n😋=", Span(4, 4), "1", 4, encoding) == (where, "1")


def test_the_range_keeps_the_cursor_and_loses_what_does_not_change() -> None:
    assert item("f(a)", Span(1, 4), "(a, b)", 3) == ("0:3-0:3", ", b")
    assert item("    \n", Span(0, 4), "    return", 2) == ("0:2-0:4", "  return")
    assert item("f()x", Span(2, 4), "1)x", 4) == ("0:2-0:4", "1)x")


def test_a_span_over_lines_shrinks_to_one_line_when_the_rest_is_the_same() -> None:
    assert item("a\n    pass\nb", Span(0, 12), "a\n    return 1\nb", 6) == ("1:4-1:8", "return 1")


def test_ghost_text_has_line_feeds_whatever_the_document_has() -> None:
    assert item("a\r\n", Span(1, 1), "\r\n  b\r  c", 1) == ("0:1-0:1", "\n  b\n  c")


def test_an_item_carries_the_command_with_counts_and_no_text() -> None:
    made = inline_item(completion(Span(0, 0), "secret\nx"), snapshot(""), 0, "utf-16", 7)
    assert made.command is not None and made.command.command == "dg-lsp.accepted"
    assert made.command.arguments == [{"id": 7, "chars": 8, "lines": 2, "source": "diffusion", "confidence": 0.5}]


@pytest.mark.parametrize(("text", "inserted"), [("a\r\nb", "x\r\ny"), ("a\nb", "x\ny"), ("a\rb", "x\ry"), ("", "x\ny")])
def test_an_edit_has_the_line_ends_of_the_document(text: str, inserted: str) -> None:
    edit = workspace_edit([Part(Span(0, 0), "x\ny")], snapshot(text), "utf-16", client(), "Refill")
    assert edit.changes is not None and edit.document_changes is None
    assert edit.changes["file:///a.py"][0].new_text == inserted


@pytest.mark.reports
@pytest.mark.parametrize(
    ("text", "at", "inserted"),
    [
        ("# one\na = 1\r\nb = 2\r\nc = 3\r\n", 21, "x\r\ny"),
        ("# one\r\na = 1\nb = 2\nc = 3\n", 20, "x\ny"),
        ("# one\r\na = 1\nb = 2\nc = 3\n", 0, "x\ny"),
    ],
)
def test_an_edit_has_the_line_ends_of_its_place(text: str, at: int, inserted: str) -> None:
    edit = workspace_edit([Part(Span(at, at), "x\ny")], snapshot(text), "utf-16", client(), "Refill")
    assert edit.changes is not None
    assert edit.changes["file:///a.py"][0].new_text == inserted


def test_a_versioned_edit_names_the_version_it_was_made_for() -> None:
    edit = workspace_edit([Part(Span(0, 1), "b")], snapshot("a"), "utf-16", client(documentChanges=True), "Refill")
    assert edit.changes is None and edit.document_changes is not None
    (change,) = edit.document_changes
    assert isinstance(change, types.TextDocumentEdit)
    assert change.text_document.version == 7 and edit.change_annotations is None


def test_every_change_is_one_edit_and_what_stays_is_in_none() -> None:
    text = "def f(a, b):\r\n    pass\r\n"
    changes = [Part(Span(7, 7), ": int"), Part(Span(9, 10), "b"), Part(Span(18, 22), "if a:\n        pass")]
    features = client(documentChanges=True, changeAnnotationSupport={"groupsOnLabel": True})
    edit = workspace_edit(changes, snapshot(text), "utf-16", features, "Complete")
    assert edit.document_changes is not None and edit.change_annotations is not None
    (change,) = edit.document_changes
    assert isinstance(change, types.TextDocumentEdit)
    assert [e.new_text for e in change.edits if isinstance(e, types.AnnotatedTextEdit)] == [
        ": int",
        "if a:\r\n        ",
    ]
    assert {e.annotation_id for e in change.edits if isinstance(e, types.AnnotatedTextEdit)} == set(
        edit.change_annotations
    )
    (annotation,) = edit.change_annotations.values()
    assert (annotation.label, annotation.needs_confirmation) == ("Complete", False)


def client(**workspace_edit: Any) -> ClientFeatures:
    capabilities = converters.get_converter().structure(
        {"workspace": {"workspaceEdit": workspace_edit}}, types.ClientCapabilities
    )
    return ClientFeatures(capabilities)


@given(TEXTS, st.integers(0, 12), st.integers(0, 12), TEXTS, st.integers(0, 12), st.booleans())
def test_a_minimal_edit_has_the_same_outcome_and_keeps_the_cursor(
    source: str, first: int, second: int, text: str, cursor: int, inside: bool
) -> None:
    start, end = sorted((min(first, len(source)), min(second, len(source))))
    keep = min(start + cursor, end) if inside else None
    span, shorter = minimal_edit(source, Span(start, end), text, keep)
    assert source[: span.start] + shorter + source[span.end :] == source[:start] + text + source[end:]
    assert start <= span.start <= span.end <= end
    assert keep is None or span.start <= keep <= span.end
    for place, was in ((span.start, start), (span.end, end)):
        assert place == was or source[max(place - 1, 0) : place + 1] != "\r\n"
