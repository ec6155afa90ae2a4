"""What a benchmark's hole gets from other files: what its file imports from its package, and what is beside it."""

from __future__ import annotations

import os

from infill.bench.hole_sampling import BenchHole
from infill.bench.values import FunctionHoles
from infill.project.definitions import Definitions
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Context


class PackageContext:
    """Context of holes; each package is read once."""

    def __init__(self) -> None:
        self._known: dict[str, Definitions] = {}

    def of(self, hole: BenchHole | FunctionHoles) -> Context:
        """Definitions for the text without the hole's answer; its own file is none of them."""
        python = by_id("python")
        assert python is not None
        package = package_of(hole.path)
        # Installed packages lie in folders that people ignore; here they are data.
        known = self._known.setdefault(package, Definitions([package], lambda _: True))
        return known.of(parse(python, hole.holed), hole.path)


def package_of(path: str) -> str:
    """The outermost package that a file is in; its folder where that is none."""
    folder = os.path.dirname(os.path.abspath(path))
    while os.path.isfile(os.path.join(folder, "__init__.py")) and os.path.isfile(
        os.path.join(os.path.dirname(folder), "__init__.py")
    ):
        folder = os.path.dirname(folder)
    return folder
