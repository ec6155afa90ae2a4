"""Whether the encoding that a document declares for itself can write a text; what it cannot is not offered."""

from __future__ import annotations

import functools

from infill.syntax.declared_encoding import HEAD, declared_encoding
from infill.types import InputError


def is_encodable(text: str, document: str) -> bool:
    """Return whether `text` can be written in the document's declared encoding; an unknown one can write ASCII."""
    return text.isascii() or _can_write(document[:HEAD], text)


@functools.lru_cache(maxsize=64)
def _can_write(head: str, text: str) -> bool:
    try:
        text.encode(declared_encoding(head))
    except (InputError, UnicodeEncodeError):
        return False
    return True
