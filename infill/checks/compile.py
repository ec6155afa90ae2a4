"""Whether Python's own parser accepts a text with a fill in it; only the statements around the hole are parsed.

Statements that do not touch the hole parse as they did before, and parsing them again for every candidate took
most of a fill's time in long files. Where the tree has no certain borders, the excerpt is the whole text.
"""

from __future__ import annotations

import ast
import re
import warnings

import tree_sitter

from infill.syntax.python_code import class_of
from infill.syntax.tree import Syntax
from infill.types import Span

_MAX_COMPILED = 100_000  # characters; compiling more takes too long for a keystroke
_TRIPLE_QUOTE = re.compile("\"\"\"|'''")


class Excerpt:
    """The source for the parser around one hole: the header of each enclosing class, then some statements."""

    def __init__(self, syntax: Syntax, hole: Span) -> None:
        self._text, self._hole = syntax.text, hole
        self._head, self._span = _excerpt(syntax, hole)

    def compiles(self, replacement: str) -> tuple[bool | None, int | None]:
        """Return whether Python parses it with `replacement` in the hole, and the offset of the error in the text.

        (None, None) where it is not known: the source is too long, or has null bytes or lone surrogates.
        """
        before, after = self._text[self._span.start : self._hole.start], self._text[self._hole.end : self._span.end]
        ok, where = _compiles(self._head + before + replacement + after)
        return ok, None if where is None else max(0, where - len(self._head)) + self._span.start


def _excerpt(syntax: Syntax, hole: Span) -> tuple[str, Span]:
    """Return the header and the span of the smallest excerpt whose borders are certain."""
    line_start = syntax.byte_offset(syntax.line(hole.start).start)
    line_end = syntax.byte_offset(syntax.line(hole.end).end)
    head, first, last = "", 0, len(syntax.source)
    if _TRIPLE_QUOTE.search(syntax.text, syntax.line(hole.start).start, syntax.line(hole.end).end):
        return "", Span(0, len(syntax.text))  # one end of a string may be missing: then the tree below is wrong
    container, column = syntax.root, 0
    while True:
        statements = container.children
        # An unclosed line takes in what follows: parts of a broken statement are deeper than their container.
        borders = [s for s in statements if s.start_point.column == column and _is_border(syntax, s)]
        before = [s for s in borders if s.start_byte < line_start]
        after = [s for s in borders if s.start_byte > line_end]
        first = before[-1].start_byte if before else first
        last = after[0].end_byte if after else last
        holding = [s for s in statements if s.start_byte < line_start and line_end < s.end_byte]
        owner = class_of(holding[0]) if holding else None
        body = None if owner is None else owner.child_by_field_name("body")
        if owner is None or body is None or not body.children or body.children[0].start_byte >= line_start:
            break
        head += syntax.source[owner.start_byte : body.start_byte].decode("utf-8", "surrogatepass")
        first, last = body.start_byte, owner.end_byte
        container, column = body, body.start_point.column
    return head, Span(syntax.char_offset(first), syntax.char_offset(last))


def _is_border(syntax: Syntax, statement: tree_sitter.Node) -> bool:
    """Whether the text may be cut before and after this statement: it parses and has its lines to itself."""
    if (
        statement.has_error
        or statement.is_missing
        or not statement.is_named
        or statement.type in syntax.language.comment_types
    ):
        return False
    source = syntax.source
    line_start = source.rfind(b"\n", 0, statement.start_byte) + 1
    line_end = source.find(b"\n", statement.end_byte)
    right = source[statement.end_byte : len(source) if line_end < 0 else line_end].strip()
    return not source[line_start : statement.start_byte].strip() and (not right or right.startswith(b"#"))


def _compiles(text: str) -> tuple[bool | None, int | None]:
    """Return whether Python parses the text, and the offset of its error; (None, None) where it cannot tell."""
    if len(text) > _MAX_COMPILED:
        return None, None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in the user's text is not for us to report
            source = text.removeprefix("\ufeff")
            compile(source, "<fill>", "exec", flags=ast.PyCF_ONLY_AST, dont_inherit=True)
    except SyntaxError as error:
        return False, _offset_of(text, error.lineno, error.offset)
    except (ValueError, RecursionError, MemoryError, OverflowError):
        return None, None  # null bytes, lone surrogates, deep nesting: no verdict
    return True, None


def _offset_of(text: str, line_number: int | None, column: int | None) -> int | None:
    """Return the offset of Python's 1-based line and column, clamped to the text."""
    if line_number is None:
        return None
    starts = [0, *(found.end() for found in re.finditer(r"\r\n|\n|\r", text))]
    start = starts[min(max(line_number, 1), len(starts)) - 1]
    return min(start + max((column or 1) - 1, 0), len(text))
