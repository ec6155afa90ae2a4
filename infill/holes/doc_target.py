"""Where documentation goes that is missing or empty, and what the documentation at a place describes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import tree_sitter

from infill.holes.functions import start_of
from infill.holes.target import Inserted, SelectionTarget, Target, with_inserted
from infill.syntax.doc_comments import (
    DocSyntax,
    comment_above,
    content,
    doc_syntax,
    docstring_in,
    is_documented,
    outermost,
)
from infill.syntax.docstrings import docstring_of
from infill.syntax.function_syntax import DocstringSyntax, function_syntax
from infill.syntax.indentation import BLANK, n_blanks
from infill.syntax.line_breaks import line_break_at
from infill.syntax.tree import Syntax, ancestors, node_text
from infill.types import NoFill, Span

PLACEHOLDER = "..."
_NOWHERE = NoFill("no_target", "nothing there can have documentation")
_HAS_ONE = NoFill("no_target", "it has a docstring")
_OVERLOAD = re.compile(r"@(?:[\w.]*\.)?overload\b")


def doc_target(syntax: Syntax, offset: int) -> Target | NoFill:
    """Return a target for the missing or empty documentation of what is at the cursor."""
    row, node = doc_syntax(syntax), documented_at(syntax, offset)
    if row is None or node is None:
        return _NOWHERE
    doc = function_syntax(syntax.language).doc
    return _comment(syntax, node, row) if doc is None else _string(syntax, node, doc)


def documented_at(syntax: Syntax, offset: int) -> tree_sitter.Node | None:
    """Return the innermost definition around an offset, its first line and what stands above it included.

    The root stands for a module: on its first lines, where it has definitions.
    """
    row = doc_syntax(syntax)
    if row is None:
        return None
    line = syntax.line(offset)
    text = syntax.text[line.start : line.end]
    offset = max(offset, line.start + n_blanks(text))
    end = line.start + len(text.rstrip(BLANK))
    over = Span(offset, offset + 1) if offset < end else Span(max(end - 1, 0), end)
    for node in ancestors(syntax.node_over(over)):
        if is_documented(node, row):
            return node
        if node.type in row.wrappers or node.type in row.between or node.type in syntax.language.comment_types:
            return next(_from(node, row), None)
    return syntax.root if syntax.language.id == "python" and _begins_module(syntax, offset, row) else None


def is_overload(syntax: Syntax, offset: int) -> bool:
    """Whether the definition at the cursor only declares one of several forms of a function."""
    node = documented_at(syntax, offset)
    wrapper = None if node is None else node.parent
    if wrapper is None or wrapper.type != "decorated_definition":
        return False
    return any(_OVERLOAD.match(node_text(child)) for child in wrapper.children if child.type == "decorator")


def described_at(syntax: Syntax, hole: Span) -> tuple[tree_sitter.Node, tree_sitter.Node] | None:
    """Return the documentation around a hole, and the definition that it belongs to; None where there is none."""
    row, doc = doc_syntax(syntax), function_syntax(syntax.language).doc
    if row is None:
        return None
    at = syntax.node_over(Span(max(hole.start - 1, 0), max(hole.end, hole.start + 1)))
    if doc is None:
        comment = next((n for n in ancestors(at) if n.type in syntax.language.comment_types), None)
        node = None if comment is None else next(_from(comment, row), None)
        return None if comment is None or node is None else (comment, node)
    string = next((n for n in ancestors(at) if n.type == doc.string_type), None)
    around = () if string is None else ancestors(string)
    owner = next((n for n in around if is_documented(n, row) or n.parent is None), None)
    if string is None or owner is None or docstring_in(syntax, owner) != string:
        return None
    return string, owner


def _begins_module(syntax: Syntax, offset: int, row: DocSyntax) -> bool:
    statements = [child for child in syntax.root.named_children if child.type not in syntax.language.comment_types]
    definitions = row.functions | row.classes | row.wrappers
    if not statements or not any(child.type in definitions for child in statements):
        return False
    first = syntax.line(syntax.char_offset(statements[0].start_byte))
    return offset <= first.end and statements[0].type not in definitions


def _from(node: tree_sitter.Node, row: DocSyntax) -> Iterator[tree_sitter.Node]:
    """Yield the definition that a comment, an attribute or a wrapper belongs to."""
    following: tree_sitter.Node | None = node
    while following is not None and following.type not in row.wrappers and not is_documented(following, row):
        if following is not node and following.type not in row.between and "comment" not in following.type:
            return
        following = following.next_named_sibling
    while following is not None and not is_documented(following, row):
        inner = [c for c in following.named_children if c.type in row.wrappers or is_documented(c, row)]
        following = inner[-1] if inner else None
    if following is not None:
        yield following


def _string(syntax: Syntax, node: tree_sitter.Node, doc: DocstringSyntax) -> Target | NoFill:
    """Return a target for a docstring, where there is none or an empty one; the signature is clamped."""
    is_module = node.parent is None
    body = node if is_module else node.child_by_field_name("body")
    statements = [] if body is None else [c for c in body.named_children if not is_module or c.type != "comment"]
    if not statements:
        return _NOWHERE
    first = statements[0]
    start = syntax.char_offset(first.start_byte) if is_module else start_of(syntax, node)
    string = docstring_of(first, doc)
    if string is not None:
        return _HAS_ONE if string.type != doc.string_type else _in_string(syntax, start, string, doc.content_type)
    at = syntax.char_offset(first.start_byte)
    indent = syntax.text[syntax.line(at).start : at]
    if indent.strip(BLANK):
        return NoFill("no_target", "the body is on the line of its header")
    line_break = line_break_at(syntax.text, at)
    apart = line_break if is_module or (node.type == "class_definition" and "definition" in first.type) else ""
    quotes = "'''" if syntax.text.count("'''") > syntax.text.count('"""') else doc.opening
    new = quotes + PLACEHOLDER + quotes + line_break + apart + indent
    text, inserted = with_inserted(syntax.text, [(at, new)])
    hole = Span(at + len(quotes), at + len(quotes) + len(PLACEHOLDER))
    return _target(text, Span(start, hole.end + len(quotes)), hole, inserted)


