"""Whether the cursor is in a comment or a string, by the tree, or by its line where the tree is broken."""

from __future__ import annotations

from typing import Literal

import tree_sitter

from infill.syntax.indentation import BLANK
from infill.syntax.languages import Language
from infill.syntax.tree import Syntax
from infill.syntax.word_chars import is_word_char
from infill.types import Span

_QUOTES = "\"'`"
_TEXT_TYPES = ("jsx_text", "text")
_TEMPLATES = (("{%", "%}"), ("{{", "}}"))  # of what fills in an HTML file, and is text to its grammar


def prose_at(syntax: Syntax, offset: int) -> Literal["comment", "string"] | None:
    """Return whether text typed at `offset` is in a comment or in a string; None for code.

    The end of a line comment is in the comment; the offset after a closing quote is not in the string.
    """
    language, byte = syntax.language, syntax.byte_offset(offset)
    node: tree_sitter.Node | None = syntax.node_over(Span(max(offset - 1, 0), offset)) if offset else None
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


def in_text(syntax: Syntax, offset: int) -> bool:
    """Return whether the cursor is behind words of the text between tags, on their line; not in a template's code."""
    first = syntax.line(offset).start
    end = first + len(syntax.text[first:offset].rstrip(BLANK))  # blanks at its end are not in the node
    node = syntax.node_over(Span(max(end - 1, first), end))
    if end == first or node.type not in _TEXT_TYPES:
        return False
    left = syntax.text[max(syntax.char_offset(node.start_byte), first) : end]
    return any(map(is_word_char, left)) and not any(left.rfind(a) > left.rfind(b) for a, b in _TEMPLATES)


def _unclosed(node: tree_sitter.Node, byte: int) -> bool:
    """Whether the parser inserted the string's end, and the cursor is there."""
    return node.end_byte == byte and node.child_count > 0 and node.children[-1].is_missing


def _is_line_comment(syntax: Syntax, node: tree_sitter.Node) -> bool:
    marker = syntax.language.line_comment
    return bool(marker) and syntax.source.startswith(marker.encode(), node.start_byte)


def _prose_in_broken_code(syntax: Syntax, offset: int) -> Literal["comment", "string"] | None:
    """Return the same by the line up to the cursor, which may leave a quote or comment open; for a broken tree."""
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
            if _begins_comment(language, syntax.text[line.start : at]) and not _is_text(syntax, at):
                return "comment"
        elif language.block_comment and syntax.text.startswith(language.block_comment[0], at):
            close = syntax.text.find(language.block_comment[1], at, offset)
            if close < 0:
                return "comment"
            at = close + len(language.block_comment[1]) - 1
        elif char in _QUOTES:
            end = _end_of_literal(syntax, at)
            if end is not None and end <= offset:
                at = end - 1
            elif char in language.quotes and _opens_string(syntax, at):
                quote = char
        at += 1
    return "string" if quote else None


def _end_of_literal(syntax: Syntax, at: int) -> int | None:
    """Return where the string or character ends that the quote at `at` begins, by the tree; None where it is none."""
    node: tree_sitter.Node | None = syntax.node_over(Span(at, at + 1))
    while node is not None and node.start_byte >= syntax.byte_offset(syntax.line(at).start):
        if node.type in syntax.language.string_types:
            return syntax.char_offset(node.end_byte)
        node = node.parent
    return None


def _opens_string(syntax: Syntax, at: int) -> bool:
    """Whether the grammar reads the quote at `at` as the beginning of a string, not as part of a number or a text.

    Where it reads nothing there, a quote in the middle of a word is an apostrophe.
    """
    token = syntax.node_over(Span(at, at + 1))
    if token.is_error:
        return not (syntax.text[at - 1 : at].isalnum() and syntax.text[at + 1 : at + 2].isalnum())
    return token.child_count == 0 and (token.type in _QUOTES or token.type == "string_start")


def _is_text(syntax: Syntax, at: int) -> bool:
    """Whether `at` is in the text of a document between tags, where no marker begins a comment."""
    return syntax.node_over(Span(at, at + 1)).type in _TEXT_TYPES


def _begins_comment(language: Language, left: str) -> bool:
    """Whether a comment marker after `left` is one: in a shell, `#` only begins one at a word's start."""
    return language.id != "bash" or not left or left[-1] in BLANK + ";&|("


def _opens_long_string(syntax: Syntax, span: Span, offset: int) -> bool:
    """Whether an error node before the cursor is the opening of a triple-quoted string."""
    triple = syntax.text[max(span.end - 3, span.start) : span.end] in ('"""', "'''")
    return triple and span.end <= offset and span.end - span.start <= 5
