"""Functions in a syntax tree, and the holes in them: bodies and values that are not yet written."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

import tree_sitter

from infill.holes.deliberate import in_brackets, left_open
from infill.syntax import indentation as indents
from infill.syntax.docstrings import docstring_of
from infill.syntax.function_syntax import function_syntax
from infill.syntax.indentation import BLANK
from infill.syntax.languages import Language
from infill.syntax.tree import Syntax, ancestors
from infill.types import Span


def function_at(syntax: Syntax, offset: int) -> tree_sitter.Node | None:
    """Return the innermost function around an offset, its first line and decorators included; None outside of all."""
    row = function_syntax(syntax.language)
    line = syntax.line(offset)
    content = syntax.text[line.start : line.end]
    offset = max(offset, line.start + indents.n_blanks(content))
    end = line.start + len(content.rstrip(BLANK))
    over = Span(offset, offset + 1) if offset < end else Span(max(end - 1, 0), end)
    for node in ancestors(syntax.node_over(over)):
        if node.type in row.function_types:
            return node
        if node.type in row.wrapper_types:
            return next((child for child in node.children if child.type in row.function_types), None)
    return None


def functions(syntax: Syntax) -> Iterator[tree_sitter.Node]:
    """Yield every function that is not inside another, in the order of the text."""
    types = function_syntax(syntax.language).function_types
    stack = [syntax.root]
    while stack:
        node = stack.pop()
        if node.type in types:
            yield node
        else:
            stack.extend(reversed(node.children))


def start_of(syntax: Syntax, function: tree_sitter.Node) -> int:
    """Return the offset where a function begins, its decorators included."""
    parent = function.parent
    wrapped = parent is not None and parent.type in function_syntax(syntax.language).wrapper_types
    return syntax.char_offset((parent if wrapped and parent is not None else function).start_byte)


def extent(syntax: Syntax, function: tree_sitter.Node) -> Span:
    """Return the span of a function with the comments at its end, which grammars of indented blocks leave out."""
    span = syntax.span_of(function)
    if syntax.language.block_style != "indent":
        return span
    own, end = indents.width(_indent_at(syntax, span.start)), span.end
    while (below := _next_filled(syntax, end)) is not None:
        if indents.width(indents.indent_of(syntax.text[below.start : below.end])) <= own:
            break
        end = below.end
    return Span(span.start, end)


def holes_in(syntax: Syntax, within: Span) -> list[Span]:
    """Return the spans of unwritten code in order: placeholders on lines of their own, and placeholder values."""
    found: list[Span] = []
    for span in _placeholder_runs(syntax, within):
        if _is_hole(syntax, span):
            found.append(span)
    found += (span for span in _values(syntax, within) if not any(s.start <= span.start < s.end for s in found))
    return sorted(found, key=lambda span: span.start)


def _placeholder_runs(syntax: Syntax, within: Span) -> list[Span]:
    """Return placeholders on lines of their own; consecutive ones of one indentation are one span."""
    text = syntax.text
    runs: list[Span] = []
    for match in _own_line_placeholder(syntax.language).finditer(text, within.start, within.end):
        span = Span(*match.span("placeholder"))
        if syntax.enclosing(span.start, syntax.language.string_types) is not None:
            continue
        last = runs[-1] if runs else None
        beside = last is not None and not text[last.end : span.start].strip()
        if last is not None and beside and _indent_at(syntax, last.start) == _indent_at(syntax, span.start):
            runs[-1] = Span(last.start, span.end)
        else:
            runs.append(span)
    return runs


def _is_hole(syntax: Syntax, span: Span) -> bool:
    """Whether code is missing at `span`: nothing follows in the block. `pass` and the like must also be all of it.

    A lone `...` is a hole unless it is deliberate. A statement that raises is a hole only as the body of a function.
    """
    text, language = syntax.text, syntax.language
    content = text[span.start : span.end]
    if in_brackets(syntax, span):
        return False
    is_comment = syntax.node_over(Span(span.start, span.start + 1)).type in language.comment_types
    if not is_comment and left_open(syntax, function_syntax(language), span):
        return False
    if content == function_syntax(language).value_placeholder:
        return True
    if not _ends_block(syntax, span):
        return False
    node = syntax.node_over(Span(span.start, span.start + 1))
    if node.type in language.comment_types or not content.startswith(function_syntax(language).whole_only):
        return True
    if not _begins_block(syntax, span):
        return False
    body = next((n for n in ancestors(node) if n.type in language.body_types), None)
    raises = content.startswith("raise")
    return not raises or (body is not None and body.parent is not None and _is_function(syntax, body.parent))


def _ends_block(syntax: Syntax, span: Span) -> bool:
    below = _next_filled(syntax, span.end)
    if below is None:
        return True
    content = syntax.text[below.start : below.end]
    shallower = indents.width(indents.indent_of(content)) < indents.width(_indent_at(syntax, span.start))
    return shallower or content.lstrip(BLANK)[:1] in tuple(")]}")


def _begins_block(syntax: Syntax, span: Span) -> bool:
    """Whether the line above opens the block, or ends a documentation string that does."""
    above = next(indents.filled_above(syntax, span.start), None)
    if above is None:
        return False
    doc = function_syntax(syntax.language).doc
    code = indents.code_of(syntax, above)
    if doc is not None and code:
        last = syntax.node_over(Span(above.start + len(code) - 1, above.start + len(code)))
        statement = next((n for n in ancestors(last) if n.type == doc.statement_type), None)
        if statement is not None and statement.prev_named_sibling is None and docstring_of(statement, doc):
            return True
    return indents.opens_block(syntax.language, code)


def _is_function(syntax: Syntax, node: tree_sitter.Node) -> bool:
    return node.type in function_syntax(syntax.language).function_types


def _values(syntax: Syntax, within: Span) -> Iterator[Span]:
    """Yield the spans of values that are placeholders."""
    row = function_syntax(syntax.language)
    if row.value_type is None:
        return
    for node in syntax.nodes_in(within):
        if node.type == row.value_type and node.parent is not None and node.parent.type in row.value_parents:
            yield syntax.span_of(node)


@functools.cache
def _own_line_placeholder(language: Language) -> re.Pattern[str]:
    return re.compile(rf"^[ \t\f\v]*(?P<placeholder>{language.placeholder})[ \t]*(?=\r?$|\Z)", re.MULTILINE | re.DOTALL)


def _indent_at(syntax: Syntax, offset: int) -> str:
    line = syntax.line(offset)
    return indents.indent_of(syntax.text[line.start : line.end])


def _next_filled(syntax: Syntax, offset: int) -> Span | None:
    """Return the first line after the one at `offset` that is not blank."""
    text, end = syntax.text, syntax.line(offset).end
    while end < len(text):
        line = syntax.line(end + (2 if text.startswith("\r\n", end) else 1))
        if text[line.start : line.end].strip(BLANK):
            return line
        end = line.end
    return None
