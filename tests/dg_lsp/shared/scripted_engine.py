"""An engine process whose model is a script: `python scripted_engine.py SCRIPT LINGER_S` and what a starter adds."""

from __future__ import annotations

import sys
from pathlib import Path

from dg_lsp.scripted import open_script
from dg_lsp.shared.process import main

if __name__ == "__main__":
    script, linger_s, *given = sys.argv[1:]
    main([*given, "--linger", linger_s], lambda _identity, _on_bytes: open_script(Path(script)))
