"""Rules of lines and indentation: what a blank line's indentation should be, with or without a tree.

Used for languages whose blocks are indentation, and for any language where the tree is broken around
the cursor. Works on lines of text and asks the tree only whether a line begins inside a string or bracket.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator

import msgspec

from infill.syntax.languages import Language
from infill.syntax.tree import Syntax
from infill.types import Span

BLANK = " \t\f\v"
_LAST_FEED = re.compile(r".*[\f\v]", re.DOTALL)
_MAX_LINES_SEEN = 400  # lines that are read to find a file's indentation unit
_CLAUSES = re.compile(r"(?:else|elif|except|finally|case)\b")


class Level(msgspec.Struct, frozen=True):
    """An indentation at which a statement may begin, and the header line that owns it ('' for none)."""

    indent: str
    header: str


def indent_of(line: str) -> str:
    """Return the indentation of a line; a form feed sets the column to 0, so blanks before it do not count.

    Python's own rule: its tokenizer sets the column to 0 at a form feed.
    """
    return _LAST_FEED.sub("", line[: n_blanks(line)])


def n_blanks(line: str) -> int:
    """Return how many characters are before the first that is not blank."""
    return len(line) - len(line.lstrip(BLANK))


def width(indent: str) -> int:
    """Return the width of an indentation in columns; a tab goes to the next multiple of eight."""
    return len(indent.expandtabs(8))


def indent_unit(text: str, language: Language) -> str:
    """Return one level of indentation as the file has it: a tab, or its most frequent run of spaces."""
    return _detect_unit(text, language) or language.indent_unit


@functools.lru_cache(maxsize=8)
def _detect_unit(text: str, language: Language) -> str | None:
    steps: Counter[str] = Counter()
    above, opened = "", False
    for line in re.split(r"\r\n|\n|\r", text, maxsplit=_MAX_LINES_SEEN)[:_MAX_LINES_SEEN]:
        if not line.strip(BLANK):
            continue
        indent = indent_of(line)
        if opened and len(indent) > len(above) and indent.startswith(above):
            steps[indent[len(above) :]] += 1
        # only under a header: continuation lines are indented by taste, or aligned with the line above
        above, opened = indent, opens_block(language, line.rstrip(BLANK)) or line.endswith(">")
    usual = [(count, step) for step, count in steps.items() if step == "\t" or 2 <= step.count(" ") <= 8]
    return max(usual)[1] if usual else None


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
        if header_indent + indent_unit(syntax.text, syntax.language) in typed:
            return Level(header_indent + indent_unit(syntax.text, syntax.language), body.header)
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
        return indent + indent_unit(syntax.text, syntax.language)
    return indent


def opens_block(language: Language, code: str) -> bool:
    """Whether a line of code opens a block, so that the next line is indented more."""
    if code.endswith(("{", "(", "[", "=", "=>")) or (code.endswith(":") and language.id != "css"):
        return True
    words = re.findall(r"\w+$", code)
    return bool(words) and words[0] in language.opener_words


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
    return deeper[0] if deeper else header + indent_unit(syntax.text, syntax.language)


def _floor(syntax: Syntax, offset: int) -> int:
    """Return the least width that keeps the line below in a block; one more before an else or except."""
    below = line_below(syntax, offset)
    if below is None:
        return 0
    text = syntax.text[below.start : below.end]
    clause = _CLAUSES.match(text.lstrip(BLANK)) is not None
    return width(indent_of(text)) + (1 if clause else 0)
