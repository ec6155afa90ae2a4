"""Files that a benchmark draws from, package by package, with the words that say in a heading what they are."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from pathlib import Path

import msgspec

from infill.bench.code.fetch import packages_folder
from infill.bench.code.listing import Package, SetName, chosen, read_list
from infill.syntax.languages import by_id, for_path
from infill.types import InputError
from model.config import HELD_OUT

NOT_FETCHED = "no package of 2025 or 2026 has been fetched; `infill bench fetch` fetches them"
INSTALLED = "installed"


class CodeSet(msgspec.Struct, frozen=True):
    """Source files of one language. `packages` are drawn from in turn, so that a large one counts no more than others.

    `what` says in a heading what they are, and `roots` are the folders of their projects, where that is known.
    """

    language: str
    packages: tuple[tuple[Path, ...], ...]
    what: str
    roots: tuple[Path, ...] = ()

    @property
    def files(self) -> list[Path]:
        """All files, package by package."""
        return [file for package in self.packages for file in package]


def code_sets(which: str | None, language: str, source: list[Path] | None) -> list[CodeSet]:
    """Return what to draw from: the named files, the set `which`, or by default the held-out one and what is installed.

    Where nothing has been fetched, only what is installed here. Raises `InputError` where there is no file.
    """
    if source is not None:
        return [CodeSet(language, (tuple(source_files(source, language)),), "the given files")]
    fetched = _fetched(which, language) if which in (None, "held_out", "fitting") else None
    installed = installed_set() if which in (None, INSTALLED) and language == "python" else None
    sets = [found for found in (fetched, installed) if found is not None and found.files]
    if not sets:
        raise InputError(f"no code of {language}: {NOT_FETCHED}, and --source names files of yours")
    return sets


def is_fetched(sets: list[CodeSet]) -> bool:
    """Whether the first set is not merely what is installed here."""
    return bool(sets[0].roots) or sets[0].what == "the given files"


def _fetched(which: str | None, language: str) -> CodeSet | None:
    name: SetName = "fitting" if which == "fitting" else "held_out"
    listed, folder = chosen(read_list(), name, language), packages_folder()
    here = [package for package in listed if (folder / package.folder).is_dir()]
    if not here:
        return None
    roots = tuple(folder / package.folder for package in here)
    files = tuple(tuple(f for f in sorted(root.rglob("*")) if f.is_file() and _is(f, language)) for root in roots)
    return CodeSet(language, files, _words(name, here, listed), roots)


def _words(name: SetName, here: list[Package], listed: list[Package]) -> str:
    all_of = "" if len(here) == len(listed) else f" of {len(listed)}"
    kind = "held-out" if name == "held_out" else "fitting"
    return f"{len(here)}{all_of} {kind} packages first published in 2025 or 2026"


def installed_set() -> CodeSet:
    """Return the Python files of the older held-out packages that are installed, without tests and vendored copies."""
    files: list[Path] = []
    names: list[str] = []
    for name in HELD_OUT:
        spec = importlib.util.find_spec(name)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            files += [p for p in sorted(Path(folder).rglob("*.py")) if not {"tests", "_vendor"} & set(p.parts)]
            names.append(f"{name} {importlib.metadata.version(name)}")
    return CodeSet("python", (tuple(files),), f"{', '.join(names)} (installed here; older than the default model)")


def packages(paths: list[str]) -> str:
    """Return the installed held-out packages of the files, with their versions, as a text."""
    versions = (
        f"{name} {importlib.metadata.version(name)}"
        for name in HELD_OUT
        if any(name in path for path in paths) and importlib.util.find_spec(name)
    )
    return ", ".join(versions) or "the given files"


def source_files(paths: list[Path], language: str = "python") -> list[Path]:
    """Return the files that are named, or of the language in named folders. Raises `InputError` for a missing path."""
    missing = [p for p in paths if not p.exists()]
    if missing:
        raise InputError(f"{missing[0]}: no such file or folder")
    if by_id(language) is None:
        raise InputError(f"--language {language}: is no language id of ours")
    return [f for p in paths for f in (sorted(f for f in p.rglob("*") if _is(f, language)) if p.is_dir() else [p])]


def _is(path: Path, language: str) -> bool:
    found = for_path(path)
    return found is not None and found.id == language and path.is_file()
