"""Where a checkpoint is: a folder, or the id of one in the Hugging Face hub's cache. Asks no network."""

from __future__ import annotations

import os
import re
from pathlib import Path

from model.types import CheckpointError

ID = re.compile(r"([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?:@([\w./-]+))?")  # OWNER/NAME, maybe @REVISION
MAIN = "main"


def find(model: str) -> Path:
    """The folder that a person means, by its path or by its id on the hub.

    A path that is not there is returned as it is; an id that was not fetched raises `CheckpointError`.
    """
    folder, named = path_of(model), ID.fullmatch(model)
    if folder.exists() or not named:
        return folder
    found = snapshot(named[1], named[2] or MAIN)
    if found is None:
        revision = f" --revision {named[2]}" if named[2] else ""
        raise CheckpointError(
            f"{model}: no such folder, nor is it in the Hugging Face cache; infill model fetch {named[1]}{revision}"
        )
    return found


def path_of(text: str) -> Path:
    """The path that a person wrote, with `~` expanded where that user has a home folder, else as it is."""
    return Path(os.path.expanduser(text))


def snapshot(repo: str, revision: str) -> Path | None:
    """The folder of a repository in the hub's cache, whole or not.

    Read as the hub lays it out: its own look-up imports an HTTP client, which a server's start has no time for.
    """
    from huggingface_hub import constants

    storage = Path(constants.HF_HUB_CACHE, f"models--{repo.replace('/', '--')}")
    reference = storage / "refs" / revision
    folder = storage / "snapshots" / (reference.read_text().strip() if reference.is_file() else revision)
    return folder if folder.is_dir() else None


def name_of(folder: Path) -> str:
    """What people call a checkpoint: a folder by its name, one of the hub's cache by its id."""
    storage = folder.parent.parent.name
    if folder.parent.name == "snapshots" and storage.startswith("models--"):
        return storage.removeprefix("models--").replace("--", "/")
    return folder.name
