from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dg_lsp.engine import messages
from dg_lsp.engine.messages import (
    Answered,
    Ask,
    Cancel,
    Drafted,
    FromEngine,
    FromServer,
    Hello,
    MessageError,
    Reader,
    ask,
    pack,
    request_of,
)
from infill.types import (
    MAX_EXCERPT_CHARS,
    MAX_EXCERPTS,
    MAX_TEXT_CHARS,
    Context,
    Draft,
    Excerpt,
    FillRequest,
    NoFill,
    RewriteRequest,
    Span,
)
from tests.dg_lsp.engine.engine_fakes import IDENTITY, filled

ALL = [
    Answered(1, filled("x\ny")),
    Answered(2, NoFill("deadline", "late", timings_ms={"hole": 0.5})),
    Drafted(4, Draft("a", 1, 8)),
]


@given(st.integers(1, 200))
def test_messages_come_back_whole_however_they_are_cut(size: int) -> None:
    data = b"".join(map(pack, ALL))
    reader: Reader[FromEngine] = Reader(FromEngine)
    got = [m for at in range(0, len(data), size) for m in reader.feed(data[at : at + size])]
    assert got == ALL


@given(st.text(st.characters(exclude_categories=())), st.booleans())
def test_any_text_that_a_document_can_have_travels_unchanged(text: str, patient: bool) -> None:
    request = RewriteRequest(text, "python", selection=Span(0, 1), frozen=(Span(0, 1),), strength=0.5, deadline_ms=3.5)
    reader: Reader[FromServer] = Reader(FromServer)
    (got,) = reader.feed(pack(ask(7, request, 3.5, patient, drafts=False)))
    assert isinstance(got, Ask) and (got.id, got.patient, got.drafts) == (7, patient, False)
    assert request_of(got) == request


def test_what_other_files_say_travels_and_only_so_much_of_it() -> None:
    excerpt, text = Excerpt("a.py", "x" * MAX_EXCERPT_CHARS, recent=True), "x" * MAX_TEXT_CHARS
    longest = Context((excerpt,) * MAX_EXCERPTS, (text,) * MAX_EXCERPTS)

    def received(context: Context) -> FromServer:
        reader: Reader[FromServer] = Reader(FromServer)
        (got,) = reader.feed(pack(ask(7, FillRequest("x", "python", offset=0, context=context), None, True, False)))
        return got

    got = received(longest)
    assert isinstance(got, Ask) and request_of(got).context == longest
    for too_much in (
        Context((*longest.excerpts, excerpt)),
        Context((Excerpt("a.py", excerpt.text + "x"),)),
        Context(texts=(*longest.texts, "")),
        Context(texts=(text + "x",)),
    ):
        with pytest.raises(MessageError):
            received(too_much)


def test_an_answer_that_cannot_travel_is_an_error_not_half_a_message() -> None:
    with pytest.raises(MessageError, match="lone surrogate"):
        pack(Answered(1, filled("\ud800")))


def test_what_is_too_long_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "MAX_BYTES", 100)
    with pytest.raises(MessageError, match="too long"):
        pack(ask(1, FillRequest("x" * 100, "python", offset=0), None, patient=True, drafts=False))


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff\xff\xff\xff",
        b"\0\0\0\1\xc1",
        b"\0\0\0\0",
        pack(Answered(1, NoFill("cancelled"))),
        pack(Cancel(1))[:-1] + b"\xc3",
        b"\0\0\0\x0f\x82\xa4type\xa6cancel\xa2i",
    ],
)
def test_what_is_none_of_ours_is_an_error(data: bytes) -> None:
    reader: Reader[FromServer] = Reader(FromServer)
    with pytest.raises(MessageError):
        list(reader.feed(data))


def test_the_half_of_a_message_is_waited_for() -> None:
    reader: Reader[FromServer] = Reader(FromServer)
    data = pack(Hello(IDENTITY, None))
    assert list(reader.feed(data[:-1])) == []
    assert list(reader.feed(data[-1:])) == [Hello(IDENTITY, None)]
