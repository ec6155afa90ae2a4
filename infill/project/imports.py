"""What a Python file imports, and which file of the project that is.

Only names and paths: nothing is run, and no file is read. A module is looked for below the given folders and their
`src`, and where the importing file's own outermost package lies; what is not found there is somebody else's code.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Sequence

import msgspec
import tree_sitter

from infill.syntax.tree import Syntax

LAYOUTS = (".", "src")  # where below a project's folder its packages are
ENDINGS = (".py", ".pyi")


class Import(msgspec.Struct, frozen=True):
    """One statement's share of a module: its `names`, or with none of them the module itself.

    `level` counts leading dots. What the names are called here does not matter.
    """

    module: tuple[str, ...]
    level: int
    names: tuple[str, ...]


def imports(syntax: Syntax) -> list[Import]:
    """Every import of a Python text in the order of the text, each once; `*` stands for all names."""
    found: dict[Import, None] = {}
    captured = tree_sitter.QueryCursor(_query(syntax.language.grammar())).captures(syntax.root)
    for node in sorted((n for nodes in captured.values() for n in nodes), key=lambda n: n.start_byte):
        names = tuple(_name(child) for child in node.children_by_field_name("name"))
        module = node.child_by_field_name("module_name")
        if module is None:  # import a.b, c.d as e
            found |= {Import(tuple(name.split(".")), 0, ()): None for name in names}
            continue
        if any(child.type == "wildcard_import" for child in node.children):
            names = ("*",)
        dotted = _text(module).replace(" ", "")
        level = len(dotted) - len(dotted.lstrip("."))
        found[Import(tuple(filter(None, dotted.split("."))), level, names)] = None
    return [i for i in found if all(name.isidentifier() or name == "*" for name in (*i.module, *i.names))]


def bases_of(path: str, roots: Sequence[str]) -> list[str]:
    """The folders from which absolute imports of the file at `path` start: that of its own outermost package first.

    Without a file inside one of the `roots` nothing is looked at on the disk.
    """
    package = os.path.dirname(path)
    while is_below(package, roots) and os.path.isfile(os.path.join(package, "__init__.py")):
        package = os.path.dirname(package)
    return list(dict.fromkeys([package, *(os.path.join(root, layout) for root in roots for layout in LAYOUTS)]))


def module_files(path: str, bases: Sequence[str], module: Sequence[str], level: int) -> Iterator[str]:
    """Yield where a module lies that the file at `path` imports, if it is there."""
    if level:
        package = path
        for _ in range(level):
            package = os.path.dirname(package)
        bases = [package]
    for base in bases:
        place = os.path.normpath(os.path.join(base, *module))
        yield os.path.join(place, "__init__.py")
        yield from (place + ending for ending in ENDINGS)


def is_below(path: str, roots: Sequence[str]) -> bool:
    """Whether a normal path is one of the folders or inside one."""
    return any(path == root or path.startswith(os.path.join(root, "")) for root in roots)


def _name(node: tree_sitter.Node) -> str:
    """The imported name, whatever it is called here."""
    own = node.child_by_field_name("name") if node.type == "aliased_import" else node
    return _text(own) if own is not None else ""


def _text(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


@functools.cache
def _query(grammar: tree_sitter.Language) -> tree_sitter.Query:
    return tree_sitter.Query(grammar, "[(import_statement) (import_from_statement)] @import")
