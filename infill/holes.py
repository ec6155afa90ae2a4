"""From a cursor to a hole: what is to be filled, with which indentation, and whether to ask at all.

The kinds: token (text to the right), line_end (none to the right), block (a blank line in a body, or a
body not yet written), between (a blank line among siblings), selection. Works on broken code by falling
back to lines. Refuses to know of models and budgets.
"""

from __future__ import annotations

from typing import Literal

import tree_sitter

from infill import indents
from infill.indents import BLANK
from infill.languages import placeholder_pattern
from infill.syntax import Syntax
from infill.types import Hole, HoleKind, NoFill, Reason, Span, Trigger

MAX_BYTES = 1_000_000
MAX_MEAN_LINE = 240  # characters; above it the file was generated, minified or is data
_MAX_PLACEHOLDER = 2_000  # a body longer than this is not a placeholder, whatever it says


def find_hole(syntax: Syntax, offset: int, trigger: Trigger) -> Hole | NoFill:
    """Return the hole at a cursor, or why there should be none; `manual` always gets a hole.

    The span contains the cursor, or ends or begins at it. An offset outside the text is clamped, one
    between CR and LF counts as the line's end.
    """
    offset = min(max(offset, 0), len(syntax.text))
    if syntax.text[offset - 1 : offset + 1] == "\r\n":
        offset -= 1
    if trigger == "automatic":
        reason = _refusal(syntax, offset)
        if reason is not None:
            return NoFill(*reason)
    line = syntax.line(offset)
    left, right = syntax.text[line.start : offset], syntax.text[offset : line.end]
    hole = _placeholder_hole(syntax, offset)
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

    Those stay in the text, so a fill need not repeat them. A selection of nothing but blanks is a
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


def prose_at(syntax: Syntax, offset: int) -> Literal["comment", "string"] | None:
    """Say whether what is typed at `offset` lands in a comment or a string rather than in code.

    The end of a line comment is in the comment; the place after a closing quote is not in the string.
    """
    language, byte = syntax.language, syntax.byte_offset(offset)
    node: tree_sitter.Node | None = syntax.node_over(max(offset - 1, 0), offset) if offset else None
    while node is not None:
        inside = node.start_byte < byte < node.end_byte
        if inside and node.type in language.code_in_string_types:
            return None
        if node.type in language.string_types and (inside or _unclosed(node, byte)):
            return "string"
        if node.type in language.comment_types and (inside or _is_line_comment(syntax, node)):
            same_line = syntax.line(offset).start <= syntax.char_offset(node.end_byte - 1)
            return "comment" if inside or same_line else None
        node = node.parent
    return _prose_in_broken_code(syntax, offset)


def _refusal(syntax: Syntax, offset: int) -> tuple[Reason, str] | None:
    """Return why an automatic trigger should show nothing here, cheapest test first."""
    if len(syntax.source) > MAX_BYTES:
        return "file_too_large", f"{len(syntax.source)} bytes, the limit is {MAX_BYTES}"
    n_lines = max(syntax.text.count("\n"), syntax.text.count("\r")) + 1
    mean_line = len(syntax.text) / n_lines
    if mean_line > MAX_MEAN_LINE:
        return "generated_file", f"lines of {mean_line:.0f} characters on average"
    following = syntax.text[offset : offset + 1]
    if following.isalnum() or following == "_":
        return "word_to_the_right", "the cursor is before a word character"
    prose = prose_at(syntax, offset)
    if prose == "comment":
        return "in_comment", "the cursor is in a comment"
    if prose == "string":
        return "in_string", "the cursor is in a string"
    return None


def _unclosed(node: tree_sitter.Node, byte: int) -> bool:
    """Say whether a string's end is made up by the parser and the cursor stands there."""
    return node.end_byte == byte and node.child_count > 0 and node.children[-1].is_missing


def _is_line_comment(syntax: Syntax, node: tree_sitter.Node) -> bool:
    marker = syntax.language.line_comment
    return bool(marker) and syntax.source.startswith(marker.encode(), node.start_byte)


