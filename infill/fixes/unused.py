"""Edits for a value that nothing takes: it is to be returned, or compared where it was to be assigned."""

from __future__ import annotations

from collections.abc import Iterator

import tree_sitter

from infill.fixes.edit import Edit
from infill.fixes.report import Report
from infill.syntax.function_syntax import function_syntax
from infill.syntax.tree import Syntax, ancestors
from infill.types import Span


def unused_edits(syntax: Syntax, report: Report) -> Iterator[Edit]:
    """Yield edits of the statement at the report's place."""
    row = syntax.language
    span = report.span
    inside = syntax.node_over(Span(span.start, max(span.start, min(span.end, len(syntax.text)))))
    statement = next((n for n in ancestors(inside) if n.type == row.expression_statement), None)
    if statement is None:
        return
    for node in syntax.nodes_in(syntax.span_of(statement)):
        if node.type in ("==", "===") and node.parent is not None and node.parent.parent == statement:
            yield Edit(syntax.span_of(node), "=", "unused", 1.0)
    functions = function_syntax(row).function_types
    if _is_last(statement) and any(n.type in functions for n in ancestors(statement)):
        start = syntax.span_of(statement).start
        yield Edit(Span(start, start), "return ", "unused")


def _is_last(statement: tree_sitter.Node) -> bool:
    """Whether no statement follows it in its block, so that what it returns does not cut off others."""
    following = statement.next_named_sibling
    while following is not None and "comment" in following.type:
        following = following.next_named_sibling
    return following is None or following.start_point.row == statement.end_point.row
