"""Finds the ignore files about a file: follows links, finds the repository's root, stamps and reads ignore files.

Does not decide about the file itself. Everything here happens for each request, so it only asks the file
system for names and times; an ignore file is read again when its time, size or inode has changed.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache

import msgspec

from infill.ignore.git_settings import default_excludes_file, excludes_file, user_files
from infill.ignore.gitignore import BrokenPattern, Pattern, parse_ignore_file

MAX_BYTES = 100_000  # of all ignore files about one file; the slowest patterns of that size compile in seconds, once
_MAX_LINKS = 40
_SETTLED_NS = 100_000_000  # a file changed just now may change again within one tick of the file system's clock
_IGNORES_CASE = sys.platform in ("win32", "darwin")  # git's default there


class Unusable(Exception):
    """The rules cannot be read: `rule` says why, `source` names the file or folder."""

    def __init__(self, rule: str, source: str) -> None:
        super().__init__(rule)
        self.rule, self.source = rule, source


class Entry(msgspec.Struct, frozen=True):
    """A name in a folder whose path has no links."""

    path: str
    is_folder: bool


class RuleFile(msgspec.Struct, frozen=True):
    """One ignore file at one moment; its patterns apply below `folder`, a path without links."""

    path: str
    folder: str
    n_bytes: int
    stamp: tuple[int, int, int]  # two times of change (ns) and the inode


class Scope(msgspec.Struct, frozen=True):
    """One entry with the ignore files that apply to it, nearest first; all but git's own are below `base`."""

    entry: Entry
    base: str
    git: tuple[RuleFile, ...]
    own: tuple[RuleFile, ...]


def entries(path: str) -> Iterator[Entry]:
    """Yield every link on the path, by its real folder, and last the file itself, which need not exist."""
    absolute = path if os.path.isabs(path) else os.path.join(os.getcwd(), path)  # the working folder may be gone
    drive, rest = os.path.splitdrive(absolute)
    here = drive + os.sep
    names = _names(rest)
    n_links = 0
    while names:
        name = names.pop(0)
        if name == os.pardir:
            here = os.path.dirname(here)
            continue
        entry = os.path.join(here, name)
        if not _is_link(entry):
            here = entry
            continue
        n_links += 1
        if n_links > _MAX_LINKS:
            raise Unusable("its links lead round in a circle", path)
        yield Entry(entry, os.path.isdir(entry))
        drive, rest = os.path.splitdrive(os.readlink(entry).removeprefix("\\\\?\\"))
        here = (drive or os.path.splitdrive(here)[0]) + os.sep if rest.startswith(("/", os.sep)) else here
        names = _names(rest) + names
    yield Entry(here, False)
    # `lstat` does not report a Windows junction as a link.
    if os.name == "nt" and os.path.normcase(real := os.path.realpath(here)) != os.path.normcase(here):
        yield Entry(real, False)


def scope_of(entry: Entry, workspace: Sequence[str]) -> Scope:
    """Return the ignore files for an entry, from its folder up to the repository's root or the workspace's."""
    folders = list(_upwards(os.path.dirname(entry.path)))
    repository = next((folder for folder in folders if _is_repository(folder)), None)
    known = {os.path.normcase(folder) for folder in workspace}
    outer = max((at for at, folder in enumerate(folders) if os.path.normcase(folder) in known), default=0)
    n_git = folders.index(repository) if repository else outer
    n_own = max(n_git, outer)
    git = [_stamped(folder, ".gitignore", folder) for folder in folders[: n_git + 1]]
    if repository:
        git_folder = _git_folder(repository)
        git.append(_stamped(os.path.join(git_folder, "info"), "exclude", repository))
        if users := _users_excludes_file(git_folder):
            git.append(_stamped(repository, users, repository))
    own = [_stamped(folder, ".dgignore", folder) for folder in folders[: n_own + 1]]
    scope = Scope(entry, folders[n_own], tuple(f for f in git if f), tuple(f for f in own if f))
    largest = max(scope.git + scope.own, key=lambda file: file.n_bytes, default=None)
    if largest and sum(file.n_bytes for file in scope.git + scope.own) > MAX_BYTES:
        raise Unusable(f"makes for more than {MAX_BYTES} bytes of ignore files", largest.path)
    return scope


