"""For the command line: the context of a file from its own project, without files that the ignore rules name."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING

from infill.ignore.rules import IgnoreRules
from infill.types import Context

if TYPE_CHECKING:
    from infill.project.definitions import Definitions


def project_of(path: str) -> str:
    """Return the repository that a file is in; without one, the folder above its outermost package."""
    folder = os.path.dirname(os.path.abspath(path))
    for above in (folder, *map(str, Path(folder).parents)):
        if os.path.exists(os.path.join(above, ".git")):
            return above
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        folder = os.path.dirname(folder)
    return folder


def project_context(path: str, text: str, language_id: str) -> Context:
    """Return the context of `text`, the file at `path`, from its project: definitions it imports, and whole texts."""
    from infill.syntax.languages import by_id  # with tree-sitter: only when something is filled
    from infill.syntax.tree import parse

    language = by_id(language_id)
    return Context() if language is None else _definitions(project_of(path)).of(parse(language, text), path)


@functools.cache
def _definitions(project: str) -> Definitions:
    """Return the definitions of a project, one object for all its files, so that no module is read twice."""
    from infill.project.definitions import Definitions

    rules = IgnoreRules([project])
    return Definitions([project], lambda file: rules.judge(file).allowed)