def _prose_in_broken_code(syntax: Syntax, offset: int) -> Literal["comment", "string"] | None:
    """Read the line up to the cursor for a quote or comment left open, where the tree has an error."""
    line = syntax.line(offset)
    if any(_opens_long_string(syntax, problem.span, offset) for problem in syntax.problems):
        return "string"
    if not any(p.span.start <= offset and p.span.end >= line.start for p in syntax.problems):
        return None
    language, quote, at = syntax.language, "", line.start
    while at < offset:
        char = syntax.text[at]
        if quote:
            quote = "" if char == quote else quote
            at += 1 if char == "\\" else 0
        elif language.line_comment and syntax.text.startswith(language.line_comment, at):
            # `#` is a comment only at a word's start in a shell, and `//` follows a colon in an address
            return "comment" if at == line.start or syntax.text[at - 1] in BLANK + ";" else None
        elif language.block_comment and syntax.text.startswith(language.block_comment[0], at):
            close = syntax.text.find(language.block_comment[1], at, offset)
            if close < 0:
                return "comment"
            at = close + len(language.block_comment[1]) - 1
        elif char in language.quotes:
            quote = char
        at += 1
    return "string" if quote else None


def _opens_long_string(syntax: Syntax, span: Span, offset: int) -> bool:
    """Say whether an error node before the cursor is the opening of a triple-quoted string."""
    triple = syntax.text[max(span.end - 3, span.start) : span.end] in ('"""', "'''")
    return triple and span.end <= offset and span.end - span.start <= 5


def _placeholder_hole(syntax: Syntax, offset: int) -> Hole | None:
    """Return the hole over a body that is only a placeholder, when the cursor is on or just above it."""
    inner = (_python_body if syntax.language.block_style == "indent" else _brace_body)(syntax, offset)
    if inner is None or inner.end - inner.start > _MAX_PLACEHOLDER:
        return None
    found = placeholder_pattern(syntax.language).fullmatch(syntax.text, inner.start, inner.end)
    if found is None:
        return None
    start, end = found.span("held")
    first, last = syntax.line(start), syntax.line(end)
    # one that shares its line with the header or the closing brace would have to be laid out anew
    if syntax.text[first.start : start].strip(BLANK) or syntax.text[end : last.end].strip(BLANK):
        return None
    between = syntax.text[offset:start] if offset < start else ""
    if between.strip() or offset > last.end or syntax.line(offset).start <= inner.start:
        return None
    indent = syntax.text[first.start : start]
    if offset < start:
        start = _blank_start(syntax, offset, indent)
    return Hole(Span(start, max(end, offset)), "block", indent, multiline=True)


def _brace_body(syntax: Syntax, offset: int) -> Span | None:
    """Return what stands between the first and last token of the innermost body around the cursor."""
    node = syntax.enclosing(offset, syntax.language.body_types)
    if node is None or node.child_count < 2:
        return None
    first, last = node.children[0], node.children[-1]
    return Span(syntax.char_offset(first.end_byte), syntax.char_offset(last.start_byte))


def _python_body(syntax: Syntax, offset: int) -> Span | None:
    """Return the lines under the nearest header above the cursor, by indentation."""
    text, line = syntax.text, syntax.line(offset)
    for above in indents.lines_above(syntax, offset):
        code = indents.code_of(syntax, above)
        if not code.endswith(":"):
            here = text[line.start : line.end].strip(BLANK)
            if here and indents.width(indents.indent_of(code)) >= 1 and above.end > offset - _MAX_PLACEHOLDER:
                continue  # perhaps a docstring above the placeholder
            return None
        levels, _ = indents.statement_levels(syntax, above.end + 1)
        header = next((level for level in levels[1:]), levels[0])
        return Span(above.end, _body_end(syntax, above, indents.width(header.indent)))
    return None


def _body_end(syntax: Syntax, header: Span, header_width: int) -> int:
    """Return the end of the last line under a header that is deeper than it, comments included."""
    text, end, at = syntax.text, header.end, header.end
    while at < len(text) and at - header.end <= _MAX_PLACEHOLDER:
        line = syntax.line(at + (2 if text.startswith("\r\n", at) else 1))
        content = text[line.start : line.end]
        if content.strip(BLANK):
            if indents.width(indents.indent_of(content)) <= header_width:
                break
            end = line.end
        at = line.end
    return end