def is_settled(file: RuleFile) -> bool:
    """Whether an unchanged stamp means an unchanged file."""
    return time.time_ns() - max(file.stamp[:2]) > _SETTLED_NS


def read_patterns(file: RuleFile) -> tuple[Pattern, ...]:
    """Return the patterns of an ignore file; raises `Unusable`."""
    try:
        return parse_ignore_file(_read_text(file.path, MAX_BYTES), _IGNORES_CASE)
    except BrokenPattern as broken:
        raise Unusable(f"broken pattern {broken}", f"{file.path}:{broken.line}") from None


def _is_link(path: str) -> bool:
    try:
        return stat.S_ISLNK(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False


def _names(rest: str) -> list[str]:
    rest = rest.replace("/", os.sep)
    return [name for name in rest.split(os.sep) if name not in ("", os.curdir)]


def _upwards(folder: str) -> Iterator[str]:
    yield folder
    while (parent := os.path.dirname(folder)) != folder:
        folder = parent
        yield folder


def _is_repository(folder: str) -> bool:
    """Whether git takes this folder for a repository's root; git skips an empty `.git`, and so does this."""
    marker = os.path.join(folder, ".git")
    status = _status(marker)
    if status is None:
        return False
    return stat.S_ISREG(status.st_mode) or _status(os.path.join(marker, "HEAD")) is not None


def _git_folder(repository: str) -> str:
    """Return the git folder of a repository, which has its settings; for a work tree, the one that all share."""
    marker = os.path.join(repository, ".git")
    if not os.path.isfile(marker):
        return marker
    line = _read_text(marker, 4096).strip()
    if not line.startswith("gitdir:"):
        raise Unusable("is no link to a git folder", marker)
    folder = os.path.join(repository, line.removeprefix("gitdir:").strip())
    _check_is_here(folder, marker)
    common = os.path.join(folder, "commondir")
    if _status(common) is not None:
        folder = os.path.join(folder, _read_text(common, 4096).strip())
    return os.path.normpath(folder)


def _users_excludes_file(git_folder: str) -> str:
    """Return the user's ignore file for all repositories, relative to the root of this one; empty for none."""
    name = default_excludes_file()
    for path in (*user_files(), os.path.join(git_folder, "config")):
        file = _stamped(*os.path.split(path), "")
        if file and file.n_bytes:
            found = (_set_in_settled if is_settled(file) else _set_in)(file)
            name = name if found is None else found
            _check_is_here(name, path)
    return name


def _set_in(file: RuleFile) -> str | None:
    # Settings may have names in any encoding, and a path is bytes.
    return excludes_file(_read_text(file.path, MAX_BYTES, "surrogateescape"))


_set_in_settled = lru_cache(100)(_set_in)


def _check_is_here(path: str, source: str) -> None:
    if os.path.splitdrive(path)[0].startswith("\\\\"):  # a network path: looking there uses the network
        raise Unusable("leads to another machine", source)


def _stamped(parent: str, name: str, folder: str) -> RuleFile | None:
    path = os.path.join(parent, name)
    status = _status(path)
    if status is None:
        return None
    return RuleFile(path, folder, status.st_size, (status.st_mtime_ns, status.st_ctime_ns, status.st_ino))


def _status(path: str) -> os.stat_result | None:
    """Return the status of a path; None when nothing is there. Raises `Unusable` when it cannot be read."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unusable(f"cannot be looked at ({error.strerror})", path) from None
    if not stat.S_ISLNK(status.st_mode):
        return status
    try:
        return os.stat(path)
    except OSError as error:
        raise Unusable(f"is a link that leads nowhere ({error.strerror})", path) from None


def _read_text(path: str, max_bytes: int, errors: str = "strict") -> str:
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # reading a pipe would block
            raise Unusable("is not a file", path)
        with open(path, "rb") as stream:
            data = stream.read(max_bytes + 1)
        if len(data) > max_bytes:
            raise Unusable(f"is larger than {max_bytes} bytes", path)
        text = data.decode("utf-8", errors)
    except OSError as error:
        raise Unusable(f"cannot be read ({error.strerror})", path) from None
    except UnicodeDecodeError:
        raise Unusable("is not UTF-8", path) from None
    if "\0" in text:
        raise Unusable("is not text", path)
    return text
