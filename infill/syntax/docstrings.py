"""Documentation strings of Python: one string, several side by side, or these in parentheses."""

from __future__ import annotations

import re

import tree_sitter

from infill.syntax.function_syntax import DocstringSyntax
from infill.syntax.tree import node_text


def docstring_of(statement: tree_sitter.Node, doc: DocstringSyntax) -> tree_sitter.Node | None:
    """Return the expression of a statement that can be a docstring; None where it is none.

    Formatted strings and bytes document nothing.
    """
    if statement.type != doc.statement_type or not statement.named_children:
        return None
    found = strings_of(statement.named_children[0], doc)
    documents = bool(found) and not any(re.match(r"\w*[bBfFtT]\w*[\"']", node_text(string)) for string in found)
    return statement.named_children[0] if documents else None


def strings_of(expression: tree_sitter.Node, doc: DocstringSyntax) -> list[tree_sitter.Node]:
    """Return the strings that an expression consists of; empty where it has anything else in it."""
    if expression.type == doc.string_type:
        return [expression]
    if expression.type not in doc.wrapper_types:
        return []
    parts = [strings_of(child, doc) for child in expression.named_children if child.type != "comment"]
    return [string for part in parts for string in part] if all(parts) else []
