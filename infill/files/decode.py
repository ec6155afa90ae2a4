"""From the bytes of a source file to its text and back without loss, or a refusal of one line."""

from __future__ import annotations

import codecs

from infill.syntax.declared_encoding import HEAD, UTF_8, declared_encoding
from infill.types import InputError

MAX_BYTES = 5_000_000  # a larger file is data, not source
BOM = "\ufeff"


def printable(name: str) -> str:
    """Return `name` on one line, with control characters and undecodable bytes escaped."""
    return name if name.isprintable() else repr(name)[1:-1]


def decode(name: str, raw: bytes) -> tuple[str, str]:
    """Return the text and the encoding that it declares; raises InputError where the bytes do not fit it."""
    name = printable(name)
    if len(raw) > MAX_BYTES:
        raise InputError(f"{name}: is too large (the limit is {MAX_BYTES / 1e6:.0f} MB)")
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # UTF-32 LE starts the same way
        raise InputError(f"{name}: is not UTF-8 text (byte offset 0 starts a UTF-16 or UTF-32 mark)")
    nul_offset = raw.find(b"\0")
    if nul_offset >= 0:
        raise InputError(f"{name}: is binary, not UTF-8 text (NUL byte at offset {nul_offset})")
    encoding = UTF_8 if raw.startswith(codecs.BOM_UTF8) else _encoding_of(name, raw)
    shown = encoding.upper()
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: is not {shown} text (first bad byte at offset {error.start})") from None
    if encoding != UTF_8 and text.encode(encoding, "replace") != raw:
        raise InputError(f"{name}: could not be written back as it is in {shown}")
    return text.removeprefix(BOM), encoding


def _encoding_of(name: str, raw: bytes) -> str:
    """Return the encoding that the file declares; `InputError` for one that is unknown here."""
    try:
        return declared_encoding(raw[:HEAD].decode("latin-1"))
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
