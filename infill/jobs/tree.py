"""The files of a job: those under its paths that may be read and have a grammar, in a fixed order."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from infill.files.decode import printable
from infill.files.read import SourceFile, cause
from infill.holes.unasked import generated
from infill.ignore.gitignore import BrokenPattern, Pattern, deciding, parse_ignore_file
from infill.ignore.rules import IgnoreRules
from infill.jobs.job import Select
from infill.syntax.languages import Language, by_id, for_path
from infill.types import InputError

_HEAD = 256  # bytes in which a shebang line is


class TreeFile(msgspec.Struct, frozen=True):
    """One file of the tree; `path` is relative to the tree, with `/`, and orders the files."""

    path: str
    source: SourceFile
    language: Language


class Skipped(msgspec.Struct, frozen=True):
    """A file or a folder that was left out, and why, in words for the user."""

    name: str
    why: str


class Tree:
    """The tree that paths are in: their repository, else the working folder, else the folder that has them all."""

    def __init__(self, select: Select) -> None:
        """Raises `InputError` for a path that is not there, an unknown language and a pattern that matches nothing."""
        self._select = select
        self._paths = [os.path.realpath(path) for path in select.paths]
        for name, path in zip(select.paths, self._paths, strict=True):
            if not os.path.exists(path):
                raise InputError(f"{printable(name)}: no such file or folder")
        self.root = _root_of(self._paths)
        self._rules = None if select.ignored else IgnoreRules([self.root])
        self._excluded = _patterns(select.exclude)
        self._languages = frozenset(_language(name).id for name in select.languages)
        self.skipped: list[Skipped] = []

    def files(self) -> list[TreeFile]:
        """Return the files in order; `skipped` then says what was left out that somebody might look for."""
        names = {real: name for name, real in self._names()}
        found: list[TreeFile] = []
        for path, name in names.items():
            file = self._file(path, name)
            if file is not None:
                found.append(file)
        return sorted(found, key=lambda file: file.path.split("/"))

    def _names(self) -> Iterator[tuple[str, str]]:
        """Yield the name that the user would use for each file, and its real path."""
        for name, path in zip(self._select.paths, self._paths, strict=True):
            if not os.path.isdir(path):
                if self._is_ignored(name, path):
                    raise InputError(f"{printable(name)}: is ignored; --no-ignore takes it anyway")
                yield name, path
                continue
            for folder, folders, files in os.walk(path):
                inner = os.path.relpath(folder, path)
                own = name if inner == os.curdir else os.path.join(name, inner)
                own = os.path.normpath(own)
                folders[:] = sorted(f for f in folders if f != ".git" and not self._is_out(own, folder, f))
                for file in sorted(files):
                    full = os.path.join(folder, file)
                    if not os.path.islink(full) and self._may_have_code(full) and not self._is_out(own, folder, file):
                        yield os.path.normpath(os.path.join(own, file)), full

    def _is_out(self, name: str, folder: str, entry: str) -> bool:
        path = os.path.join(folder, entry)
        relative = self._relative(path)
        return self._is_excluded(relative, os.path.isdir(path)) or self._is_ignored(path, path)

    def _is_excluded(self, relative: str, is_folder: bool) -> bool:
        found = deciding(self._excluded, relative, is_folder)
        return found is not None and not found.negated

    def _is_ignored(self, name: str, path: str) -> bool:
        return self._rules is not None and not all(self._rules.judge(each).allowed for each in {path, name})

    def _relative(self, path: str) -> str:
        return os.path.relpath(path, self.root).replace(os.sep, "/")

    def _may_have_code(self, path: str) -> bool:
        """Whether there may be a grammar for a file: by its name, or it has no suffix and begins as a script does."""
        language = for_path(path)
        if language is None and not os.path.splitext(path)[1]:
            try:
                with open(path, "rb") as stream:
                    language = for_path(path, stream.read(_HEAD).decode("utf-8", "replace"))
            except OSError:
                return False
        return language is not None and (not self._languages or language.id in self._languages)

    def _file(self, path: str, name: str) -> TreeFile | None:
        try:
            source = SourceFile.read(name)
        except InputError as error:
            self.skipped.append(Skipped(name, str(error).removeprefix(f"{printable(name)}: ")))
            return None
        language = for_path(name, source.text)
        if language is None or (self._languages and language.id not in self._languages):
            self.skipped.append(Skipped(name, "there is no grammar for it"))
            return None
        if (why := generated(source.text)) is not None:
            self.skipped.append(Skipped(name, f"is generated: {why}"))
            return None
        return TreeFile(self._relative(path), source, language)


def _root_of(paths: list[str]) -> str:
    try:
        common = os.path.commonpath(paths)
    except ValueError as error:  # paths on several drives
        raise InputError(f"the paths have no folder in common ({cause(error)})") from None
    folder = common if os.path.isdir(common) else os.path.dirname(common)
    for above in (folder, *map(str, Path(folder).parents)):
        if os.path.exists(os.path.join(above, ".git")):
            return above
    here = _here()
    return here if here is not None and is_inside(folder, here) else folder


def is_inside(path: str, folder: str) -> bool:
    """Return whether a real path is a folder or below it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def place_in(root: str) -> str:
    """Return where in a tree the working folder is, as a relative path; the tree itself where it is not in it."""
    here = _here()
    return os.path.relpath(here, root) if here is not None and is_inside(here, root) else os.curdir


def _here() -> str | None:
    try:
        return os.path.realpath(os.getcwd())
    except OSError:  # it was deleted
        return None


def _language(name: str) -> Language:
    language = by_id(name)
    if language is None:
        raise InputError(f"select.languages {printable(name)}: there is no grammar for it")
    return language


def _patterns(lines: tuple[str, ...]) -> tuple[Pattern, ...]:
    try:
        return parse_ignore_file("\n".join(lines))
    except BrokenPattern as error:
        raise InputError(f"select.exclude {printable(str(error))}: no path can match it") from None
