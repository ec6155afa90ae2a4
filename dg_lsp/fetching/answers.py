"""What the user answered when asked whether to fetch the default model: one file for all windows and workspaces."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from dg_lsp.user_folders import state_folder

AGAIN_AFTER_S = 7 * 24 * 3600.0
LOCK_LIMIT_S = 1.0  # another window needs a few milliseconds

# "asked" is a question without an answer, "fetch" a fetch that has not come to its end.
Answer = Literal["asked", "not_now", "never", "fetch", "fetched"]
_FOR_GOOD: tuple[Answer, ...] = ("never", "fetched")  # who removes a fetched model does not want it


class Kept(msgspec.Struct, frozen=True):
    """The last answer, and when it was given."""

    answer: Answer
    at: float  # seconds since the epoch


def answers_path() -> Path:
    """Return where the answer is kept; the file may not exist. Raises OSError for a user without a home."""
    return state_folder() / "default-model.json"


def may_ask(kept: Kept | None, now: float) -> bool:
    """Return whether the user may be asked at `now`, in seconds since the epoch."""
    return kept is None or (kept.answer not in _FOR_GOOD and not 0 <= now - kept.at < AGAIN_AFTER_S)


def claim(now: float) -> bool:
    """Return whether this window is to ask, and take note that it does: no other one will. Blocks; raises OSError."""
    with _locked():
        if not may_ask(_read(), now):
            return False
        _write(Kept("asked", now))
        return True


def keep(answer: Answer, now: float) -> None:
    """Keep what the user answered. Blocks; raises OSError where the file cannot be written."""
    with _locked():
        _write(Kept(answer, now))


def _read() -> Kept | None:
    try:
        return msgspec.json.decode(answers_path().read_bytes(), type=Kept)
    except (FileNotFoundError, msgspec.DecodeError):  # a broken file is as good as none
        return None


def _write(kept: Kept) -> None:
    """Replace the file by one that only this user can read."""
    path = answers_path()
    temporary = path.with_suffix(".tmp")  # nobody else uses it: we hold the lock
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(handle, "wb") as stream:
        stream.write(msgspec.json.encode(kept) + b"\n")
    temporary.replace(path)


@contextmanager
def _locked() -> Generator[None]:
    """Hold the lock beside the file; raises OSError when another process holds it for too long."""
    from filelock import FileLock  # takes 100 ms to import, which would delay the start of the server

    path = answers_path().with_suffix(".lock")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with FileLock(path, timeout=LOCK_LIMIT_S, mode=0o600):
        yield
