"""What the project says of the names that a file imports: excerpts for the model, in the order of the imports.

That order decides, and not what stands near the hole: so the excerpts stay the same while somebody types, and with
them the prompt. Whole texts, in which lines like those of the file are looked for, are also those of the modules
beside it. Only files below the project's folders are read, none that an ignore rule names, and only so many.
"""

from __future__ import annotations

import os
import stat
from bisect import bisect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import chain
from types import MappingProxyType

import msgspec

from infill.project.imports import Import, bases_of, imports, is_below, module_files
from infill.project.outlines import Outline, outline
from infill.prompt.context import lf
from infill.prompt.excerpts import excerpt, shown_path, within
from infill.syntax.languages import by_id
from infill.syntax.tree import Syntax, parse
from infill.types import Context

MAX_FILES = 24  # opened for one file's imports
MAX_BESIDE = 24  # opened of its folder
MAX_BYTES = 200_000  # of a file that is opened
MAX_KEPT = 64  # modules remembered
NOTHING: Mapping[str, str] = MappingProxyType({})


class Module(msgspec.Struct, frozen=True, dict=True):
    """A file of the project, as it was at `stamp`: time of change in ns, bytes."""

    path: str
    stamp: tuple[int, int]
    text: str

    @cached_property
    def outline(self) -> Outline:
        """What it defines; read only where it is asked for."""
        python = by_id("python")
        assert python is not None
        return outline(parse(python, self.text))


class Definitions:
    """Finds them; keeps what it read until it changes. One thread at a time; reads files.

    `roots` are the project's folders; `allowed` is asked about each file before it is opened.
    """

    def __init__(self, roots: Sequence[str], allowed: Callable[[str], bool]) -> None:
        self._roots = list(dict.fromkeys(find(root) for root in roots for find in (os.path.abspath, os.path.realpath)))
        self._allowed = allowed
        self._kept: dict[str, Module] = {}

    def of(self, syntax: Syntax, path: str, opened: Mapping[str, str] = NOTHING) -> Context:
        """What is imported by a text that is, or will be, the file at `path`: of each module an excerpt, and all of it.

        `opened` are other documents, by their paths; then comes what stands beside the file. Nothing is read for a
        language other than Python.
        """
        if syntax.language.id != "python":
            return Context(texts=within(opened.values()))
        search = _Search(self, os.path.abspath(path), self._roots)
        said: dict[str, dict[str, None]] = {}
        whole: dict[str, str] = {}
        for wanted in imports(syntax):
            for module, text in search.said(wanted):
                said.setdefault(module.path, {})[text] = None
                whole[module.path] = module.text
        excerpts = (excerpt(shown_path(file, self._roots), "\n".join(texts)) for file, texts in said.items())
        whole |= {os.path.realpath(file): text for file, text in opened.items()}  # what is open is newer
        beside = (module.text for module in self._beside(path) if module.path not in whole and module.text.strip())
        return Context(tuple(excerpts), within(chain(whole.values(), beside)))

    def _beside(self, path: str) -> Iterator[Module]:
        """Yield the other modules of a file's folder, those with names next to its own first."""
        folder, own = os.path.split(os.path.abspath(path))
        names: list[str] = []
        with suppress(OSError):
            names = sorted(name for name in os.listdir(folder) if name.endswith(".py") and name != own)
        middle = bisect(names, own) - 0.5
        nearest = sorted(range(len(names)), key=lambda i: abs(i - middle))
        for i in nearest[:MAX_BESIDE]:
            if (module := self.module(os.path.join(folder, names[i]))) is not None:
                yield module

    def module(self, file: str) -> Module | None:
        """The module in a file; None where there is none, or none that may be read."""
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
    """Goes through the imports of one file, and opens no more than `MAX_FILES` others."""

    def __init__(self, definitions: Definitions, path: str, roots: Sequence[str]) -> None:
        self._definitions, self._path, self._roots = definitions, path, roots
        self._bases = bases_of(path, roots)
        self._opened: dict[str, Module | None] = {os.path.realpath(path): None}  # its own text is no news

    def said(self, wanted: Import) -> Iterator[tuple[Module, str]]:
        """Yield what is said of each name, and where."""
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
                yield from self._handed_on(module, name)

    def _handed_on(self, module: Module, name: str) -> Iterator[tuple[Module, str]]:
        """Yield what is said of a name that a module has from another; one step is followed."""
        for further in module.outline.imports:
            if name in further.names:
                there = self._find(module.path, further.module, further.level)
                if there is not None and (text := there.outline.definitions.get(name)) is not None:
                    yield there, text
                    return

    def _find(self, path: str, module: Sequence[str], level: int) -> Module | None:
        """The module that the file at `path` imports by this name."""
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
