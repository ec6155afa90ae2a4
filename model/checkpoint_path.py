"""Where a checkpoint is: a folder, a fetched model's name, or an id in the Hugging Face hub's cache. No network."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from model.catalog import CATALOG
from model.types import CheckpointError
from model.user_folders import user_models

ID = re.compile(r"([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?:@([\w./-]+))?")  # OWNER/NAME, maybe @REVISION
NAME = re.compile(r"[A-Za-z0-9][\w.-]*")  # of a fetched model
MAIN = "main"


def find(model: str) -> Path:
    """The folder that a person means, by its path, by the name of a fetched model, or by its id on the hub.

    A path that is not there is returned as it is; a model that was not fetched raises `CheckpointError`.
    """
    folder, named = path_of(model), ID.fullmatch(model)
    if folder.exists():
        return folder
    if (fetched := fetched_folder(model)) is not None:
        return fetched
    if (entry := CATALOG.get(model)) is not None:
        what = f"{entry.n_bytes / 1e6:.0f} MB, licence {entry.license}"
        raise CheckpointError(f"{model}: is not on this machine; infill model fetch {model} gets it ({what})")
    if not named:
        return folder
    found = snapshot(named[1], named[2] or MAIN)
    if found is None:
        revision = f" --revision {named[2]}" if named[2] else ""
        raise CheckpointError(
            f"{model}: no such folder, nor is it in the Hugging Face cache; infill model fetch {named[1]}{revision}"
        )
    return found


def fetched_folder(name: str) -> Path | None:
    """The folder of a model that was fetched by its name, if it was."""
    if not NAME.fullmatch(name):
        return None
    with suppress(OSError):  # no home folder: nothing was fetched
        folder = user_models() / name
        return folder if folder.is_dir() else None
    return None


def fetched_folders() -> list[Path]:
    """The folders of all models that were fetched by their names, in order; raises OSError as `user_models`."""
    folder = user_models()
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(one for one in found if one.is_dir() and not one.name.startswith("."))


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
