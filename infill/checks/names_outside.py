"""Names that a selection gives a meaning and that code outside of it relies on, by the scope that they belong to."""

from __future__ import annotations

import re

import tree_sitter

from infill.syntax.bindings import assigned_nodes, defined_nodes
from infill.syntax.function_syntax import function_syntax
from infill.syntax.tree import Syntax, ancestors, node_text
from infill.types import Span


def names_lost(before: Syntax, span: Span, after: Syntax, filled: Span) -> set[str]:
    """Return the names that the span defines or assigns, that are used outside of it, and that `filled` leaves out.

    A variable of a function is used outside only where the rest of that function uses it.
    """
    kept = {node_text(n) for n in (*assigned_nodes(after, filled), *defined_nodes(after, filled))}
    found = [n for n in (*assigned_nodes(before, span), *defined_nodes(before, span)) if node_text(n) not in kept]
    return {node_text(node) for node in found if _is_used(before, span, node, _scope(before, node))}


def _scope(syntax: Syntax, node: tree_sitter.Node) -> Span:
    """Return where a name is known: in the function around it, else in the whole text."""
    types = function_syntax(syntax.language).function_types
    functions = [n for n in ancestors(node) if n.type in types]
    own = [n for n in functions if n.child_by_field_name("name") != node]
    return syntax.span_of(own[0]) if own else Span(0, len(syntax.text))


def _is_used(syntax: Syntax, but: Span, node: tree_sitter.Node, within: Span) -> bool:
    """Whether a name occurs in the code of a part of the text, outside a span."""
    name = node_text(node)
    prose = syntax.language.comment_types | syntax.language.string_types
    for match in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", syntax.text[within.start : within.end]):
        at = Span(within.start + match.start(), within.start + match.end())
        if but.start <= at.start < but.end:
            continue
        if not any(n.type in prose for n in ancestors(syntax.node_over(at))):
            return True
    return False
