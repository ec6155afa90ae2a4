"""The folder in which the server keeps what outlives a session: the counts of suggestions and the engine's log."""

from __future__ import annotations

import os
from pathlib import Path

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
