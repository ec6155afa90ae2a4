"""The file in the user's state folder where the counts of all servers are added up; `dg-lsp stats` reads it.

Only its user can read it. Each change reads, adds and replaces the file under a lock, so several servers lose
nothing and a reader sees a whole file. Blocks: not for the protocol thread.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Generator
from pathlib import Path

import msgspec

from dg_lsp.engine.runtime_dir import state_folder
from dg_lsp.stats.counts import Counts

log = logging.getLogger(__name__)

LOCK_LIMIT_S = 1.0  # for another server's few milliseconds
_PAUSE_S = 0.01


def counts_path() -> Path:
    """Return where the counts are; the file may not be there."""
    return state_folder() / "stats.json"


def read_counts() -> Counts:
    """Return all that was counted; raises OSError, and `msgspec.DecodeError` for a file that is none of ours."""
    try:
        return msgspec.json.decode(counts_path().read_bytes(), type=Counts)
    except FileNotFoundError:
        return Counts()


def add_counts(counts: Counts) -> None:
    """Add to the file; raises OSError where that cannot be. A broken file is begun anew."""
    with _locked():
        try:
            known = read_counts()
        except msgspec.DecodeError:
            log.warning("the counts in %s cannot be read and begin anew", counts_path())
            known = Counts()
        known.add(counts)
        _write(known)


def reset_counts() -> None:
    """Begin anew; raises OSError."""
    with _locked():
        counts_path().unlink(missing_ok=True)


def _write(counts: Counts) -> None:
    """Put a new file, for this user's eyes, in the place of the old one."""
    path = counts_path()
    temporary = path.with_suffix(".tmp")  # one at a time: the lock is ours
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(handle, "wb") as stream:
        stream.write(msgspec.json.format(msgspec.json.encode(counts)) + b"\n")
    temporary.replace(path)


@contextlib.contextmanager
def _locked() -> Generator[None]:
    """Hold the lock beside the file; raises OSError when others hold it for too long."""
    path = counts_path().with_suffix(".lock")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    until = time.monotonic() + LOCK_LIMIT_S
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as lock:
        while not _take(lock.fileno()):
            if time.monotonic() > until:
                raise TimeoutError("another server holds the lock of the counts")
            time.sleep(_PAUSE_S)
        yield  # closing the file gives the lock back


def _take(lock: int) -> bool:
    """Take the lock unless another has it."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
