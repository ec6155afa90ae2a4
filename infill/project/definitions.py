"""Definitions of the names that a file imports from its project: excerpts for the model, in the order of the imports.

That order does not depend on the hole, so the excerpts and the prompt stay the same while somebody types. The whole
texts, in which similar lines are looked for, also include the file's tests and the modules beside it. Only files below
the project's folders are read, none that an ignore rule names, and at most `MAX_FILES` and `MAX_BESIDE` of them.
"""

from __future__ import annotations

import os
import stat
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import chain, islice
from types import MappingProxyType

import msgspec

from infill.project.imported_files import imported_files
from infill.project.imports import Import, bases_of, imports, is_below, module_files
from infill.project.outlines import Outline, outline
from infill.project.test_files import test_files
from infill.prompt.context import lf
from infill.prompt.excerpts import excerpt, sendable, shown_path, within
from infill.syntax.languages import by_id
from infill.syntax.tree import Syntax, parse
from infill.types import MAX_EXCERPTS, MAX_PATH_CHARS, Context

MAX_FILES = 24  # files that are opened for one file's imports
MAX_BESIDE = 24  # files that are opened of its folder
MAX_TESTS = 2  # files with tests of one file
MAX_BYTES = 200_000  # a larger file is not opened
MAX_KEPT = 64  # modules in the cache
NOTHING: Mapping[str, str] = MappingProxyType({})


class Module(msgspec.Struct, frozen=True, dict=True):
    """A file of the project as it was at `stamp`: (time of change in ns, size in bytes)."""

    path: str
    stamp: tuple[int, int]
    text: str

    @cached_property
    def outline(self) -> Outline:
        """Its definitions, parsed on first use."""
        python = by_id("python")
        assert python is not None
        return outline(parse(python, self.text))


