"""What the user answered when asked whether to fetch the default model: one file for all windows and workspaces."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from dg_lsp.user_folders import locked, replace_privately, state_folder

AGAIN_AFTER_S = 7 * 24 * 3600.0

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
    with locked(answers_path()):
        if not may_ask(_read(), now):
            return False
        replace_privately(answers_path(), msgspec.json.encode(Kept("asked", now)) + b"\n")
        return True


def keep(answer: Answer, now: float) -> None:
    """Keep what the user answered. Blocks; raises OSError where the file cannot be written."""
    with locked(answers_path()):
        replace_privately(answers_path(), msgspec.json.encode(Kept(answer, now)) + b"\n")


def _read() -> Kept | None:
    try:
        return msgspec.json.decode(answers_path().read_bytes(), type=Kept)
    except (FileNotFoundError, msgspec.DecodeError):  # a broken file is as good as none
        return None