def _blank_line_hole(syntax: Syntax, offset: int) -> Hole:
    """Return the hole for a line with nothing but blanks on it."""
    line = syntax.line(offset)
    if prose_at(syntax, offset) is not None:
        above = next(indents.filled_above(syntax, offset), line)
        indent = syntax.text[line.start : line.end] or indents.indent_of(syntax.text[above.start : above.end])
        return Hole(Span(_blank_start(syntax, offset, indent), line.end), "line_end", indent, multiline=False)
    kind, indent = _blank_line_place(syntax, offset)
    return Hole(Span(_blank_start(syntax, offset, indent), line.end), kind, indent, multiline=True)


def _blank_start(syntax: Syntax, offset: int, indent: str) -> int:
    """Return where the span begins: the cursor, or the line's start if the blanks there do not fit."""
    line = syntax.line(offset)
    return offset if indent.startswith(syntax.text[line.start : offset]) else line.start


def _blank_line_place(syntax: Syntax, offset: int) -> tuple[HoleKind, str]:
    language = syntax.language
    node = _holder(syntax, offset)
    by_indent = language.block_style == "indent"
    if by_indent and (node is None or node.type in language.body_types or node.parent is None):
        above = next(indents.lines_above(syntax, offset), None)
        if (
            node is None
            and above is not None
            and indents.code_of(syntax, above).endswith(("(", "[", "{", ","))
        ):
            return "between", _own_or(syntax, offset, indents.line_rule_indent(syntax, offset), "")
        return _statement_place(syntax, offset)
    if node is None:
        indent = _own_or(syntax, offset, indents.line_rule_indent(syntax, offset), "")
        return ("block" if indent else "between"), indent
    if node.parent is None:
        return "between", ""
    siblings = _siblings(syntax, node)
    owner = syntax.line(syntax.char_offset(node.start_byte))
    owner_indent = indents.indent_of(syntax.text[owner.start : owner.end])
    expected = _sibling_indent(syntax, siblings, offset)
    if expected is None:
        expected = owner_indent + indents.indent_unit(syntax.text, language)
    kind = "between" if siblings and node.type in language.container_types else "block"
    return kind, _own_or(syntax, offset, expected, owner_indent)


def _statement_place(syntax: Syntax, offset: int) -> tuple[HoleKind, str]:
    """Place a blank line among statements where blocks are indentation."""
    levels, must_open = indents.statement_levels(syntax, offset)
    level = indents.choose_level(syntax, offset, levels, must_open)
    in_class = level.header.startswith("class ") and not must_open
    return ("between" if in_class or not level.indent else "block"), level.indent


def _holder(syntax: Syntax, offset: int) -> tree_sitter.Node | None:
    """Return the body or container around the cursor, None where an error makes it unsure."""
    language = syntax.language
    wanted = language.body_types | language.container_types
    before = len(syntax.text[:offset].rstrip())
    # a closing token that the parser made up just before the cursor: the body may well go on
    if any(problem.missing and before <= problem.span.start <= offset for problem in syntax.problems):
        return None
    for node in syntax.around(offset):
        if node.is_error:
            return None
        if node.type in wanted:
            return node
    return None


def _siblings(syntax: Syntax, node: tree_sitter.Node) -> list[tree_sitter.Node]:
    """Return the children that begin a line of their own, below the line on which the node begins."""
    found: list[tree_sitter.Node] = []
    for child in node.named_children:
        start = syntax.char_offset(child.start_byte)
        if child.start_point.row > node.start_point.row and not child.type.endswith("end_tag"):
            line = syntax.line(start)
            if not syntax.text[line.start : start].strip(BLANK):
                found.append(child)
    return found


def _sibling_indent(syntax: Syntax, siblings: list[tree_sitter.Node], offset: int) -> str | None:
    """Return the indentation of the sibling just above the cursor, else of the one below."""
    byte = syntax.byte_offset(offset)
    above = [child for child in siblings if child.start_byte < byte]
    if not siblings:
        return None
    nearest = above[-1] if above else siblings[0]
    start = syntax.char_offset(nearest.start_byte)
    return syntax.text[syntax.line(start).start : start]


def _own_or(syntax: Syntax, offset: int, expected: str, owner: str) -> str:
    """Return the user's own blanks where they are deeper than the owner's but hardly than expected."""
    line = syntax.line(offset)
    most = indents.width(expected) + max(indents.width(indents.indent_unit(syntax.text, syntax.language)), 2)
    for own in (syntax.text[line.start : offset], syntax.text[line.start : line.end]):
        if indents.width(owner) < indents.width(own) <= most and set(own) <= set(" \t"):
            return own
    return expected
