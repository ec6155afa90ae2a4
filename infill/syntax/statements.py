"""Where statements end and lines lack nothing, by the tree: whether all that a line says is said."""

from __future__ import annotations

import tree_sitter

from infill.syntax.indentation import BLANK
from infill.syntax.tree import Syntax, ancestors
from infill.types import Span

CLOSING = ")]},;:"  # brackets and separators, before which there is always room for more


def statement_ending_at(syntax: Syntax, offset: int) -> tree_sitter.Node | None:
    """Return the innermost statement whose last character is the one before `offset`; None where none ends there.

    A statement is a child of a body or of the whole text. A comment is none, nor is anything that the parser could
    not read or had to complete.
    """
    language = syntax.language
    if not offset or syntax.text[offset - 1 : offset].isspace():
        return None
    byte = syntax.byte_offset(offset)
    for node in ancestors(syntax.node_over(Span(offset - 1, offset))):
        if node.end_byte != byte or node.has_error:
            return None
        parent = node.parent
        if parent is None or node.type in language.comment_types:
            return None
        if node.is_named and (parent.parent is None or parent.type in language.body_types):
            return None if parent.is_error else node
    return None


def code_end(syntax: Syntax, line: Span) -> int:
    """Return where the last character of a line ends that is not blank; the line's start for a blank line."""
    return line.start + len(syntax.text[line.start : line.end].rstrip(BLANK))


def nothing_is_missing(syntax: Syntax, offset: int) -> bool:
    """Whether code follows on the cursor's line and the parser lacks nothing on it as it stands.

    Not so before a closing bracket or a separator, where there is always room for more, in a tag before its end, and
    before a string, which often gets a call around it.
    """
    line = syntax.line(offset)
    right = syntax.text[offset : line.end].lstrip(BLANK)
    if not right or right[0] in CLOSING + syntax.language.quotes or not syntax.text[line.start : offset].strip(BLANK):
        return False
    if right.startswith((">", "/>")) and syntax.language.id in ("tsx", "javascript", "html"):
        return False
    return not any(p.span.start <= line.end and p.span.end >= line.start for p in syntax.problems)
