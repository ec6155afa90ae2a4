"""The default model as something that can be fetched: once at a time, in whatever window."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable, Sequence
from typing import Any

from dg_lsp.fetching.process import Failure, FetchProcess, Progress
from dg_lsp.user_folders import state_folder
from model.catalog import CATALOG, Entry
from model.config import DEFAULT_NAME, fetched_default
from model.types import CheckpointError
from model.user_folders import user_cache, user_models

ENTRY: Entry = CATALOG[DEFAULT_NAME]
COMMAND = (sys.executable, "-P", "-m", "infill", "model", "fetch", DEFAULT_NAME, "--json", "--progress")
ON_DISK_BYTES = 1_054_000_000  # of the converted model and of the file, which stays in the hub's cache
DISK_TIMES = 2.5  # times the download: what fetching takes at its worst, with everything on one disk

IS_FETCHED_ELSEWHERE = Failure("another window or program is fetching it")


class DefaultModel:
    """Fetches the default model with the `command`; None where there is nothing to fetch. For the loop's thread."""

    def __init__(self, command: Sequence[str] | None) -> None:
        self._command = command
        self._running: FetchProcess | None = None

    @property
    def can_be_fetched(self) -> bool:
        """Whether there is a command for it: not in a server that was started with a model of its own."""
        return self._command is not None

    @property
    def is_missing(self) -> bool:
        """Whether it could be fetched and is not here."""
        return self._command is not None and fetched_default() is None

    @property
    def is_being_fetched(self) -> bool:
        """Whether this window is fetching it."""
        return self._running is not None

    async def fetch(self, on_progress: Callable[[Progress], None]) -> Failure | None:
        """Fetch it; return why it is not here, None when it is."""
        if self._command is None or self._running is not None:
            return IS_FETCHED_ELSEWHERE
        self._running = running = FetchProcess(self._command, on_progress)
        try:
            lock = await asyncio.to_thread(_lock)
            if lock is None:
                return IS_FETCHED_ELSEWHERE
            try:
                return await running.run()
            finally:
                lock.release()
        except OSError as error:
            return Failure(f"{error}")
        finally:
            running.cancel()  # does nothing to one that has ended
            self._running = None

    def cancel(self) -> None:
        """End a fetch that runs; what was fetched stays for the next one."""
        if self._running is not None:
            self._running.cancel()

    async def ended(self, limit_s: float) -> None:
        """Wait for a fetch that was cancelled to end, at most so long."""
        if self._running is not None:
            await self._running.ended(limit_s)


def has_room() -> bool:
    """Return whether the disk has room for it. Blocks."""
    try:
        places = user_cache(), user_models()
        above = [next(folder for folder in (place, *place.parents) if folder.exists()) for place in places]
        return all(shutil.disk_usage(place).free > DISK_TIMES * ENTRY.n_bytes for place in above)
    except (OSError, CheckpointError):
        return False


def _lock() -> Any:
    """Return the lock of the one process that fetches, which ends with the process; None where another has it."""
    from filelock import FileLock, Timeout  # takes 100 ms to import

    path = state_folder() / "fetch.lock"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        lock = FileLock(path, timeout=0, mode=0o600, thread_local=False)  # let go of by another thread
        lock.acquire()
        return lock
    except Timeout:
        return None
