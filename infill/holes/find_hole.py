"""From a cursor to a hole: what is to be filled, with which indentation, and whether to ask at all.

The kinds: token (text to the right), line_end (none to the right), block (a blank line in a body, or a
body not yet written), between (a blank line among siblings), selection. Works on broken code by falling
back to lines. Refuses to know of models and budgets.
"""

from __future__ import annotations

import tree_sitter

from infill.holes.placeholders import placeholder_hole
from infill.holes.unasked import refusal
from infill.syntax import indentation as indents
from infill.syntax.indentation import BLANK
from infill.syntax.prose import prose_at
from infill.syntax.tree import Syntax
from infill.types import Hole, HoleKind, NoFill, Span, Trigger


def find_hole(syntax: Syntax, offset: int, trigger: Trigger) -> Hole | NoFill:
    """Return the hole at a cursor, or why an automatic trigger shows nothing there; `manual` always gets a hole.

    The span contains the cursor, or ends or begins at it. An offset outside the text is clamped, one
    between CR and LF counts as the line's end.
    """
    offset = min(max(offset, 0), len(syntax.text))
    if syntax.text[offset - 1 : offset + 1] == "\r\n":
        offset -= 1
    if trigger == "automatic":
        reason = refusal(syntax, offset)
        if reason is not None:
            return NoFill(*reason)
    line = syntax.line(offset)
    left, right = syntax.text[line.start : offset], syntax.text[offset : line.end]
    hole = placeholder_hole(syntax, offset)
    if hole is not None:
        return hole
    if not (left + right).strip(BLANK):
        return _blank_line_hole(syntax, offset)
    indent = indents.indent_of(left + right)
    if right.strip(BLANK):
        return Hole(Span(offset, offset), "token", indent, multiline=False)
    return Hole(Span(offset, line.end), "line_end", indent, multiline=False)


def selection_hole(syntax: Syntax, span: Span) -> Hole | NoFill:
    """Return the hole that rewrites a selection, without the blanks and line breaks at its ends.

    Those stay in the text, so a fill need not repeat them. A selection of blanks only is a
    cursor at its start.
    """
    start, end = sorted(min(max(at, 0), len(syntax.text)) for at in (span.start, span.end))
    chosen = syntax.text[start:end]
    if not chosen.strip():
        return find_hole(syntax, start, "manual")
    start += len(chosen) - len(chosen.lstrip())
    end -= len(chosen) - len(chosen.rstrip())
    line = syntax.line(start)
    indent = indents.indent_of(syntax.text[line.start : line.end])
    return Hole(Span(start, end), "selection", indent, multiline=True)


def _blank_line_hole(syntax: Syntax, offset: int) -> Hole:
    """Return the hole for a line with only blanks on it."""
    line = syntax.line(offset)
    if prose_at(syntax, offset) is not None:
        above = next(indents.filled_above(syntax, offset), line)
        indent = syntax.text[line.start : line.end] or indents.indent_of(syntax.text[above.start : above.end])
        kind: HoleKind = "line_end"
    elif _continues_line(syntax, line):
        indent = _own_or(syntax, offset, indents.line_rule_indent(syntax, offset), "")
        kind = "line_end"
    else:
        kind, indent = _blank_line_kind(syntax, offset)
    span = Span(indents.blank_start(syntax, offset, indent), line.end)
    return Hole(span, kind, indent, multiline=kind != "line_end")


def _continues_line(syntax: Syntax, line: Span) -> bool:
    """Whether the line just above ends in a backslash, so that this one is part of it."""
    above = syntax.text[max(line.start - 3, 0) : line.start]
    return above.endswith(("\\\n", "\\\r\n", "\\\r"))


