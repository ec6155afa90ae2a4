from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types

from dg_lsp.documents.documents import Documents
from dg_lsp.documents.positions import Encoding, range_of
from infill.types import Span
from tests.dg_lsp.changes import Change, replace, replace_all

URI = "file:///a.py"
ENCODINGS: list[Encoding] = ["utf-8", "utf-16", "utf-32"]
PIECES = ["a", "é", "😋", "\n", "\r\n", "\r", "\t", "x = 1", "\f", "\u2028", "\x85", "\x1c"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=20).map("".join)


def opened(text: str, encoding: Encoding = "utf-16") -> Documents:
    documents = Documents(encoding)
    documents.open(URI, 1, text, "python")
    return documents


def text_of(documents: Documents) -> str:
    snapshot = documents.get(URI)
    assert snapshot is not None
    return snapshot.text


def check(before: str, edits: list[Change], after: str) -> None:
    documents = opened(before)
    assert documents.change(URI, 2, edits)
    assert text_of(documents) == after


def test_edits_apply_in_order() -> None:
    check("ab", [replace("x", (0, 0), (0, 1)), replace("y", (0, 1))], "xyb")


def test_the_whole_text_can_be_replaced() -> None:
    check("a\nb", [replace_all("c\r\n"), replace("d", (1, 0))], "c\r\nd")


def test_positions_past_the_ends_are_clamped() -> None:
    check("ab\ncd", [replace("!", (0, 99))], "ab!\ncd")
    check("ab\ncd", [replace("!", (9, 0), (9, 9))], "ab\ncd!")


def test_ends_in_the_wrong_order_are_put_right() -> None:
    check("abcd", [replace("x", (0, 3), (0, 1))], "axd")


def test_a_line_feed_joins_a_carriage_return_before_it() -> None:
    check("a\rb", [replace("\n", (1, 0)), replace("!", (1, 0))], "a\r\n!b")


def test_a_carriage_return_joins_the_line_feed_after_it() -> None:
    check("a\nb", [replace("\r", (0, 1)), replace("!", (1, 0))], "a\r\n!b")


@given(TEXTS, st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99), TEXTS)), st.sampled_from(ENCODINGS))
def test_any_edits_give_what_plain_slicing_gives(
    text: str, edits: list[tuple[int, int, str]], encoding: Encoding
) -> None:
    documents = opened(text, encoding)
    for version, (first, second, inserted) in enumerate(edits, 2):
        places = [i for i in range(len(text) + 1) if i == 0 or text[i - 1 : i + 1] != "\r\n"]
        start, end = sorted((places[first % len(places)], places[second % len(places)]))
        replaced = range_of(text, Span(start, end), encoding)
        change = types.TextDocumentContentChangePartial(text=inserted, range=replaced)
        text = text[:start] + inserted + text[end:]
        documents.change(URI, version, [change])
        assert text_of(documents) == text


def test_a_snapshot_stays_as_it_was_and_is_current_until_the_next_change() -> None:
    documents = opened("a")
    snapshot = documents.get(URI)
    assert snapshot is not None and documents.get(URI) is snapshot
    assert documents.is_current(snapshot)
    documents.change(URI, 2, [replace("b", (0, 0), (0, 1))])
    assert (snapshot.text, snapshot.version) == ("a", 1)
    assert not documents.is_current(snapshot)
    now = documents.get(URI)
    assert now is not None and (now.text, now.version, now.language_id) == ("b", 2, "python")


def test_closed_and_reopened_documents() -> None:
    documents = opened("a")
    old = documents.get(URI)
    assert old is not None
    documents.close(URI)
    documents.close(URI)
    assert documents.get(URI) is None and not documents.is_current(old)
    assert not documents.change(URI, 2, [replace_all("b")])
    documents.open(URI, 1, "a", "python")
    assert not documents.is_current(old)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_an_edit_of_a_long_document_costs_its_lines_not_the_file(line_end: str) -> None:
    documents = opened(f"    value = compute(1, other=2)  # é{line_end}" * 10_000)
    started = time.process_time()  # other tests run beside it
    for version in range(2, 1002):
        documents.change(URI, version, [replace("a", (5000, 4))])
    per_edit_ms = (time.process_time() - started) * 1000 / 1000
    print(f"{per_edit_ms:.4f} ms per edit")
    assert per_edit_ms < 0.5  # splitting the whole text again costs some 2 ms
