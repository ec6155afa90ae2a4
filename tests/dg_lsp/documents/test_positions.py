from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lsprotocol.types import Position, Range, TextDocumentContentChangePartial

from dg_lsp.documents.documents import Documents
from dg_lsp.documents.positions import Encoding, end_of, offset_at, position_at, split_lines

ENCODINGS: list[Encoding] = ["utf-8", "utf-16", "utf-32"]
TEXTS = st.text(st.sampled_from("ab é😋\t\n\r\f\x0b\x1c\x85\u2028\u2029"), max_size=40)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("a", ["a"]),
        ("a\n", ["a\n", ""]),
        ("a\r\nb\rc\nd", ["a\r\n", "b\r", "c\n", "d"]),
        ("\n\r\r\n", ["\n", "\r", "\r\n", ""]),
        ("a\fb\u2028c\x85d\x1ce\x0bf", ["a\fb\u2028c\x85d\x1ce\x0bf"]),
    ],
)
def test_lines_end_where_the_protocol_says(text: str, lines: list[str]) -> None:
    assert split_lines(text) == lines


@pytest.mark.parametrize(("encoding", "character"), [("utf-8", 6), ("utf-16", 3), ("utf-32", 2)], ids=ENCODINGS)
def test_units_of_each_encoding(encoding: Encoding, character: int) -> None:
    text = "x\né😋!"
    assert position_at(text, 4, encoding) == Position(1, character)
    assert offset_at(text, Position(1, character), encoding) == 4


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_past_the_end_is_the_end(encoding: Encoding) -> None:
    text = "é😋\r\nb"
    assert offset_at(text, Position(0, 99), encoding) == 2
    assert offset_at(text, Position(1, 99), encoding) == 5
    assert offset_at(text, Position(7, 0), encoding) == 5
    assert offset_at("", Position(0, 5), encoding) == 0


@pytest.mark.parametrize(("encoding", "inside"), [("utf-8", 2), ("utf-16", 1)])
def test_inside_a_character_is_before_it(encoding: Encoding, inside: int) -> None:
    assert offset_at("😋b", Position(0, inside), encoding) == 0


def test_a_lone_surrogate_counts_as_one_unit_of_utf_16() -> None:
    assert position_at("\ud800b", 2, "utf-16") == Position(0, 2)
    assert offset_at("\ud800b", Position(0, 1), "utf-16") == 1


# A key in a line of 200,000 characters cost 43 ms where one of them was not ASCII.
LONG = {"ascii": "x" * 200_000, "one": "é" + "x" * 200_000, "last": "x" * 200_000 + "é", "emoji": "😋" * 200_000}


@pytest.mark.reports
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("line", [*LONG.values(), "\ud800" * 200_000], ids=[*LONG, "surrogates"])
def test_a_key_in_a_long_line_is_cheap_in_every_encoding(line: str, encoding: Encoding) -> None:
    documents = Documents(encoding)
    documents.open("u", 1, line + "\n", "python")
    after, took_s = len(line), 1.0
    character = position_at(line, after, encoding).character
    for n_keys in range(8):
        place = Position(0, character + n_keys)
        began = time.thread_time()  # of this thread: others have work too
        documents.change("u", n_keys, [TextDocumentContentChangePartial(range=Range(place, place), text="y")])
        snapshot = documents.get("u")
        assert snapshot is not None
        after = offset_at(snapshot.text, Position(0, character + n_keys + 1), encoding)
        took_s = min(took_s, time.thread_time() - began)
    assert snapshot.text == line + "y" * 8 + "\n" and after == len(line) + 8
    assert took_s < 0.015


def test_between_cr_and_lf_is_the_end_of_the_line() -> None:
    assert position_at("ab\r\nc", 3, "utf-16") == Position(0, 2)


@given(TEXTS, st.sampled_from(ENCODINGS))
@example("\r\n", "utf-16")
def test_every_offset_survives_the_round_trip(text: str, encoding: Encoding) -> None:
    for offset in range(len(text) + 1):
        if text[offset - 1 : offset + 1] != "\r\n" or offset == 0:
            assert offset_at(text, position_at(text, offset, encoding), encoding) == offset


@given(TEXTS)
def test_positions_agree_with_the_lines(text: str) -> None:
    offset = 0
    for number, line in enumerate(split_lines(text)):
        assert position_at(text, offset, "utf-32") == Position(number, 0)
        offset += len(line)
    assert offset == len(text)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@pytest.mark.parametrize("inserted", ["", "x", "\U0001f600", "a\nb\U0001f600", "a\r\n", "\r\n\n  "])
def test_the_end_of_a_change_is_where_its_text_ends(encoding: Encoding, inserted: str) -> None:
    before, after = "one\n\U0001f600two", "rest\n"
    at = position_at(before + after, len(before), encoding)
    change = TextDocumentContentChangePartial(Range(at, at), inserted)
    assert end_of(change, encoding) == position_at(before + inserted + after, len(before + inserted), encoding)
