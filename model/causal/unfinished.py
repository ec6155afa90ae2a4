"""Where a folder is written before it has its name, and what becomes of it when the process that writes is killed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOCK = ".writing"  # held by whoever writes there; a killed process holds none


@contextmanager
def unfinished(folder: Path) -> Iterator[Path]:
    """A new hidden folder beside `folder`, gone afterwards; those of killed processes go first."""
    from filelock import FileLock  # takes 100 ms to import

    prefix = f".{folder.name}."
    for left in folder.parent.glob(f"{prefix}*/{LOCK}"):
        _remove_unless_locked(left)
    made = Path(tempfile.mkdtemp(prefix=prefix, dir=folder.parent))
    try:
        with FileLock(made / LOCK):
            yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _remove_unless_locked(lock: Path) -> None:
    """Remove a lock's folder where nobody holds it."""
    from filelock import FileLock, Timeout

    with suppress(Timeout, OSError), FileLock(lock, timeout=0):
        shutil.rmtree(lock.parent)
