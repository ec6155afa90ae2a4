"""Places where a function, method or macro of a name is called: the statement, of one with a block its first lines."""

from __future__ import annotations

import tree_sitter

from infill.syntax.indentation import BLANK
from infill.syntax.tree import Syntax, ancestors
from infill.types import Span

# By the type of a node that calls, the field of what is called.
_CALLS = {
    "call": "function",
    "call_expression": "function",
    "new_expression": "constructor",
    "macro_invocation": "macro",
    "method_invocation": "name",
    "object_creation_expression": "type",
    "command": "name",
}
_LISTS = frozenset({"class_body", "declaration_list", "field_declaration_list", "enum_body", "statement_list"})
_SEPARATORS = (".", "::", "->")


def calls_of(syntax: Syntax, name: str) -> list[Span]:
    """Return the statements that call what the name, or the end of a dotted name, says; in order, each once."""
    spans: dict[tuple[int, int], Span] = {}
    for node in syntax.nodes_in(Span(0, len(syntax.text))):
        field = _CALLS.get(node.type)
        called = None if field is None else node.child_by_field_name(field)
        if called is not None and _is_named(_text(syntax, node, called), name):
            span = _statement(syntax, node)
            spans[span.start, span.end] = span
    return sorted(spans.values(), key=lambda span: (span.start, -span.end))


def _text(syntax: Syntax, call: tree_sitter.Node, called: tree_sitter.Node) -> str:
    """Return what is called without blanks; for a method of Java, what it belongs to as well."""
    owner = call.child_by_field_name("object") if call.type == "method_invocation" else None
    span = syntax.span_of(called)
    start = span.start if owner is None else syntax.char_offset(owner.start_byte)
    return "".join(syntax.text[start : span.end].split())


def _is_named(called: str, name: str) -> bool:
    return called == name or called.endswith(tuple(separator + name for separator in _SEPARATORS))


def _statement(syntax: Syntax, call: tree_sitter.Node) -> Span:
    """Return the innermost statement around a call; of one with a block behind the call, the lines up to that."""
    language = syntax.language
    statement = call
    for node in ancestors(call):
        parent = node.parent
        statement = node
        if parent is None or parent.parent is None or parent.type in language.body_types | _LISTS:
            break
    span = syntax.span_of(statement)
    block = next(
        (n for n in syntax.nodes_in(span) if n.type in language.body_types and n.start_byte >= call.end_byte), None
    )
    if block is None or syntax.char_offset(block.start_byte) >= span.end:
        return span
    end = syntax.line(syntax.char_offset(call.end_byte)).end
    return Span(span.start, span.start + len(syntax.text[span.start : end].rstrip(BLANK)))
