"""The journal of one tree: answers and verdicts of its last job, and what of it is being written.

One run at a time holds it. A killed run leaves it whole (SQLite, write-ahead log); a run with another job empties it.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Generator, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from filelock import FileLock, Timeout

from infill.files.decode import printable
from infill.files.read import cause
from infill.types import InputError
from infill.verify.scratch import remove
from model.user_folders import user_state

_TABLES = """
create table if not exists job (id text not null, spec text not null, code int);
create table if not exists answers (key text primary key, value blob not null);
create table if not exists verdicts (key text primary key, value blob not null);
create table if not exists writes (path text primary key, before blob not null, after blob not null, together int);
"""
_HINT = "--no-journal runs without it"


class Write(msgspec.Struct, frozen=True):
    """One file that is to be replaced, its real path and its bytes; `together` with the others, or not at all."""

    path: str
    before: bytes
    after: bytes
    together: bool


class LastJob(msgspec.Struct, frozen=True):
    """What a journal says of its job: what it was told, as an id, and how it was about to end."""

    spec: str
    code: int


class Table(MutableMapping[str, bytes]):
    """A table of keys and values; each change is on disk when the call returns."""

    def __init__(self, journal: Journal, name: str) -> None:
        self._journal, self._name = journal, name

    def __getitem__(self, key: str) -> bytes:
        rows = self._journal.run(f"select value from {self._name} where key = ?", (key,))
        if not rows:
            raise KeyError(key)
        return bytes(rows[0][0])

    def __setitem__(self, key: str, value: bytes) -> None:
        self._journal.run(f"insert or replace into {self._name} values (?, ?)", (key, value))

    def __delitem__(self, key: str) -> None:
        self._journal.run(f"delete from {self._name} where key = ?", (key,))

    def __iter__(self) -> Iterator[str]:
        return iter([str(row[0]) for row in self._journal.run(f"select key from {self._name} order by key", ())])

    def __len__(self) -> int:
        return int(self._journal.run(f"select count(*) from {self._name}", ())[0][0])


class Journal:
    """An open journal; errors of the disk are `InputError`s that name it and the remedy."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "journal.sqlite"
        self.scratch = folder / "scratch"
        self.answers, self.verdicts = Table(self, "answers"), Table(self, "verdicts")
        try:
            self._connection = self._opened()
        except sqlite3.DatabaseError as error:
            raise self._failed(error) from None

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None)
        try:
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = normal")  # a killed process loses nothing
            connection.executescript(_TABLES)
        except BaseException:
            connection.close()
            raise
        return connection

    def run(self, statement: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        """Run one statement; return its rows."""
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise self._failed(error) from None

    def begin(self, job: str, spec: str) -> None:
        """Go on with the job of this id; empty the journal where it was another one. `spec` is what it says."""
        if self.run("select id from job", ()) == [(job,)]:
            return
        with self._together():
            for table in ("job", "answers", "verdicts"):
                self.run(f"delete from {table}", ())
            self.run("insert into job values (?, ?, null)", (job, spec))

    def last(self) -> LastJob | None:
        """Return the job that the journal is about."""
        rows = self.run("select spec, code from job", ())
        return LastJob(str(rows[0][0]), rows[0][1] if isinstance(rows[0][1], int) else 0) if rows else None

    def will_end_with(self, code: int) -> None:
        """Note the exit code of the job, all of which is known but for what cannot be written."""
        self.run("update job set code = ?", (code,))

    def plan_writes(self, writes: list[Write]) -> None:
        """Note which files are about to be replaced; from now on a killed run is finished or rolled back."""
        self.run("pragma synchronous = full", ())  # nor a machine that fails: files are replaced once this is on disk
        with self._together():
            for write in writes:
                values = (write.path.encode("utf-8", "surrogateescape"), write.before, write.after, write.together)
                self.run("insert or replace into writes values (?, ?, ?, ?)", values)

    def pending(self) -> list[Write]:
        """Return what a killed run was about to replace, in the order of the paths."""
        rows = self.run("select path, before, after, together from writes order by path", ())
        return [Write(_text(path), _bytes(before), _bytes(after), bool(t)) for path, before, after, t in rows]

    def written(self) -> None:
        """Forget what was to be replaced: it is done, or undone."""
        self.run("delete from writes", ())

    def end(self) -> None:
        """Forget the job: its files are written, so none of its answers will be asked for again."""
        with self._together():
            for table in ("job", "answers", "verdicts"):
                self.run(f"delete from {table}", ())

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def _together(self) -> Generator[None]:
        self.run("begin immediate", ())
        try:
            yield
            self.run("commit", ())
        except BaseException:
            if self._connection.in_transaction:
                self._connection.rollback()
            raise

    def _failed(self, error: sqlite3.Error) -> InputError:
        return InputError(f"the journal {printable(str(self._path))} cannot be used ({error}); {_HINT}")


def folder_of(root: str) -> Path:
    """Return where the journal of a tree is kept; raises `InputError` for a user without a home."""
    name = hashlib.sha256(root.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    try:
        return user_state() / "jobs" / name
    except OSError as error:
        raise InputError(f"{error}; {_HINT}") from None


@contextmanager
def open_journal(root: str) -> Generator[Journal]:
    """Give the journal of a tree, which nobody else has then; raises `InputError` while another run does."""
    folder = folder_of(root)
    try:
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        lock = FileLock(folder / "lock", timeout=0, mode=0o600)
        lock.acquire()
    except Timeout:
        raise InputError(f"another run works on {printable(root)}: wait until it has ended") from None
    except OSError as error:
        raise InputError(f"the journal {printable(str(folder))} cannot be written ({cause(error)}); {_HINT}") from None
    try:
        journal = Journal(folder)
        remove(journal.scratch)  # of a run that was killed
        try:
            yield journal
        finally:
            journal.close()
            remove(journal.scratch)
    finally:
        lock.release()


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""


def _text(value: object) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)
