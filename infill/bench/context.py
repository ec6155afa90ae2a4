"""The context of a benchmark's hole: definitions that its file imports from its package, and the package's other files.

In Python, as in the server: what the file imports, and the modules beside it. What other languages import is not
looked for, so there the package's nearest files stand for those that somebody has open.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from infill.bench.bodies import language_of
from infill.bench.hole_sampling import BenchHole
from infill.bench.values import FunctionHoles
from infill.project.definitions import Definitions
from infill.syntax.languages import for_path
from infill.syntax.tree import parse
from infill.types import MAX_EXCERPTS, Context


class PackageContext:
    """Makes the contexts of holes; each package is read once. `roots` are the folders of the packages, where known."""

    def __init__(self, roots: Sequence[Path] = ()) -> None:
        self._roots = [str(root) for root in roots]
        self._known: dict[str, Definitions] = {}
        self._files: dict[str, list[str]] = {}

    def of(self, hole: BenchHole | FunctionHoles) -> Context:
        """Return the context for the text without the hole's answer, which leaves out the hole's own file."""
        return self.of_text(hole.language if isinstance(hole, BenchHole) else "python", hole.path, hole.holed)

    def of_text(self, language_id: str, path: str, text: str) -> Context:
        """Return the context for a text that stands for the file at `path`."""
        language = language_of(language_id)
        package = next((root for root in self._roots if path.startswith(root + os.sep)), "")
        package = package or package_of(path)
        # Installed packages are in ignored folders; here they are data.
        known = self._known.setdefault(package, Definitions([package], lambda _: True))
        others = {} if language.id == "python" else self._nearest(package, path, language.id)
        return known.of(parse(language, text), path, others)

    def _nearest(self, package: str, path: str, language: str) -> dict[str, str]:
        """Return the texts of the package's other files of a language, those in near folders first."""
        if package not in self._files:
            self._files[package] = [
                os.path.join(folder, name) for folder, _, names in os.walk(package) for name in sorted(names)
            ]

        def distance(other: str) -> tuple[int, str]:
            above = os.path.commonpath((path, other)).count(os.sep)
            return other.count(os.sep) - above, other

        kind = [
            f for f in self._files[package] if f != path and (row := for_path(f)) is not None and row.id == language
        ]
        return {other: Path(other).read_text("utf-8", "replace") for other in sorted(kind, key=distance)[:MAX_EXCERPTS]}


def package_of(path: str) -> str:
    """Return the outermost package that a file is in; its folder where it is in none."""
    folder = os.path.dirname(os.path.abspath(path))
    while os.path.isfile(os.path.join(folder, "__init__.py")) and os.path.isfile(
        os.path.join(os.path.dirname(folder), "__init__.py")
    ):
        folder = os.path.dirname(folder)
    return folder
