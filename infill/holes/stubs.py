"""Files of declarations, whose bodies are never written. Knows no grammar: the server asks on its protocol thread."""

from __future__ import annotations

STUB_SUFFIXES = (".pyi", ".d.ts", ".d.mts", ".d.cts")


def is_stub(path: str) -> bool:
    """Return whether a path or URI names such a file."""
    return path.lower().endswith(STUB_SUFFIXES)
