"""Bodies that look unwritten and are meant to be so: abstract methods, overloads, stubs, ignored errors.

A request for such a body at the cursor is still answered. A request for all holes of a file leaves them out.
"""

from __future__ import annotations

import re
import weakref

import tree_sitter

from infill.syntax.function_syntax import AbstractSyntax, FunctionSyntax
from infill.syntax.tree import Syntax, ancestors
from infill.types import Span

_BASE_NAME = re.compile(r"^(?:Base|Abstract|I)(?=[A-Z_])|(?:Base|Mixin|Interface|Protocol|ABC)$")
_TO_OVERRIDE = re.compile(r"\b(?:subclass|overrid|implementers?\b|must be implemented|abstract)", re.IGNORECASE)


def left_open(syntax: Syntax, row: FunctionSyntax, placeholder: Span) -> bool:
    """Return whether the placeholder at `placeholder` is deliberate, so that nothing is missing there."""
    node = syntax.node_over(Span(placeholder.start, placeholder.start + 1))
    chain = list(ancestors(node))
    if any(n.type in row.quiet_types for n in _up_to_body(syntax, chain)):
        return True
    if row.abstract is None:
        return False
    function = next((n for n in chain if n.type in row.function_types), None)
    return function is not None and _declares_only(syntax, row, row.abstract, function)


def in_brackets(syntax: Syntax, placeholder: Span) -> bool:
    """Return whether the placeholder at `placeholder` is inside brackets, where it is a value and no statement."""
    language = syntax.language
    for node in ancestors(syntax.node_over(placeholder)):
        if node.type in language.body_types or node.parent is None:
            return False
        if node.type in language.container_types:
            return True
    return False


def _up_to_body(syntax: Syntax, chain: list[tree_sitter.Node]) -> list[tree_sitter.Node]:
    """Return the owner of the innermost block around a node; None at the top of a file."""
    body = next((n for n in chain if n.type in syntax.language.body_types), None)
    return [] if body is None or body.parent is None else [body.parent]


def _declares_only(syntax: Syntax, row: FunctionSyntax, abstract: AbstractSyntax, function: tree_sitter.Node) -> bool:
    """Whether a function only declares what subclasses implement: by a decorator, its class, or the error it raises."""
    parent = function.parent
    if parent is not None and parent.type in row.wrapper_types:
        decorators = (_text(syntax, n) for n in parent.children if n.type == abstract.decorator_type)
        if any(_last_names(text) & abstract.decorators for text in decorators):
            return True
    owner = next((n for n in ancestors(function) if n.type == abstract.class_type), None)
    if owner is None:
        return False
    bases = owner.child_by_field_name(abstract.bases_field)
    if bases is not None and _last_names(_text(syntax, bases)) & abstract.bases:
        return True
    name_node = owner.child_by_field_name("name")
    name = "" if name_node is None else _text(syntax, name_node)
    if not any(_text(syntax, n).startswith("raise") for n in _statements(function)):
        return False
    meant = _BASE_NAME.search(name) or _TO_OVERRIDE.search(_text(syntax, function))
    return bool(meant) or name in _base_names(syntax, abstract)


def _statements(function: tree_sitter.Node) -> list[tree_sitter.Node]:
    body = function.child_by_field_name("body")
    return [] if body is None else body.named_children


# Found once for each text, however many functions it has.
_known_bases: weakref.WeakKeyDictionary[Syntax, frozenset[str]] = weakref.WeakKeyDictionary()


def _base_names(syntax: Syntax, abstract: AbstractSyntax) -> frozenset[str]:
    """Return the names of the classes from which other classes of the file derive."""
    known = _known_bases.get(syntax)
    if known is not None:
        return known
    names: set[str] = set()
    stack = [syntax.root]
    while stack:
        node = stack.pop()
        if node.type == abstract.class_type:
            bases = node.child_by_field_name(abstract.bases_field)
            if bases is not None:
                names |= _last_names(_text(syntax, bases))
        stack.extend(node.named_children)
    known = _known_bases[syntax] = frozenset(names)
    return known


def _text(syntax: Syntax, node: tree_sitter.Node) -> str:
    span = syntax.span_of(node)
    return syntax.text[span.start : span.end]


def _last_names(text: str) -> set[str]:
    """Return the names in a text, the last part of dotted ones: `abc.ABC` gives ABC, `Protocol[T]` Protocol and T."""
    return {dotted.rpartition(".")[2] for dotted in re.findall(r"[\w.]+", text)}
