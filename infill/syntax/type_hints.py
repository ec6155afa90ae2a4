"""Where a type hint stands in a tree."""

from __future__ import annotations

import tree_sitter

from infill.syntax.function_syntax import TypeHintSyntax, function_syntax
from infill.syntax.tree import Syntax
from infill.types import Span


def hint_at(syntax: Syntax, span: Span) -> tuple[TypeHintSyntax, tree_sitter.Node] | None:
    """Return the language's syntax of types and the node whose type is at `span`; None where no type is there."""
    hints = function_syntax(syntax.language).hints
    node = syntax.node_over(span).parent
    if hints is None or node is None or node.type != hints.type_node:
        return None
    return None if node.parent is None else (hints, node.parent)
