"""The context of a benchmark's hole: definitions that its file imports from its package, and the files beside it."""

from __future__ import annotations

import os

from infill.bench.hole_sampling import BenchHole
from infill.bench.values import FunctionHoles
from infill.project.definitions import Definitions
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Context


class PackageContext:
    """Makes the contexts of holes; each package is read once."""

    def __init__(self) -> None:
        self._known: dict[str, Definitions] = {}

    def of(self, hole: BenchHole | FunctionHoles) -> Context:
        """Return the context for the text without the hole's answer, which leaves out the hole's own file."""
        python = by_id("python")
        assert python is not None
        package = package_of(hole.path)
        # Installed packages are in ignored folders; here they are data.
        known = self._known.setdefault(package, Definitions([package], lambda _: True))
        return known.of(parse(python, hole.holed), hole.path)


def package_of(path: str) -> str:
    """Return the outermost package that a file is in; its folder where it is in none."""
    folder = os.path.dirname(os.path.abspath(path))
    while os.path.isfile(os.path.join(folder, "__init__.py")) and os.path.isfile(
        os.path.join(os.path.dirname(folder), "__init__.py")
    ):
        folder = os.path.dirname(folder)
    return folder
