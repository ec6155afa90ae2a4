"""Writes source files: all or none, whole or not at all, and with what belongs to them."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path

from infill.files.attributes import copy_attributes, n_names
from infill.files.decode import printable
from infill.files.read import SourceFile, cause
from infill.files.signals import no_end
from infill.types import InputError

TEMPORARY = ".infill-"  # what the name of a file begins with that is not in its place yet


def check_writable(source: SourceFile) -> None:
    """Raise InputError when writing `source` would certainly fail, before a model is loaded for it."""
    if source.path is None:
        return
    # access() asks for the real user; under sudo or a setuid helper the effective one decides.
    effective = os.access in os.supports_effective_ids
    if not os.access(source.path, os.W_OK, effective_ids=effective):
        raise InputError(f"{printable(source.name)}: is read-only, so it cannot be written")
    if not os.access(source.path.parent, os.W_OK | os.X_OK, effective_ids=effective):
        raise InputError(f"{printable(source.name)}: its folder is read-only, so it cannot be replaced safely")
    if (names := n_names(source.path)) > 1:
        raise InputError(
            f"{printable(source.name)}: has {names} names (hard links), and would be written under one of them only; "
            "pipe it in and use - as its name"
        )


def write_all(changes: Sequence[tuple[SourceFile, str]]) -> None:
    """Replace the text of every file or of none; mode, owner (when permitted), attributes and links to them are kept.

    Raises InputError when a file has changed since it was read. A reader sees the old or the new file, never a part.
    Signals to end have to wait.
    """
    with no_end():
        _write_all(changes)


def _write_all(changes: Sequence[tuple[SourceFile, str]]) -> None:
    staged: list[tuple[SourceFile, Path]] = []
    name = ""
    try:
        for source, text in changes:
            name = printable(source.name)
            staged.append((source, _stage(_path_of(source), source.encode(text))))
        for source, _ in staged:
            name = printable(source.name)
            if _path_of(source).read_bytes() != source.raw:
                raise InputError(f"{name}: changed on disk since it was read; nothing was written")
        _replace_each(staged)
    except OSError as error:
        raise InputError(f"{name}: cannot be written ({cause(error)}); nothing was written") from None
    finally:
        for _, temporary in staged:
            temporary.unlink(missing_ok=True)


def _replace_each(staged: Sequence[tuple[SourceFile, Path]]) -> None:
    """Move every staged file into place; when one fails, restore those already moved."""
    begun: list[SourceFile] = []
    try:
        for source, temporary in staged:
            begun.append(source)
            os.replace(temporary, _path_of(source))
            _sync_folder(_path_of(source).parent)
    except BaseException:  # a Ctrl-C between two files must not leave half of them written, either
        for source in begun:
            path = _path_of(source)
            with contextlib.suppress(OSError):
                if path.read_bytes() != source.raw:
                    os.replace(_stage(path, source.raw), path)
        raise


def _stage(path: Path, data: bytes) -> Path:
    """Write `data` to a new file beside `path`, with its mode and owner; return the new path."""
    status = os.stat(path)
    handle, temporary = tempfile.mkstemp(prefix=TEMPORARY, suffix=".tmp", dir=path.parent)
    try:
        with open(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if hasattr(os, "chown"):
            # Only root may change the owner; others may be permitted to keep the group.
            with contextlib.suppress(PermissionError):
                os.chown(temporary, -1, status.st_gid)
                os.chown(temporary, status.st_uid, -1)
        os.chmod(temporary, stat.S_IMODE(status.st_mode))  # later: a change of owner clears setuid bits
        copy_attributes(path, Path(temporary))  # last: a change of mode changes an access list
    except BaseException:
        os.unlink(temporary)
        raise
    return Path(temporary)


def _sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut, where the system supports it (Windows does not)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _path_of(source: SourceFile) -> Path:
    if source.path is None:
        raise ValueError(f"{source.name} is a stream and cannot be written to")
    return source.path
