"""Replaces the files of a job, and finishes or rolls back what a killed run had begun to replace."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from infill.files.decode import decode, printable
from infill.files.read import SourceFile
from infill.files.write import TEMPORARY, check_writable, write_all
from infill.journal.journal import Journal, Write
from infill.types import InputError

Change = tuple[SourceFile, str]  # a file as it was read, and its new text
_ROLLED_BACK = "was not written, as all files are written or none"


def write_each(changes: Sequence[Change]) -> dict[str, str]:
    """Replace each file in one step; return by name why some are as they were."""
    failed: dict[str, str] = {}
    for source, text in changes:
        if why := _write(source, text):
            failed[source.name] = why
    return failed


def write_changes(journal: Journal, changes: Sequence[Change], together: bool) -> dict[str, str]:
    """Replace files, all or none with `together`; return by name why some are as they were.

    When this process is killed meanwhile, the next run finishes it, or rolls it back.
    """
    journal.plan_writes(
        [Write(str(source.path), source.raw, source.encode(text), together) for source, text in changes]
    )
    if not together:
        failed = write_each(changes)
        journal.written()
        return failed
    failed: dict[str, str] = {}
    done: list[Change] = []
    for source, text in changes:
        if why := _write(source, text):
            failed[source.name] = why
            break
        done.append((source, text))
    if failed:
        for source, text in done:
            _put_back(source, text)
        failed = {**{source.name: _ROLLED_BACK for source, _ in changes}, **failed}
    journal.written()
    return failed


def recover(journal: Journal) -> str | None:
    """Finish what a killed run was writing, or roll it back; return what was done, in words. None: nothing was open."""
    pending = journal.pending()
    if not pending:
        return None
    for folder in {Path(write.path).parent for write in pending}:
        for left in folder.glob(f"{TEMPORARY}*"):
            with contextlib.suppress(OSError):
                left.unlink()
    strange = [write for write in pending if _now(write) not in (write.before, write.after)]
    back = bool(strange) and any(write.together for write in pending)
    n_done = sum(_move(write, back) for write in pending)
    journal.written()
    what = "rolled back" if back else "finished"
    changed = f"; {printable(strange[0].path)} was changed by someone else and is as it was found" if strange else ""
    return f"a run before this one was ended while it wrote: {what}, {n_done} of {len(pending)} files{changed}"


def _move(write: Write, back: bool) -> bool:
    """Bring one file to its end, or back to its beginning; return whether it is there."""
    old, new = (write.after, write.before) if back else (write.before, write.after)
    now = _now(write)
    if now != old:
        return now == new
    name = write.path
    try:
        text, encoding = decode(name, old)
        source = SourceFile(name, Path(name), old, text, encoding)
        write_all([(source, decode(name, new)[0])])
    except InputError:
        return False
    return True


def _now(write: Write) -> bytes | None:
    try:
        return Path(write.path).read_bytes()
    except OSError:
        return None


def _write(source: SourceFile, text: str) -> str:
    """Replace one file in one step; return why that could not be done."""
    try:
        check_writable(source)
        write_all([(source, text)])
    except InputError as error:
        return str(error).removeprefix(f"{printable(source.name)}: ").removesuffix("; nothing was written")
    return ""


def _put_back(source: SourceFile, text: str) -> None:
    raw = source.encode(text)
    changed = SourceFile(source.name, source.path, raw, text, source.encoding)
    _write(changed, source.text)
