"""The targets of type hints: the types that the parameters and the result of a function lack."""

from __future__ import annotations

import re
from collections.abc import Iterator

import tree_sitter

from infill.holes.doc_target import documented_at
from infill.holes.functions import function_at
from infill.holes.jsdoc_target import decides_any, jsdoc_target
from infill.holes.target import Target, all_but, with_inserted
from infill.syntax.doc_comments import doc_syntax, is_documented
from infill.syntax.function_syntax import function_syntax
from infill.syntax.jsdoc import LANGUAGE
from infill.syntax.tree import Syntax
from infill.types import NoFill, Span

_TYPE_COMMENT = re.compile(rb"#\s*type:(?!\s*ignore)")


def hint_targets(syntax: Syntax, within: Span) -> Iterator[Target]:
    """Yield a target for each function that begins within a span and lacks types, nested ones too."""
    types, row = function_syntax(syntax.language).function_types, doc_syntax(syntax)
    for node in syntax.nodes_in(within):
        is_one = node.type in types if not _in_comments(syntax) or row is None else is_documented(node, row)
        if is_one and within.start <= syntax.char_offset(node.start_byte) <= within.end:
            target = hint_target(syntax, node)
            if not isinstance(target, NoFill):
                yield target


def hinted_at(syntax: Syntax, offset: int) -> tree_sitter.Node | None:
    """Return the innermost function around an offset that could have type hints, first line and decorators included."""
    return documented_at(syntax, offset) if _in_comments(syntax) else function_at(syntax, offset)


def is_worth_offering(syntax: Syntax, function: tree_sitter.Node) -> bool:
    """Whether something can come of a function's target: types in comments are only those that the code decides."""
    return not _in_comments(syntax) or decides_any(syntax, function)


def _in_comments(syntax: Syntax) -> bool:
    return syntax.language.id == LANGUAGE


def hint_target(syntax: Syntax, function: tree_sitter.Node) -> Target | NoFill:
    """Return a target for the missing types of parameters and result; the rest of the signature is clamped."""
    if _in_comments(syntax):
        return jsdoc_target(syntax, function)
    row = function_syntax(syntax.language)
    hints = row.hints
    parameters = None if hints is None else function.child_by_field_name(hints.parameters_field)
    if hints is None or parameters is None:
        return NoFill("no_target", "nothing there can have type hints")
    if _has_type_comment(syntax, function):
        return NoFill("no_target", "its types are in a comment")
    insertions: list[tuple[int, str]] = []
    for i, parameter in enumerate(parameters.named_children):
        name = parameter.child_by_field_name("name") or parameter
        if parameter.type not in hints.bare_types or parameter.has_error:
            continue
        span = syntax.span_of(name)
        if i == 0 and syntax.text[span.start : span.end] in hints.implicit:
            continue
        insertions.append((span.end, hints.before))
    if function.child_by_field_name(hints.return_field) is None:
        insertions.append((syntax.char_offset(parameters.end_byte), hints.before_return))
    if not insertions:
        return NoFill("no_target", "every type is there")
    placeholder = row.value_placeholder
    text, inserted = with_inserted(syntax.text, [(at, before + placeholder) for at, before in insertions])
    holes = [Span(i.span.end - len(placeholder), i.span.end) for i in inserted]
    return all_but(text, Span(syntax.span_of(function).start, holes[-1].end), holes, inserted)


def _has_type_comment(syntax: Syntax, function: tree_sitter.Node) -> bool:
    """Whether a comment in the header, or first in the body, gives the types (PEP 484)."""
    body = function.child_by_field_name("body")
    first = (
        next((n for n in body.named_children if n.type not in syntax.language.comment_types), None) if body else None
    )
    end = function.end_byte if first is None else first.end_byte if first == body else first.start_byte
    stack, found = [function], False
    while stack and not found:
        node = stack.pop()
        found = node.type in syntax.language.comment_types and _TYPE_COMMENT.match(node.text or b"") is not None
        stack.extend(child for child in node.children if child.start_byte < end)
    return found
