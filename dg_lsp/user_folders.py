"""The folder in which the server keeps what outlives a session: the counts of suggestions and the engine's log."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

LOCK_LIMIT_S = 1.0  # another process needs a few milliseconds
VARIABLE = "DG_LSP_RUNTIME_DIR"  # names one folder for everything, in place of the system's usual folders


def state_folder() -> Path:
    """Return where logs and counts are kept; it may not exist. Raises OSError for a user without a home."""
    if given := os.environ.get(VARIABLE):
        return Path(given).absolute()
    name = "LOCALAPPDATA" if os.name == "nt" else "XDG_STATE_HOME"
    state = os.environ.get(name, "")
    usual = Path("AppData", "Local") if os.name == "nt" else Path(".local", "state")
    return (Path(state) if os.path.isabs(state) else home() / usual) / "dg-lsp"


def home() -> Path:
    """Return the user's home folder; raises OSError where there is none."""
    try:
        return Path.home()
    except RuntimeError:  # neither HOME nor an entry in the list of users
        raise OSError("this user has no home folder") from None


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Hold the lock beside a file; raises OSError when another process holds it for too long."""
    from filelock import FileLock  # takes 100 ms to import, which would delay the start of the server

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock"), timeout=LOCK_LIMIT_S, mode=0o600):
        yield


def replace_privately(path: Path, content: bytes) -> None:
    """Replace a file whose lock is held by one that only this user can read."""
    temporary = path.with_suffix(".tmp")  # nobody else uses it: we hold the lock
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(handle, "wb") as stream:
        stream.write(content)
    temporary.replace(path)
