"""A copy of a tree, in which changes are tried: what git tracks or does not ignore, and links to what must be carried.

Files are cloned where the file system can do that, so that a large tree costs little. The tree itself is only read.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from infill.files.decode import printable
from infill.files.read import cause
from infill.types import InputError

_CLONE = 0x40049409  # FICLONE of Linux


class Scratch:
    """The copy of `root` in `folder`, which must not be there yet; a journal beside it is not copied."""

    def __init__(self, root: str, folder: Path, carry: Sequence[str] = ()) -> None:
        """Copy the tree; raises `InputError` where that is not possible."""
        self.folder = folder
        self._root = Path(root)
        self._put: dict[str, bytes] = {}
        self._seconds = int(time.time())
        try:
            names = list(_names(self._root))  # before there is a copy, which may lie in the tree
            beside = folder.parent if self._root in folder.parent.parents else folder
            folder.mkdir(parents=True, mode=0o700)
            for name in names:
                if not (self._root / name).is_relative_to(beside):
                    _copy(self._root / name, folder / name)
            for name in carry:
                self._link(name)
        except OSError as error:
            raise InputError(
                f"verify: the tree cannot be copied to {printable(str(folder))} ({cause(error)})"
            ) from None

    def put(self, contents: Mapping[str, bytes]) -> None:
        """Have these files, by their paths in the tree, with these bytes, and all that were put before as they were."""
        wanted = dict(contents)
        for name in self._put:
            wanted.setdefault(name, (self._root / name).read_bytes())
        # Newer than all before, to the second: tools that build tell by it what changed.
        self._seconds = max(self._seconds + 1, int(time.time()))
        for name, data in wanted.items():
            path = self.folder / name
            if path.read_bytes() != data:
                path.write_bytes(data)
                os.utime(path, (self._seconds, self._seconds))
        self._put = {name: data for name, data in wanted.items() if name in contents}

    def remove(self) -> None:
        """Delete the copy."""
        remove(self.folder)

    def _link(self, name: str) -> None:
        pure = PurePosixPath(name)
        source = self._root / name
        if pure.is_absolute() or ".." in pure.parts or not source.exists():
            raise InputError(f"verify.carry {printable(name)}: is nothing in the tree")
        target = self.folder / name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(source, source.is_dir())


def remove(folder: Path) -> None:
    """Delete a copy, which a run that was killed may have left."""
    shutil.rmtree(folder, ignore_errors=True)


def _names(root: Path) -> Iterator[str]:
    """Yield what to copy: what git tracks or does not ignore; without git, all files."""
    listed = None
    if (root / ".git").exists():
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]
        with contextlib.suppress(OSError):
            listed = subprocess.run(command, cwd=root, capture_output=True, check=False)
    if listed is not None and listed.returncode == 0:
        yield from (raw.decode("utf-8", "surrogateescape") for raw in listed.stdout.split(b"\0") if raw)
        return
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name != ".git"]
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        yield from (os.path.relpath(os.path.join(folder, name), root) for name in (*files, *links))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        target.symlink_to(os.readlink(source))
    elif source.is_file():  # git also lists what was deleted, and folders that are repositories of their own
        if not _cloned(source, target):
            shutil.copyfile(source, target)
        shutil.copystat(source, target)


def _cloned(source: Path, target: Path) -> bool:
    if sys.platform != "linux":
        return False
    import fcntl

    with open(source, "rb") as old, open(target, "wb") as new:
        try:
            fcntl.ioctl(new.fileno(), _CLONE, old.fileno())
        except OSError:
            return False
    return True
