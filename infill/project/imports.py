"""The imports of a Python file, and the files of the project that they name.

Only names and paths: nothing is run, and no file is read. A module is looked for below the given folders and their
`src`, and beside the importing file's outermost package; a module that is not found there is not the project's.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Sequence

import msgspec
import tree_sitter

from infill.syntax.tree import Syntax

LAYOUTS = (".", "src")  # where the packages of a project may be, relative to its folder
ENDINGS = (".py", ".pyi")


class Import(msgspec.Struct, frozen=True):
    """One import of a module: its `names`, or the module itself where there are none.

    `level` counts leading dots. Names after `as` are left out.
    """

    module: tuple[str, ...]
    level: int
    names: tuple[str, ...]


def imports(syntax: Syntax) -> list[Import]:
    """Return the imports of a Python text in its order, each once; `*` means all names."""
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
    """Return the folders in which absolute imports of the file at `path` are looked for, that of its package first.

    The disk is not read where the file is outside all of the `roots`.
    """
    package = os.path.dirname(path)
    while is_below(package, roots) and os.path.isfile(os.path.join(package, "__init__.py")):
        package = os.path.dirname(package)
    return list(dict.fromkeys([package, *(os.path.join(root, layout) for root in roots for layout in LAYOUTS)]))


def module_files(path: str, bases: Sequence[str], module: Sequence[str], level: int) -> Iterator[str]:
    """Yield the existing files that may be the module which the file at `path` imports."""
    if level:
        package = path
        for _ in range(level):
            package = os.path.dirname(package)
        bases = [package]
    for base in bases:
        module_path = os.path.normpath(os.path.join(base, *module))
        yield os.path.join(module_path, "__init__.py")
        yield from (module_path + ending for ending in ENDINGS)


def is_below(path: str, roots: Sequence[str]) -> bool:
    """Whether a normalized path is one of the folders or inside one."""
    return any(path == root or path.startswith(os.path.join(root, "")) for root in roots)


def _name(node: tree_sitter.Node) -> str:
    """Return the imported name, without its alias."""
    own = node.child_by_field_name("name") if node.type == "aliased_import" else node
    return _text(own) if own is not None else ""


def _text(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


@functools.cache
def _query(grammar: tree_sitter.Language) -> tree_sitter.Query:
    return tree_sitter.Query(grammar, "[(import_statement) (import_from_statement)] @import")
