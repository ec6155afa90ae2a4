"""A blank line over code that is indented deeper than what stands above it: the line that opens that block is missing.

Refuses to know what the line should say.
"""

from __future__ import annotations

from infill.syntax import indentation as indents
from infill.syntax.blanks import width
from infill.syntax.indent_units import opens_block
from infill.syntax.languages import Language
from infill.syntax.tree import Syntax
from infill.syntax.word_chars import is_word_char
from infill.types import Hole


def lacks_header(syntax: Syntax, hole: Hole) -> bool:
    """Return whether the code below a hole is indented as a block that nothing opens."""
    if not syntax.language.headers or not hole.multiline:
        return False
    below = indents.line_below(syntax, hole.span.end)
    if below is None or indents.begins_inside(syntax, below):
        return False
    if width(_indent(syntax, below.start)) <= width(hole.indent):
        return False
    above = next(indents.lines_above(syntax, hole.span.start), None)
    code = "" if above is None else indents.code_of(syntax, above)
    return not opens_block(syntax.language, code)


def up_to_header(text: str, before: str, language: Language) -> str | None:
    """Return a text up to the end of its first line that opens a block; None without one.

    `before` is what stands before the text in its line.
    """
    end = -len(before)
    for line in (before + text).splitlines(keepends=True):
        end += len(line)
        if _begins(line.strip(), language.headers) and opens_block(language, line.rstrip()):
            return text[:end].rstrip()
    return None


def _begins(line: str, words: tuple[str, ...]) -> bool:
    return any(line.startswith(word) and not is_word_char(line[len(word) : len(word) + 1]) for word in words)


def _indent(syntax: Syntax, start: int) -> str:
    line = syntax.line(start)
    return indents.indent_of(syntax.text[line.start : line.end])