def _blank_line_kind(syntax: Syntax, offset: int) -> tuple[HoleKind, str]:
    """Return the kind of the hole on a blank line of code, and its indentation."""
    language = syntax.language
    node = _body_around(syntax, offset)
    by_indent = language.block_style == "indent"
    if by_indent and (node is None or node.type in language.body_types or node.parent is None):
        above = next(indents.lines_above(syntax, offset), None)
        code = "" if above is None else indents.code_of(syntax, above)
        if code.endswith(("(", "[", "{", ",")):  # a bracket not closed yet
            own = syntax.text[syntax.line(offset).start : offset]  # perhaps aligned with the bracket
            return "between", own or indents.line_rule_indent(syntax, offset)
        return _statement_kind(syntax, offset)
    if node is None:
        indent = _own_or(syntax, offset, indents.line_rule_indent(syntax, offset), "")
        return ("block" if indent else "between"), indent
    if node.parent is None:
        own = syntax.text[syntax.line(offset).start : offset]
        usual = (indents.line_rule_indent(syntax, offset), indents.indent_below(syntax, offset))
        return "between", own if own in usual else ""
    sibling = _nearest_sibling(syntax, node, offset)
    owner = syntax.line(syntax.char_offset(node.start_byte))
    owner_indent = indents.indent_of(syntax.text[owner.start : owner.end])
    if sibling is None:
        expected = owner_indent + indents.unit_below(syntax, offset, owner_indent)
    else:
        expected = syntax.text[syntax.line(sibling).start : sibling]
    kind = "between" if sibling is not None and node.type in language.container_types else "block"
    return kind, _own_or(syntax, offset, expected, owner_indent)


def _statement_kind(syntax: Syntax, offset: int) -> tuple[HoleKind, str]:
    """Return the same for a blank line among statements, in a language whose blocks are indented."""
    levels, must_open = indents.statement_levels(syntax, offset)
    level = indents.choose_level(syntax, offset, levels, must_open)
    in_class = level.header.startswith("class ") and not must_open
    return ("between" if in_class or not level.indent else "block"), level.indent


def _body_around(syntax: Syntax, offset: int) -> tree_sitter.Node | None:
    """Return the body or container around the cursor, None where an error makes it unsure."""
    language = syntax.language
    wanted = language.body_types | language.container_types
    before = len(syntax.text[:offset].rstrip())
    # The parser inserted a closing token just before the cursor: the body may continue.
    if any(problem.missing and before <= problem.span.start <= offset for problem in syntax.problems):
        return None
    for node in syntax.around(offset):
        if node.is_error:
            return None
        if node.type in wanted:
            return node
    return None


def _nearest_sibling(syntax: Syntax, node: tree_sitter.Node, offset: int) -> int | None:
    """Return where the child begins that is nearest above the cursor, else below, on a line of its own."""
    byte, row = syntax.byte_offset(offset), node.start_point.row
    children = [child for child in node.named_children if child.start_point.row > row]
    above = [child for child in children if child.start_byte < byte]
    for child in (*reversed(above), *children[len(above) :]):
        start = syntax.char_offset(child.start_byte)
        alone = not syntax.text[syntax.line(start).start : start].strip(BLANK)
        if alone and not child.type.endswith("end_tag"):
            return start
    return None


def _own_or(syntax: Syntax, offset: int, expected: str, owner: str) -> str:
    """Return the user's own blanks where they fit, else what is expected.

    They fit if they are a neighbour's, or between the owner's and expected; and at the owner's too, if
    the line above is deeper: someone has gone back there to close the block.
    """
    line = syntax.line(offset)
    above = next(indents.lines_above(syntax, offset), line)
    above_indent = indents.indent_of(syntax.text[above.start : above.end])
    neighbours = {above_indent, indents.indent_below(syntax, offset)}
    most = indents.width(expected) + max(indents.width(indents.unit_below(syntax, offset, owner)), 2)
    for own in (syntax.text[line.start : offset], syntax.text[line.start : line.end]):
        wide = indents.width(own)
        closes = own == owner and 0 < wide < indents.width(above_indent)
        fits = wide > indents.width(owner) and (own in neighbours or wide <= most)
        if (closes or fits) and set(own) <= set(" \t"):
            return own
    return expected
