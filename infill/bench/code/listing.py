"""The committed list of packages that no model of ours can have seen: first published in 2025 or 2026.

`held_out` is for measuring, and nothing is ever tuned on it; `fitting` is for thresholds and lengths. No package is in
both. `packages.toml` beside this file is the list.
"""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from infill.syntax.languages import by_id
from infill.types import InputError

LIST = Path(__file__).with_name("packages.toml")
SINCE = datetime.date(2025, 1, 1)  # of the first release; the default model's data ends in 2024

SetName = Literal["held_out", "fitting"]
Kind = Literal["wheel", "sdist", "npm"]


class Package(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One archive of a registry, by name, version and hash."""

    name: str
    version: str
    set: SetName
    kind: Kind
    languages: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]  # our ids of what is read of it
    licence: str
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    first: datetime.date | None = None  # of its first release in the registry, in UTC
    evidence: str = ""  # that it is so new, where the registry's own dates could not be had
    under: tuple[str, ...] = ()  # folders of the archive that are read; all of them where none is named
    without: tuple[str, ...] = ()  # parts of paths that are not read: generated code, copies of other projects

    @property
    def requirement(self) -> str:
        """The package as its registry's client names it."""
        return f"{self.name}@{self.version}" if self.kind == "npm" else f"{self.name}=={self.version}"

    @property
    def folder(self) -> str:
        """The name of its folder in the cache, which another version or archive does not share."""
        return f"{self.name.lstrip('@').replace('/', '-')}-{self.version}-{self.sha256[:8]}"


class _List(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    package: tuple[Package, ...]


def read_list(path: Path = LIST) -> tuple[Package, ...]:
    """Return the packages of a list. Raises `InputError` for a wrong one."""
    try:
        packages = msgspec.toml.decode(path.read_bytes(), type=_List).package
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(f"{path}: not a list of packages ({error})") from None
    names = [package.name for package in packages]
    for package in packages:
        unknown = [name for name in package.languages if (row := by_id(name)) is None or row.id != name]
        if unknown:
            raise InputError(f"{path}: {package.name}: {unknown[0]} is no language id of ours")
        if package.first is None and not package.evidence:
            raise InputError(
                f"{path}: {package.name}: neither the date of its first release nor evidence that it is new"
            )
        if package.first is not None and package.first < SINCE:
            raise InputError(f"{path}: {package.name}: first published on {package.first}, before {SINCE}")
        if names.count(package.name) > 1:
            raise InputError(f"{path}: {package.name}: listed twice")
    return packages


def chosen(packages: tuple[Package, ...], which: SetName, language: str | None = None) -> list[Package]:
    """Return the packages of a set, with code of a language where one is given."""
    return [p for p in packages if p.set == which and (language is None or language in p.languages)]
