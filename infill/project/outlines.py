"""Outlines of Python modules: each name that other modules can import, in a few lines without bodies.

A function has its decorators, its signature and the first line of its docstring; a class has that, its fields and
its methods' signatures; anything else has its first line. Knows nothing of files.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

import msgspec
import tree_sitter

from infill.project.imports import Import, imports
from infill.syntax.docstrings import docstring_of, strings_of
from infill.syntax.function_syntax import FUNCTION_SYNTAX
from infill.syntax.tree import Syntax

MAX_LINE_CHARS = 120  # of a constant's line
MAX_MEMBERS = 40  # of a class
_HOLDERS = frozenset({"if_statement", "try_statement", "else_clause", "elif_clause", "except_clause", "block"})
_DEFINITIONS = frozenset({"function_definition", "class_definition", "decorated_definition"})
_FIRST_LINE = re.compile(r"""[rRuU]?("{3}|'{3}|"|')\s*(.*?)(?:(\1)|[ \t\r]*$)""", re.MULTILINE)


class Outline(msgspec.Struct, frozen=True):
    """The names that a module defines at its top level, with their texts, and its imports."""

    definitions: dict[str, str]
    imports: tuple[Import, ...]


def outline(syntax: Syntax) -> Outline:
    """Return the top level definitions of a Python text, those in `if` and `try` too; the last one of a name counts."""
    return Outline(dict(_defined(syntax.root)), tuple(imports(syntax)))


def _defined(scope: tree_sitter.Node) -> Iterator[tuple[str, str]]:
    """Yield names with their text, in the order of the text."""
    for node in scope.named_children:
        if node.type in _DEFINITIONS:
            inner = _inner(node)
            if inner is not None and (name := inner.child_by_field_name("name")) is not None:
                yield _text(name), _definition(node, inner)
        elif node.type in _HOLDERS:
            yield from _defined(node)
        elif (target := _assigned(node)) is not None:
            yield target, _line(node)


def _definition(node: tree_sitter.Node, inner: tree_sitter.Node) -> str:
    """Return the outline of a function or class `node`; `inner` is the same node without decorators."""
    lines = [*(_text(child) for child in node.children if child.type == "decorator"), _head(inner)]
    body = inner.child_by_field_name("body")
    docstring = _documentation(body)
    members = list(_members(body)) if inner.type == "class_definition" and body is not None else []
    if not docstring and not members:
        return "\n".join(lines) + " ..."
    return "\n".join([*lines, *(textwrap.indent(part, "    ") for part in [*docstring, *members])])


def _members(body: tree_sitter.Node) -> Iterator[str]:
    """Yield fields and signatures of a class's body, those of private methods left out."""
    for node in body.named_children[:MAX_MEMBERS]:
        inner = _inner(node)
        if inner is None:
            if _assigned(node) is not None:
                yield _line(node)
        elif inner.type == "function_definition":
            name = _text(inner.child_by_field_name("name"))
            if not name.startswith("_") or name == "__init__":
                decorators = [_text(child) for child in node.children if child.type == "decorator"]
                yield "\n".join([*decorators, _head(inner) + " ..."])


def _head(node: tree_sitter.Node) -> str:
    """Return the header from `def` or `class` to the colon, on one line."""
    body = node.child_by_field_name("body")
    source, start = node.text or b"", node.start_byte
    head = source if body is None else source[: body.start_byte - start]
    lines = [line.partition(" #")[0].strip() for line in head.decode("utf-8", "replace").splitlines()]
    return re.sub(r"(?<=[(\[]) |,? (?=[)\]])", "", " ".join(filter(None, lines)))


def _documentation(body: tree_sitter.Node | None) -> list[str]:
    """Return the first line of a body's docstring, in quotes; empty where there is none."""
    first = body.named_children[0] if body is not None and body.named_children else None
    doc = FUNCTION_SYNTAX["python"].doc
    whole = None if first is None or doc is None else docstring_of(first, doc)
    if whole is None or doc is None:
        return []
    line = ""
    for string in strings_of(whole, doc):
        found = _FIRST_LINE.match(_text(string))
        apart = " " if line and re.match(r"\w*[\"']+\s", _text(string)) else ""
        line += apart + found[2] if found else ""
        if not found or not found[3]:
            break  # the line ends inside this string
    return [f'"""{line.strip()}"""'] if line.strip() else []


def _assigned(node: tree_sitter.Node) -> str | None:
    """Return the name that a statement assigns or annotates; None for other statements."""
    if node.type == "type_alias_statement":
        left = node.child_by_field_name("left")
    elif node.type == "expression_statement" and node.named_children and node.named_children[0].type == "assignment":
        left = node.named_children[0].child_by_field_name("left")
    else:
        return None
    return _text(left) if left is not None and re.fullmatch(r"\w+", _text(left)) else None


def _line(node: tree_sitter.Node) -> str:
    return _text(node).partition("\n")[0].rstrip()[:MAX_LINE_CHARS]


def _inner(node: tree_sitter.Node) -> tree_sitter.Node | None:
    """Return the function or class itself, without its decorators."""
    inner = node.child_by_field_name("definition") if node.type == "decorated_definition" else node
    return inner if inner is not None and inner.type in _DEFINITIONS else None


def _text(node: tree_sitter.Node | None) -> str:
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""
