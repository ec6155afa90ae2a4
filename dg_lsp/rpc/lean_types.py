"""Imports the protocol's types without generated `__repr__`s, which take a quarter of the server's start.

lsprotocol defines 554 attrs classes when it is imported, and attrs compiles each method of each. Only the
reprs are left out: equality is used. Import this before anything that imports lsprotocol;
later it changes nothing.
"""

from __future__ import annotations

from functools import partial
from typing import Any, cast

import attrs


def import_types() -> None:
    """Import `lsprotocol.types` leanly; does nothing where it is imported already."""
    module, define = cast(Any, attrs), attrs.define
    module.define = partial(define, repr=False)
    try:
        import lsprotocol.types  # noqa: F401 # pyright: ignore[reportUnusedImport]
    finally:
        module.define = define
