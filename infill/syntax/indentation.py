"""Rules of lines and indentation: what a blank line's indentation should be, with or without a tree.

Used for languages whose blocks are indentation, and for any language where the tree is broken around
the cursor. Works on lines of text and asks the tree only whether a line begins inside a string or bracket.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from infill.syntax.blanks import BLANK, indent_of, n_blanks, width
from infill.syntax.indent_units import block_unit, indent_unit, opens_block
from infill.syntax.tree import Syntax
from infill.types import Span

_CLAUSE = re.compile(r"(?:else|elif|except|finally)\b")
# `case` is a name too: where the tree is unsure, a pattern after it and a colon tell a clause from a name's statement.
_CASE = re.compile(r"case(?:\s+(?![=+/%@&|^<>!.,:)]|(?:in|is|and|or|if|not in)\b)|(?=[(\[{\"'-])).*:")


class Level(msgspec.Struct, frozen=True):
    """An indentation at which a statement may begin, and the header line that owns it ('' for none)."""

    indent: str
    header: str


def lines_above(syntax: Syntax, offset: int) -> Iterator[Span]:
    """Yield the lines with code before the one at `offset`, nearest first; no blanks, no comments."""
    return (line for line in filled_above(syntax, offset) if not is_comment(syntax, line))


def filled_above(syntax: Syntax, offset: int) -> Iterator[Span]:
    """Yield the lines that are not blank before the one at `offset`, nearest first."""
    start = syntax.line(offset).start
    while start > 0:
        line = syntax.line(_before_break(syntax.text, start))
        if syntax.text[line.start : line.end].strip(BLANK):
            yield line
        start = line.start


def line_below(syntax: Syntax, offset: int) -> Span | None:
    """Return the first line with code after the one at `offset`, skipping blanks and comments."""
    end = syntax.line(offset).end
    while end < len(syntax.text):
        line = syntax.line(end + (2 if syntax.text.startswith("\r\n", end) else 1))
        if syntax.text[line.start : line.end].strip(BLANK) and not is_comment(syntax, line):
            return line
        end = line.end
    return None


def is_comment(syntax: Syntax, line: Span) -> bool:
    """Whether the line begins with a comment."""
    first = _first_char(syntax, line)
    return syntax.node_over(Span(first, first + 1)).type in syntax.language.comment_types


def code_of(syntax: Syntax, line: Span) -> str:
    """Return the line's text without a comment at its end and without trailing blanks."""
    text = syntax.text[line.start : line.end].rstrip(BLANK)
    if not text:
        return ""
    last = line.start + len(text)
    node = syntax.node_over(Span(last - 1, last))
    while node.parent is not None and node.parent.type in syntax.language.comment_types:
        node = node.parent
    if node.type in syntax.language.comment_types:
        text = syntax.text[line.start : max(line.start, syntax.span_of(node).start)]
    return text.rstrip(BLANK)


def statement_levels(syntax: Syntax, offset: int) -> tuple[list[Level], bool]:
    """Return the levels at which a statement may begin on this line, innermost first, and whether it must open a block.

    It must, at the first level, when the line above opens a block. The last level is column 0.
    """
    starts: list[tuple[str, str]] = []
    opens: bool | None = None
    for line in filled_above(syntax, offset):
        indent = indent_of(syntax.text[line.start : line.end])
        if starts and width(indent) >= width(starts[-1][0]):
            continue  # this test is first: it is cheap and decides most lines of a long body
        if is_comment(syntax, line):
            continue
        code = code_of(syntax, line)
        if opens is None:
            opens = code.endswith(":")
        if begins_inside(syntax, line):
            continue
        starts.append((indent, code.lstrip(BLANK)))
        if not indent:
            break
    if not starts or starts[-1][0]:
        starts.append(("", ""))
    headers = [header for _, header in starts[1:]] + [""]
    levels = [Level(indent, header) for (indent, _), header in zip(starts, headers, strict=True)]
    if opens and starts[0][1]:
        indent, header = starts[0]
        levels.insert(0, Level(_body_indent(syntax, offset, indent), header))
    return levels, bool(opens and starts[0][1])


def choose_level(syntax: Syntax, offset: int, levels: list[Level], must_open: bool) -> Level:
    """Return the level for a statement on the blank line at `offset`; the user's own whitespace wins.

    It wins where it is one of the levels, or any deeper than the header if one must open. An empty line
    is column 0 by that rule, unless the line below would then be indented without a header.
    """
    line = syntax.line(offset)
    typed = (syntax.text[line.start : offset], syntax.text[line.start : line.end])
    if must_open:
        body, header_indent = levels[0], levels[1].indent
        usual = header_indent + unit_below(syntax, offset, header_indent)
        if usual in typed:
            return Level(usual, body.header)
        below = indent_below(syntax, offset)
        settled = below is not None and width(below) > width(header_indent)
        deeper = [own for own in typed if width(own) > width(header_indent)]
        fits = [own for own in deeper if not own.strip(" ") or not own.strip("\t")]
        return body if settled or not fits else Level(fits[0], body.header)
    floor = min(width(levels[0].indent), _floor(syntax, offset))
    possible = [level for level in levels if width(level.indent) >= floor] or levels[:1]
    for own in typed:
        # typed blanks are a choice even if the line below loses its header: a new one may be typed
        exact = [level for level in (levels if own else possible) if level.indent == own]
        if exact:
            return exact[0]
    return min(possible, key=lambda level: abs(width(level.indent) - width(typed[1])))


