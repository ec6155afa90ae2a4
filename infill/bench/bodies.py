"""Whole bodies of functions as holes, in every language whose functions we know, and whether a text parses."""

from __future__ import annotations

import ast
import warnings

import tree_sitter

from infill.syntax.docstrings import docstring_of
from infill.syntax.function_syntax import function_syntax
from infill.syntax.languages import Language, by_id
from infill.syntax.tree import Syntax, parse
from infill.types import InputError, Span

MAX_BLOCK_LINES = 10


def language_of(language: str) -> Language:
    """Return the row of a language id of ours. Raises `InputError` for another."""
    row = by_id(language)
    if row is None or row.id != language:
        raise InputError(f"--language {language}: is no language id of ours, such as python, typescript, tsx, go, rust")
    return row


def body_span(syntax: Syntax, n: int) -> Span | None:
    """Return the span of the statements of the function that begins in line `n`, from 0, without its docstring.

    None where no function begins there, or its body does not stand on lines of its own, at most `MAX_BLOCK_LINES`.
    """
    row = function_syntax(syntax.language)
    function = next((node for node in _beginning_in(syntax, n) if node.type in row.function_types), None)
    body = function and function.child_by_field_name("body")
    if function is None or body is None or body.type not in syntax.language.body_types:
        return None
    statements = _statements(syntax, body)
    if row.doc is not None and statements and docstring_of(statements[0], row.doc) is not None:
        del statements[0]
    if not statements:
        return None
    first, last = syntax.span_of(statements[0]), syntax.span_of(statements[-1])
    last_line = syntax.line(last.start + len(syntax.text[last.start : last.end].rstrip()) - 1)
    before = syntax.text[syntax.line(first.start).start : first.start]
    after = syntax.text[min(last.end, last_line.end) : last_line.end]
    if before.strip() or after.lstrip().startswith("}"):
        return None  # it shares a line with what opens or closes it
    end = last_line.start + len(syntax.text[last_line.start : last_line.end].rstrip())
    return Span(first.start, end) if syntax.text.count("\n", first.start, end) < MAX_BLOCK_LINES else None


def _statements(syntax: Syntax, body: tree_sitter.Node) -> list[tree_sitter.Node]:
    """Return the statements of a body, without the comments around them."""
    found = [child for child in body.named_children if child.type not in syntax.language.comment_types]
    # Go's grammar has one more node between the braces.
    return _statements(syntax, found[0]) if len(found) == 1 and found[0].type == "statement_list" else found


def _beginning_in(syntax: Syntax, n: int) -> list[tree_sitter.Node]:
    """Return the nodes that begin in a line, outer before inner."""
    stack, found = [syntax.root], list[tree_sitter.Node]()
    while stack:
        node = stack.pop()
        if node.start_point[0] == n and node.is_named:
            found.append(node)
        stack.extend(c for c in reversed(node.named_children) if c.start_point[0] <= n <= c.end_point[0])
    return found


def parses(text: str, language: str = "python", original: str = "") -> bool:
    """Whether Python parses the text; in another language, whether our grammar finds no more errors than in `original`.

    Real code of other languages often has what a grammar does not know, such as macros.
    """
    if language != "python":
        row = language_of(language)
        return len(parse(row, text).problems) <= len(parse(row, original).problems)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
