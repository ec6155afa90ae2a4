"""Engines of a benchmark run alone: not the developer's, which is warm already, and none stays behind."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager

from dg_lsp.app.engine_cli import stop
from dg_lsp.engine.runtime_dir import socket_paths, supported
from dg_lsp.user_folders import VARIABLE


@contextmanager
def engines_apart() -> Generator[None]:
    """A runtime folder for what is started inside."""
    before = os.environ.get(VARIABLE)
    with tempfile.TemporaryDirectory(prefix="dg-lsp-bench-") as folder:
        os.environ[VARIABLE] = folder
        try:
            yield
        finally:
            for path in socket_paths() if supported() else ():
                stop(path)
            if before is None:
                del os.environ[VARIABLE]
            else:
                os.environ[VARIABLE] = before
