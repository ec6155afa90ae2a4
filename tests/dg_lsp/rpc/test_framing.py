from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dg_lsp.rpc.framing import FrameParser, frame


@given(st.lists(st.binary(max_size=30), max_size=5), st.integers(1, 9))
def test_bodies_come_back_however_the_bytes_are_cut(bodies: list[bytes], size: int) -> None:
    wire = b"".join(map(frame, bodies))
    parser = FrameParser()
    cut = [wire[i : i + size] for i in range(0, len(wire), size)]
    assert [body for chunk in cut for body in parser.feed(chunk)] == bodies


@pytest.mark.parametrize(
    "header",
    [
        b"content-length: 2\r\n\r\n",
        b"CONTENT-LENGTH:2\r\n\r\n",
        b"Content-Type: x; charset=utf-8\r\nContent-Length: 2\r\n\r\n",
        b"Content-Length: 2\r\nContent-Type: x\r\n\r\n",
        b"Content-Length: 2\n\n",
        b"rest of something}Content-Length: 2\r\n\r\n",
        b"Content-Length: two\r\n\r\nContent-Length: 2\r\n\r\n",
        b"Content-Length: -2\r\n\r\nContent-Length: 2\r\n\r\n",
        b"Content-Length: 999999999999\r\n\r\nContent-Length: 2\r\n\r\n",
        b"Content-Length: 2, 2\r\n\r\nContent-Length: 2\r\n\r\n",
    ],
)
def test_headers_are_read_leniently_and_useless_ones_skipped(header: bytes) -> None:
    assert FrameParser().feed(header + b"{}" + frame(b"[]")) == [b"{}", b"[]"]