def blank_start(syntax: Syntax, offset: int, indent: str) -> int:
    """Return where the span of a blank line's hole begins: the cursor, or the line's start if its blanks do not fit."""
    start = syntax.line(offset).start
    return offset if indent.startswith(syntax.text[start:offset]) else start


def line_rule_indent(syntax: Syntax, offset: int) -> str:
    """Return the indentation for a blank line from its neighbour lines alone, for code too broken to parse."""
    above = next(lines_above(syntax, offset), None)
    if above is None:
        return ""
    code = code_of(syntax, above)
    indent = indent_of(code)
    if opens_block(syntax.language, code):
        below = indent_below(syntax, offset)
        if below is not None and width(below) > width(indent):
            return below
        return indent + unit_below(syntax, offset, indent)
    return indent


def unit_below(syntax: Syntax, offset: int, header: str) -> str:
    """Return one level of indentation for a block at `offset` under a line indented by `header`.

    It is the step that the header itself is indented by, so that each block goes on in its own style; at column 0
    it is the file's.
    """
    if header:
        owner = next(_outside(syntax, offset, header), None)
        code = "" if owner is None else code_of(syntax, owner)
        if opens_block(syntax.language, code) or re.search(r"[(\[{][^)\]}]*$", code):
            return block_unit(header, indent_of(code)) or indent_unit(syntax.text, syntax.language)
    return indent_unit(syntax.text, syntax.language)


def _outside(syntax: Syntax, offset: int, header: str) -> Iterator[Span]:
    """Yield the lines of code of the blocks around the one whose header is indented by `header`, nearest first."""
    text, start = syntax.text, syntax.line(offset).start
    while start > 0 and text[start - 1] == "\n":  # lines that end in a lone CR are too rare to be fast for them
        end = start - 1
        start = text.rfind("\n", 0, end) + 1
        if text.startswith(header, start):
            continue  # this test is first: it is cheap and decides most lines of a long body
        line = syntax.line(start)
        content = text[line.start : min(line.end, end)]
        if not content.strip(BLANK) or width(indent_of(content)) >= width(header) or is_comment(syntax, line):
            continue
        if syntax.enclosing(_first_char(syntax, line), syntax.language.string_types) is None:
            yield line


def indent_below(syntax: Syntax, offset: int) -> str | None:
    """Return the indentation of the first line with code after the one at `offset`."""
    below = line_below(syntax, offset)
    return None if below is None else indent_of(syntax.text[below.start : below.end])


def _before_break(text: str, line_start: int) -> int:
    return line_start - (2 if text.startswith("\r\n", max(line_start - 2, 0)) and line_start > 1 else 1)


def _first_char(syntax: Syntax, line: Span) -> int:
    return line.start + n_blanks(syntax.text[line.start : line.end])


def begins_inside(syntax: Syntax, line: Span) -> bool:
    """Whether the line continues a string or a bracket, so that its indentation means nothing."""
    language = syntax.language
    kinds = (language.string_types | language.container_types) - {syntax.root.type}
    return syntax.enclosing(_first_char(syntax, line), kinds) is not None


def _body_indent(syntax: Syntax, offset: int, header: str) -> str:
    """Return the indentation of a body: that of its present lines, else one level more than its header."""
    near = next(filled_above(syntax, offset))  # a comment just under the header shows the indentation
    comment = indent_of(syntax.text[near.start : near.end]) if is_comment(syntax, near) else None
    candidates = [indent_below(syntax, offset), comment]
    deeper = [indent for indent in candidates if indent is not None and width(indent) > width(header)]
    return deeper[0] if deeper else header + unit_below(syntax, offset, header)


def _floor(syntax: Syntax, offset: int) -> int:
    """Return the least width that keeps the line below in a block; one more before an else or except."""
    below = line_below(syntax, offset)
    if below is None:
        return 0
    return width(indent_of(syntax.text[below.start : below.end])) + _is_clause(syntax, below)


def _is_clause(syntax: Syntax, line: Span) -> bool:
    """Whether a line goes on with the statement of a block above it, as an else does, or a case after another."""
    text = syntax.text[line.start : line.end].lstrip(BLANK)
    if _CLAUSE.match(text):
        return True
    if not re.match(r"case\b", text):
        return False
    first = _first_char(syntax, line)
    word = syntax.node_over(Span(first, first + len("case")))
    if word.parent is not None and not word.parent.is_error and not syntax.problems:
        return word.type == "case"
    return _CASE.match(text) is not None
