"""What encloses a place: functions, classes and the like, each with the lines that open and close it."""

from __future__ import annotations

import msgspec
import tree_sitter

from infill.syntax.bindings import type_nodes
from infill.syntax.function_syntax import function_syntax
from infill.syntax.tree import Syntax, ancestors
from infill.types import Span

MOST_SIGNATURE_LINES = 6
_BLOCKS = frozenset({"impl_item", "mod_item", "namespace_definition", "internal_module", "object_declaration"})


class Scope(msgspec.Struct, frozen=True):
    """What encloses some lines; offsets are of whole lines, without the break at their end.

    `signature` opens it; `body` is all that follows, the line that closes it included. The lines of what `runs` are
    statements, those of others definitions.
    """

    runs: bool
    signature: Span
    body: Span
    closes: bool  # its last line only closes it


def scopes_around(syntax: Syntax, span: Span) -> list[Scope]:
    """Return the scopes whose bodies have all lines of a span in them, outermost first."""
    types = function_syntax(syntax.language).function_types | type_nodes(syntax.language) | _BLOCKS
    first, last = syntax.line(span.start).start, syntax.line(span.end).end
    found = (scope_of(syntax, node) for node in ancestors(syntax.node_over(span)) if node.type in types)
    inner_first = [s for s in found if s is not None and s.body.start <= first and last <= s.body.end]
    return inner_first[::-1]


def scope_of(syntax: Syntax, node: tree_sitter.Node) -> Scope | None:
    """Return the scope that a node opens; None where its body does not begin on a line of its own."""
    body = node.child_by_field_name("body")
    if body is None or not body.child_count:
        return None
    by_indent = syntax.language.block_style == "indent"
    start = syntax.line(syntax.char_offset(node.start_byte)).start
    opened = syntax.char_offset(body.start_byte)
    begins = syntax.line(opened).start if by_indent else _next_line(syntax, syntax.line(opened).end)
    end = syntax.line(syntax.char_offset(node.end_byte)).end
    if begins is None or begins <= start or begins >= end:
        return None
    signature = Span(start, len(syntax.text[:begins].rstrip("\r\n")))
    if syntax.text.count("\n", start, begins) > MOST_SIGNATURE_LINES:
        return None
    last = syntax.line(end)
    closes = not by_indent and not any(map(str.isalnum, syntax.text[last.start : last.end]))
    runs = node.type in function_syntax(syntax.language).function_types
    return Scope(runs, signature, Span(begins, end), closes)


def _next_line(syntax: Syntax, end: int) -> int | None:
    """Return where the line after the one that ends at `end` begins; None after the last."""
    if end >= len(syntax.text):
        return None
    return end + (2 if syntax.text.startswith("\r\n", end) else 1)
