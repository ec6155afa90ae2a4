"""Checkpoints of the Hugging Face hub, fetched into its cache when a person says so.

Beside `model/http` the only thing in the project that uses the network, through the hub's own client, its environment
(`HF_ENDPOINT`, `HF_TOKEN`, `HF_HUB_CACHE`) and its bars.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import msgspec

from model.config import check_folder
from model.types import CancelToken, CheckpointError, OnBytes
from model.weights.shards import weight_files

SMALL = ("*.json", "*.jinja", "LICENSE*", "README.md")  # all but the weights
SPARE = 1.02  # what a file system takes on top
BYTES_BAR = "huggingface_hub.snapshot_download"  # the client's name for its bar of the bytes that are on disk


class Plan(msgspec.Struct, frozen=True):
    """What fetching a checkpoint comes to."""

    folder: Path
    n_files: int
    n_bytes: int
    left_bytes: int  # of the files that are not there yet
    left_out: int  # files that hold nothing but the vision tower


def fetch(
    repo: str, revision: str | None, on_plan: Callable[[Plan], None], shows_bars: bool, cancel: CancelToken
) -> Path:
    """Fetch a checkpoint's text weights and what belongs to them; the folder. Raises `CheckpointError`.

    A file that is there is not fetched again, and a connection that breaks goes on where it broke. `on_plan` is
    called before the weights are fetched. A cancel ends it at the next 10 MiB of any file.
    """
    from huggingface_hub import constants
    from huggingface_hub.utils import disable_progress_bars

    constants.HF_HUB_DISABLE_TELEMETRY = True  # else requests say which libraries are installed here
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # what it tries again is no news
    if not shows_bars:
        disable_progress_bars()
    folder = Path(download(repo, revision, SMALL, cancel))
    check_folder(folder)  # before gigabytes of another model
    needed, left_out = weight_files(folder)
    commit, wanted = folder.name, (*SMALL, *needed)
    files = download(repo, commit, wanted, cancel, dry_run=True)
    left = sum(file.file_size for file in files if file.will_download)
    on_plan(Plan(folder, len(files), sum(file.file_size for file in files), left, len(left_out)))
    free = shutil.disk_usage(folder).free
    if left * SPARE > free:
        raise CheckpointError(
            f"{repo}: {left / 1e9:.1f} GB must be fetched, but only {free / 1e9:.1f} GB are free in "
            f"{constants.HF_HUB_CACHE}; make room, or set HF_HUB_CACHE to a folder on another disk"
        )
    return Path(download(repo, commit, wanted, cancel))


def snapshots() -> Iterator[tuple[Path, int]]:
    """Every snapshot of a model in the hub's cache, and its bytes on disk; raises OSError where it cannot be read."""
    from huggingface_hub import CacheNotFound, scan_cache_dir

    with contextlib.suppress(CacheNotFound):
        try:
            found = scan_cache_dir().repos
        except ValueError as error:  # the cache is a file
            raise OSError(str(error).partition(". ")[0]) from None
        except RuntimeError:  # `~` leads nowhere
            raise OSError("this user has no home folder; set HF_HUB_CACHE to a folder of your own") from None
        for repo in sorted(found, key=lambda repo: repo.repo_id):
            if repo.repo_type == "model":
                for revision in sorted(repo.revisions, key=lambda revision: revision.snapshot_path):
                    yield revision.snapshot_path, revision.size_on_disk


def download(
    repo: str,
    revision: str | None,
    files: tuple[str, ...],
    cancel: CancelToken,
    dry_run: bool = False,
    on_bytes: OnBytes | None = None,
) -> Any:
    """Return the folder with the files, or for a dry run what would be fetched; raises `CheckpointError`.

    `on_bytes` hears of the bytes that are on disk, from any of the client's threads.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils import tqdm

    class Bar(tqdm):
        """The hub's bar, which its threads move: the only place where they can be told to stop, and heard."""

        def __init__(self, *args: Any, **given: Any) -> None:
            self.tells = on_bytes if given.get("name") == BYTES_BAR else None
            self.done = 0.0  # a bar that is not shown does not count
            super().__init__(*args, **given)

        def update(self, n: float | None = 1) -> bool | None:
            if cancel.cancelled:
                raise InterruptedError("interrupted")
            self.done += n or 0
            if self.tells is not None and self.total:
                self.tells(int(self.done), int(self.total))
            return super().update(n)

    try:
        return snapshot_download(
            repo, revision=revision, allow_patterns=list(files), dry_run=dry_run, tqdm_class=cast("Any", Bar)
        )
    except Exception as error:  # the client's, its HTTP library's and the system's kinds have no common base
        reason = next((line for line in map(str.strip, str(error).splitlines()) if line), type(error).__name__)
        raise CheckpointError(f"{repo}: cannot be fetched: {reason}") from None
