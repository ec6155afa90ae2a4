"""The user's cache folder of this project; any part of it may be deleted at any time."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_cache_path


def user_cache() -> Path:
    """Return the folder, which may not exist; raises OSError for a user without a home folder."""
    try:
        return user_cache_path("dg-lsp", appauthor=False)
    except RuntimeError:  # neither HOME nor an entry in the list of users
        raise OSError("this user has no home folder; set HOME, or XDG_CACHE_HOME to a folder of your own") from None
