"""What code can put right in an answer that did more than it was asked to: what was there comes back."""

from __future__ import annotations

import re

import tree_sitter

from infill.syntax.function_syntax import function_syntax
from infill.syntax.tree import Syntax, node_text
from infill.types import Span

MOST_COMMENT_LINES = 2  # one after the other that are taken over: what follows is seldom true


def with_return_types(before: Syntax, span: Span, text: str) -> str:
    """Return the text with the return types that its functions had before and have lost."""
    had = {
        name: _return_type(before, node)
        for node in _functions(before, span)
        if (name := _name(node)) and node.child_by_field_name("return_type") is not None
    }
    after = before.edited(span, text)
    filled = Span(span.start, span.start + len(text))
    for node in reversed(list(_functions(after, filled))):
        parameters = node.child_by_field_name("parameters")
        lost = had.get(_name(node)) if node.child_by_field_name("return_type") is None else None
        if lost and parameters is not None:
            at = after.char_offset(parameters.end_byte) - span.start
            text = text[:at] + lost + text[at:]
    return text


def with_comments(syntax: Syntax, span: Span, text: str) -> str:
    """Return the code of the span as it is, with the lines of comments that the text brings in.

    A comment goes above the line of code that it is above in the text, where the span has that line.
    """
    old = syntax.text[span.start : span.end].split("\n")
    bare = [line.strip() for line in old]
    comment = re.compile(rf"\s*(?:{re.escape(syntax.language.line_comment or '#')}|/\*|\*)")
    placed: dict[int, list[str]] = {}
    run: list[str] = []
    at: int = 0
    for line in text.split("\n"):
        if comment.match(line) and line.strip() not in bare:
            run.append(line)
            continue
        known = [i for i in range(at, len(old)) if line.strip() and bare[i] == line.strip()]
        at = known[0] if known else at
        placed.setdefault(at, []).extend(run[:MOST_COMMENT_LINES])
        run = []
        at = at + 1 if bare[at : at + 1] == [line.strip()] else at
    return "\n".join(new for i, line in enumerate(old) for new in (*placed.get(i, ()), line))


def _functions(syntax: Syntax, span: Span) -> list[tree_sitter.Node]:
    """Return the functions that a span touches, in the order of the text."""
    types = function_syntax(syntax.language).function_types
    return [node for node in syntax.nodes_in(span) if node.type in types]


def _name(node: tree_sitter.Node) -> str:
    name = node.child_by_field_name("name")
    return "" if name is None else node_text(name)


def _return_type(syntax: Syntax, node: tree_sitter.Node) -> str:
    """Return the text from a function's parameters to the end of its return type."""
    parameters, kind = node.child_by_field_name("parameters"), node.child_by_field_name("return_type")
    if parameters is None or kind is None or kind.start_byte < parameters.end_byte:
        return ""
    return syntax.text[syntax.char_offset(parameters.end_byte) : syntax.char_offset(kind.end_byte)]
