"""Megabytes on disk of what must be installed: a list of distributions and everything they require in turn."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.bench.cpu.fresh import ROOT

PROJECT = "dg-lsp"
PACKAGES = ("dg_lsp", "infill", "model")


def closure(roots: Iterable[str]) -> dict[str, Distribution | None]:
    """The requirements named and all that follow from them here, by name; None where one is not installed."""
    found: dict[str, Distribution | None] = {}
    done: set[tuple[str, str]] = set()
    todo = [Requirement(root) for root in roots]
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        extras = {"", *requirement.extras}
        if all((name, extra) in done for extra in extras):
            continue
        done |= {(name, extra) for extra in extras}
        found[name] = dist = installed(name)
        for line in (dist.requires if dist is not None else None) or []:
            needed = Requirement(line)
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
                todo.append(needed)
    return found


def installed(name: str) -> Distribution | None:
    """The distribution, if it is installed here."""
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def megabytes(roots: Iterable[str]) -> tuple[float, int, list[str]]:
    """Megabytes of the closure, how many distributions it is, and which of them are not installed here."""
    found = closure(roots)
    total = sum(n_bytes(dist) for dist in found.values() if dist is not None)
    return total / 1e6, len(found), sorted(name for name, dist in found.items() if dist is None)


def n_bytes(dist: Distribution) -> int:
    """Bytes of the files that the distribution's record lists and that are there."""
    paths = [Path(str(file.locate())) for file in dist.files or []]
    return sum(path.stat().st_size for path in paths if path.is_file())


def plain_install() -> tuple[float, int, list[str]]:
    """Megabytes of this project as a user installs it: its requirements, its packages, the embedded model."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    size, n, missing = megabytes(project["dependencies"])
    return size + own_megabytes(), n + 1, missing


def own_megabytes() -> float:
    """Megabytes of the project's own packages as they lie here, caches left out."""
    files = (path for name in PACKAGES for path in (ROOT / name).rglob("*"))
    return sum(p.stat().st_size for p in files if p.is_file() and "__pycache__" not in p.parts) / 1e6
