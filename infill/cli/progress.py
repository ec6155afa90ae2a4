"""A bar on stderr for whoever waits at a terminal; nothing anywhere else."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from model.types import OnBytes

_SHORT_S = 1.0  # what takes less needs no bar


def wants_bar(as_json: bool) -> bool:
    """Return whether a person looks at stderr: no program, no log of a CI."""
    return not as_json and not os.environ.get("CI") and sys.stderr.isatty()


@contextmanager
def byte_bar(label: str, wanted: bool) -> Generator[OnBytes | None]:
    """Give a function that takes the bytes done and all bytes, and shows them; None where nobody looks."""
    if not wanted:
        yield None
        return
    bar: Any = None

    def on_bytes(done: int, total: int) -> None:
        nonlocal bar
        if bar is None:
            from tqdm import tqdm  # most models are open before there is anything to show

            bar = tqdm(desc=label, total=total, unit="B", unit_scale=True, delay=_SHORT_S, leave=False)
        bar.update(done - bar.n)

    try:
        yield on_bytes
    finally:
        if bar is not None:
            bar.close()
