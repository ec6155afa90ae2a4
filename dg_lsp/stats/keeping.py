"""Keeps the counts of all servers in one file in the user's state folder; only that user can read it.

Each change reads, adds and replaces the file under a lock, so several servers lose nothing and a reader sees a
whole file. The functions block: they are not for the protocol's thread.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import suppress
from pathlib import Path

import msgspec

from dg_lsp.stats.counting import Counts, UsageStats
from dg_lsp.user_folders import locked, replace_privately, state_folder

log = logging.getLogger(__name__)

EVERY_S = 60.0  # between two writings of one server
_JOIN_LIMIT_S = 2.0


def counts_path() -> Path:
    """Return where the counts are; the file may not exist. Raises OSError for a user without a home."""
    return state_folder() / "stats.json"


def read_counts() -> Counts:
    """Return all that was counted; raises OSError, and `msgspec.DecodeError` for a file that is not ours."""
    try:
        return msgspec.json.decode(counts_path().read_bytes(), type=Counts)
    except FileNotFoundError:
        return Counts()


def add_counts(counts: Counts) -> None:
    """Add counts to the file; a broken file is replaced. Raises OSError where the file cannot be written."""
    with locked(counts_path()):
        try:
            known = read_counts()
        except msgspec.DecodeError:
            log.warning("the counts in %s cannot be read and start again at zero", counts_path())
            known = Counts()
        known.add(counts)
        replace_privately(counts_path(), msgspec.json.format(msgspec.json.encode(known)) + b"\n")


def reset_counts() -> None:
    """Remove the file; raises OSError."""
    with locked(counts_path()):
        counts_path().unlink(missing_ok=True)


class CountsWriter:
    """Writes the counts of one server to the file, once a minute while there are new ones and at the end."""

    def __init__(self, usage: UsageStats) -> None:
        self._usage = usage
        self._timer: asyncio.TimerHandle | None = None
        self._thread: threading.Thread | None = None
        usage.on_count = self._write_later

    def close(self) -> None:
        """Write what is left, after the event loop has ended. Blocks for at most a few seconds."""
        if self._timer is not None:
            self._timer.cancel()
        if self._thread is not None:
            self._thread.join(_JOIN_LIMIT_S)
        counts = self._usage.take()
        if counts != Counts():
            _try_to_add(counts)

    def _write_later(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(EVERY_S, self._write_now)

    def _write_now(self) -> None:
        self._timer = None
        counts, loop = self._usage.take(), asyncio.get_running_loop()

        def write() -> None:
            if not _try_to_add(counts):
                with suppress(RuntimeError):  # the loop has closed
                    loop.call_soon_threadsafe(self._put_back, counts)

        self._thread = threading.Thread(target=write, name="dg-lsp-counts", daemon=True)
        self._thread.start()

    def _put_back(self, counts: Counts) -> None:
        """Keep counts that could not be written for the next time."""
        self._usage.counts.add(counts)


def _try_to_add(counts: Counts) -> bool:
    try:
        add_counts(counts)
    except OSError as error:
        log.debug("the counts cannot be written: %s", type(error).__name__)
        return False
    return True
