"""The user's folders of this project: a cache, which may be deleted at any time, fetched models, and state."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from platformdirs import user_cache_path, user_data_path, user_state_path


def user_cache() -> Path:
    """Return the folder of the cache, which may not exist; raises OSError for a user without a home folder."""
    return _of_user(user_cache_path, "XDG_CACHE_HOME")


def user_models() -> Path:
    """Return the folder of models that were fetched by name, which may not exist; raises OSError as `user_cache`."""
    return _of_user(user_data_path, "XDG_DATA_HOME") / "models"


def user_state() -> Path:
    """Return the folder of what outlives a process, which may not exist; raises OSError as `user_cache`."""
    return _of_user(user_state_path, "XDG_STATE_HOME")


def _of_user(find: Callable[..., Path], variable: str) -> Path:
    try:
        return find("dg-lsp", appauthor=False)
    except RuntimeError:  # neither HOME nor an entry in the list of users
        raise OSError(f"this user has no home folder; set HOME, or {variable} to a folder of your own") from None