def _in_string(syntax: Syntax, start: int, string: tree_sitter.Node, content_type: str) -> Target | NoFill:
    """Return a target for the content of an empty docstring."""
    contents = [child for child in string.named_children if child.type == content_type]
    closing = syntax.char_offset(string.children[-1].start_byte)
    span = syntax.span_of(contents[0]) if contents else Span(closing, closing)
    text = syntax.text[span.start : span.end]
    present, end = text.strip(), syntax.char_offset(string.end_byte)
    if present == PLACEHOLDER:
        at = span.start + text.index(present)
        return _target(syntax.text, Span(start, end), Span(at, at + len(present)))
    if present:
        return _HAS_ONE
    new, inserted = with_inserted(syntax.text, [(span.start, PLACEHOLDER)])
    return _target(new, Span(start, end + len(PLACEHOLDER)), inserted[0].span, inserted)


def _comment(syntax: Syntax, node: tree_sitter.Node, row: DocSyntax) -> Target | NoFill:
    """Return a target for a comment above a definition, where there is none or an empty one."""
    above = comment_above(syntax, node, row)
    if above is not None:
        return _in_comment(syntax, above, row)
    at = syntax.char_offset(outermost(node, row).start_byte)
    indent = syntax.text[syntax.line(at).start : at]
    if indent.strip(BLANK):
        return NoFill("no_target", "it does not begin its line")
    opening, closing = _marks(syntax, row)
    said = f" {PLACEHOLDER}{' ' if closing else ''}"
    new = opening + said + closing + line_break_at(syntax.text, at) + indent
    text, inserted = with_inserted(syntax.text, [(at, new)])
    hole = Span(at + len(opening), at + len(opening + said))
    return _target(text, Span(at, hole.end + len(closing)), hole, inserted)


def _in_comment(syntax: Syntax, comment: tree_sitter.Node, row: DocSyntax) -> Target | NoFill:
    """Return a target for the inside of an empty comment."""
    span = syntax.span_of(comment)
    raw = syntax.text[span.start : span.end].rstrip()
    if content(raw) or not raw.startswith(row.opening) or len(raw) < len(row.opening + row.closing):
        return NoFill("no_target", "it has a comment above it")
    hole = Span(span.start + len(row.opening), span.start + len(raw) - len(row.closing))
    return _target(syntax.text, Span(span.start, span.start + len(raw)), hole)


def _marks(syntax: Syntax, row: DocSyntax) -> tuple[str, str]:
    """Return the marks of a comment; where most are lines of `///` in place of blocks, those."""
    if row.closing and len(re.findall(r"(?m)^[ \t]*///", syntax.text)) > syntax.text.count("/**"):
        return "///", ""
    return row.opening, row.closing


def _target(text: str, selection: Span, hole: Span, inserted: tuple[Inserted, ...] = ()) -> SelectionTarget:
    """Return a target for the selection in which everything but the hole is frozen."""
    around = (Span(selection.start, hole.start), Span(hole.end, selection.end))
    frozen = tuple(span for span in around if span.start < span.end)
    return SelectionTarget(text, inserted, selection=selection, frozen=frozen, documents=True)