class Definitions:
    """Finds definitions, and caches the modules it has read. One thread at a time; reads files.

    `roots` are the project's folders; `allowed` says for each path whether the file may be read.
    """

    def __init__(self, roots: Sequence[str], allowed: Callable[[str], bool]) -> None:
        self._roots = list(dict.fromkeys(find(root) for root in roots for find in (os.path.abspath, os.path.realpath)))
        self._allowed = allowed
        self._kept: dict[str, Module] = {}

    def of(self, syntax: Syntax, path: str, opened: Mapping[str, str] = NOTHING) -> Context:
        """Return excerpts and whole texts of the modules that a text imports, which is the file at `path`.

        `opened` are other open documents, by path; their texts come next, then the tests of the file, then the modules
        beside it. Of languages other than Python there are only whole texts, of the files that import lines name.
        """
        found: dict[str, dict[str, None]] = {}
        whole: dict[str, str] = {}
        if syntax.language.id == "python":
            search = _Search(self, os.path.abspath(path), self._roots)
            for wanted in imports(syntax):
                for module, text in search.defined(wanted):
                    found.setdefault(module.path, {})[text] = None
                    whole[module.path] = module.text
        named = imported_files(syntax.language.id, syntax.text, os.path.abspath(path), self._roots)
        whole |= {module.path: module.text for module in self._existing(named, MAX_FILES)}
        excerpts = (excerpt(shown_path(file, self._roots), "\n".join(texts)) for file, texts in found.items())
        # The text of an open document is newer than its file.
        whole |= {os.path.realpath(file): text for file, text in opened.items()}
        tests = self._existing(test_files(os.path.abspath(path), self._roots), MAX_TESTS)
        whole |= {module.path: module.text for module in tests if module.path not in whole}
        beside = ((module.path, module.text) for module in self._beside(path) if module.path not in whole)
        files = list(
            islice(((file, text) for file, text in chain(whole.items(), beside) if text.strip()), MAX_EXCERPTS)
        )
        texts = within(text for _, text in files)
        shown = self._shown(file for file, _ in files[: len(texts)])
        return Context(tuple(excerpts), texts, shown, *self._shown([path]))

    def _shown(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Return the paths as the model sees them."""
        return tuple(sendable(shown_path(path, self._roots))[-MAX_PATH_CHARS:] for path in paths)

    def _existing(self, files: Iterable[str], most: int) -> Iterator[Module]:
        """Yield the first modules of which there are files that may be read."""
        return islice(filter(None, map(self.module, files)), most)

    def _beside(self, path: str) -> Iterator[Module]:
        """Yield the other files of its kind in a file's folder, those with names next to its own first."""
        folder, own = os.path.split(os.path.abspath(path))
        kind, names = os.path.splitext(own)[1], list[str]()
        with suppress(OSError):
            names = sorted(name for name in os.listdir(folder) if name.endswith(kind) and name != own) if kind else []
        middle = bisect(names, own) - 0.5
        nearest = sorted(range(len(names)), key=lambda i: abs(i - middle))
        for i in nearest[:MAX_BESIDE]:
            if (module := self.module(os.path.join(folder, names[i]))) is not None:
                yield module

    def module(self, file: str) -> Module | None:
        """Return the module in a file; None where there is none, or it may not be read."""
        real = os.path.realpath(file)
        if not is_below(file, self._roots) or not is_below(real, self._roots) or not self._allowed(file):
            return None
        try:
            state = os.stat(real)
            if not stat.S_ISREG(state.st_mode) or state.st_size > MAX_BYTES:
                return None
            stamp = state.st_mtime_ns, state.st_size
            kept = self._kept.pop(real, None)
            if kept is None or kept.stamp != stamp:
                kept = _read(real, stamp)
        except OSError:
            return None
        self._kept[real] = kept
        if len(self._kept) > MAX_KEPT:
            del self._kept[next(iter(self._kept))]
        return kept


class _Search:
    """Resolves the imports of one file, and opens at most `MAX_FILES` others."""

    def __init__(self, definitions: Definitions, path: str, roots: Sequence[str]) -> None:
        self._definitions, self._path, self._roots = definitions, path, roots
        self._bases = bases_of(path, roots)
        self._opened: dict[str, Module | None] = {os.path.realpath(path): None}  # never its own definitions

    def defined(self, wanted: Import) -> Iterator[tuple[Module, str]]:
        """Yield the definition of each wanted name with its module."""
        module = self._find(self._path, wanted.module, wanted.level)
        if module is not None and wanted.names in ((), ("*",)):
            yield from _public(module)
            return
        for name in wanted.names:
            if module is not None and (text := module.outline.definitions.get(name)) is not None:
                yield module, text
            elif (inner := self._find(self._path, (*wanted.module, name), wanted.level)) is not None:
                yield from _public(inner)
            elif module is not None:
                yield from self._reexported(module, name)

    def _reexported(self, module: Module, name: str) -> Iterator[tuple[Module, str]]:
        """Yield the definition of a name that a module itself imports; one step is followed."""
        for further in module.outline.imports:
            if name in further.names:
                there = self._find(module.path, further.module, further.level)
                if there is not None and (text := there.outline.definitions.get(name)) is not None:
                    yield there, text
                    return

    def _find(self, path: str, module: Sequence[str], level: int) -> Module | None:
        """Return the module that the file at `path` imports by this name; None where it is not in the project."""
        for file in module_files(path, self._bases, module, level):
            if is_below(file, self._roots) and os.path.isfile(file):
                real = os.path.realpath(file)
                if real not in self._opened and len(self._opened) <= MAX_FILES:
                    self._opened[real] = self._definitions.module(file)
                return self._opened.get(real)
        return None


def _read(file: str, stamp: tuple[int, int]) -> Module:
    with open(file, "rb") as source:
        return Module(file, stamp, lf(source.read(MAX_BYTES).decode("utf-8", "replace")))


def _public(module: Module) -> Iterator[tuple[Module, str]]:
    return ((module, text) for name, text in module.outline.definitions.items() if not name.startswith("_"))
