"""An engine process whose model is a script: `python scripted_engine.py SCRIPT LINGER_S` and what a starter adds."""

from __future__ import annotations

import sys
from pathlib import Path

from dg_lsp.engine.process import main
from infill.types import Filler
from model.types import OnBytes
from tests.scripted_filler import open_script


def open_half(script: Path, on_bytes: OnBytes) -> Filler:
    """Of a script that is a pipe, one byte of four is there until somebody writes to it."""
    on_bytes(1, 4)
    filler = open_script(script)
    on_bytes(4, 4)
    return filler


if __name__ == "__main__":
    script, linger_s, *given = sys.argv[1:]
    main([*given, "--linger", linger_s], lambda _identity, on_bytes: open_half(Path(script), on_bytes))
