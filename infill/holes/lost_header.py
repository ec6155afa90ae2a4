"""A blank line over code that is indented deeper than what stands above it: the line that opens that block is missing.

Refuses to know what the line should say.
"""

from __future__ import annotations

from infill.syntax import indentation as indents
from infill.syntax.blanks import width
from infill.syntax.indent_units import indent_unit, opens_block
from infill.syntax.languages import Language
from infill.syntax.tree import Syntax
from infill.syntax.word_chars import is_word_char
from infill.types import Hole


def block_without_header(syntax: Syntax, hole: Hole) -> str | None:
    """Return the indentation of the code below a hole, where that is indented as a block which nothing opens."""
    if not syntax.language.headers or not hole.multiline:
        return None
    below = indents.line_below(syntax, hole.span.end)
    if below is None or indents.begins_inside(syntax, below):
        return None
    indent = _indent(syntax, below.start)
    if width(indent) <= width(hole.indent):
        return None
    above = next(indents.lines_above(syntax, hole.span.start), None)
    code = "" if above is None else indents.code_of(syntax, above)
    return None if opens_block(syntax.language, code) else indent


def is_one_level(syntax: Syntax, hole: Hole, block: str) -> bool:
    """Return whether one header is enough for a block below that is indented by `block`."""
    return width(block) - width(hole.indent) <= width(indent_unit(syntax.text, syntax.language))


def header_ends(text: str, before: str, language: Language, block: str) -> list[str]:
    """Return a text up to the end of each line in it that may open a block indented by `block`.

    `before` is what stands before the text in its line. The line below a header, if there is any, tells its block.
    """
    ends: list[str] = []
    end = -len(before)
    lines = (before + text).splitlines(keepends=True)
    for n, line in enumerate(lines):
        end += len(line)
        if not _begins(line.strip(), language.headers + language.clauses) or not opens_block(language, line.rstrip()):
            continue
        body = next((width(indents.indent_of(each)) for each in lines[n + 1 :] if each.strip()), width(block))
        if width(indents.indent_of(line)) < width(block) and body == width(block):
            ends.append(text[:end].rstrip())
    return ends


def _begins(line: str, words: tuple[str, ...]) -> bool:
    return any(line.startswith(word) and not is_word_char(line[len(word) : len(word) + 1]) for word in words)


def _indent(syntax: Syntax, start: int) -> str:
    line = syntax.line(start)
    return indents.indent_of(syntax.text[line.start : line.end])
