r"""Bytes in, message bodies out: the `Content-Length` framing of the base protocol, without input or output.

Lenient where the meaning is clear (any case, any order of headers, a bare `\n`, rubbish before the
header), and it finds its feet again after a header block that says nothing usable.
"""

from __future__ import annotations

import re

MAX_BODY_BYTES = 256 * 2**20  # a larger claim is a broken header, not a message to wait for

_HEADERS_END = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(rb"content-length[ \t]*:[ \t]*(\d{1,12})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


def frame(body: bytes) -> bytes:
    """Return the body with its header, as it goes on the wire."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


class FrameParser:
    """Collects chunks and gives back the bodies that are complete."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._body_bytes: int | None = None

    def feed(self, chunk: bytes) -> list[bytes]:
        """Bodies that this chunk completes, in order."""
        self._buffer += chunk
        bodies: list[bytes] = []
        while (body := self._next()) is not None:
            bodies.append(body)
        return bodies

    def _next(self) -> bytes | None:
        while self._body_bytes is None:
            end = _HEADERS_END.search(self._buffer)
            if end is None:
                return None
            length = _LENGTH.findall(self._buffer, 0, end.start())
            del self._buffer[: end.end()]
            if length and int(length[-1]) <= MAX_BODY_BYTES:
                self._body_bytes = int(length[-1])
        if len(self._buffer) < self._body_bytes:
            return None
        body = bytes(self._buffer[: self._body_bytes])
        del self._buffer[: self._body_bytes]
        self._body_bytes = None
        return body
