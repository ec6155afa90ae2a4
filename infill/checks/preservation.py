"""What a rewrite must preserve: code may not become only comments, and definitions keep their names."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from infill.holes.functions import function_syntax
from infill.syntax.tree import Syntax, ancestors
from infill.types import Span

ALIKE = 0.75  # `SequenceMatcher.ratio` from which two lines count as one line with a word changed
LEAST_LETTERS = 4  # least number of letters and digits of a line that is compared


def loses_code(before: Syntax, span: Span, text: str) -> bool:
    """Whether the text in place of the span has no code where there was some, or defines less than the span did."""
    after = before.edited(span, text)
    filled = Span(span.start, span.start + len(text))
    if _has_code(before, span) and not _has_code(after, filled):
        return True
    return bool(_defined(before, span) - _defined(after, filled))


def is_only_prose(before: Syntax, span: Span, text: str) -> bool:
    """Whether the text in place of the span is only comments and strings, which grammars accept as a body."""
    after, language = before.edited(span, text), before.language
    first, last = after.byte_offset(span.start), after.byte_offset(span.start + len(text))
    prose = language.comment_types | language.string_types
    stack = [after.root]
    while stack:
        node = stack.pop()
        if node.end_byte <= first or node.start_byte >= last or node.type in prose:
            continue
        if node.child_count == 0 and node.end_byte > node.start_byte:
            return False
        stack.extend(node.children)
    return True


def writes_others(before: str, span: Span, text: str) -> bool:
    """Whether a line of the text is more like a line around the span than like any line inside it."""
    new = bare_lines(text)
    start, end = before.rfind("\n", 0, span.start) + 1, before.find("\n", span.end)
    above, below = bare_lines(before[:start]), bare_lines(before[end:] if end >= 0 else "")
    others, own = above[-len(new) :] + below[: len(new)], bare_lines(before[span.start : span.end])

    def alike(line: str, lines: Sequence[str]) -> float:
        return max((SequenceMatcher(None, line, other, autojunk=False).ratio() for other in lines), default=0.0)

    return any(alike(line, others) > max(alike(line, own), ALIKE) for line in new)


def bare_lines(text: str) -> list[str]:
    """Return the lines of a text without blanks, those with at least `LEAST_LETTERS` letters and digits."""
    lines = ("".join(line.split()) for line in text.split("\n"))
    return [line for line in lines if sum(map(str.isalnum, line)) >= LEAST_LETTERS]


def _has_code(syntax: Syntax, span: Span) -> bool:
    """Whether a token that is no comment begins in the span."""
    first, last = syntax.byte_offset(span.start), syntax.byte_offset(span.end)
    stack = [syntax.root]
    while stack:
        node = stack.pop()
        if node.end_byte <= first or node.start_byte >= last or node.type in syntax.language.comment_types:
            continue
        if node.child_count == 0 and node.start_byte >= first and node.end_byte > node.start_byte:
            return True
        stack.extend(node.children)
    comment = (n.type in syntax.language.comment_types for n in ancestors(syntax.node_over(span)))
    return not any(comment) and _is_inside_token(syntax, span)


def _is_inside_token(syntax: Syntax, span: Span) -> bool:
    """Whether the span is a part of one token, such as a string's text."""
    node = syntax.node_over(span)
    return node.child_count == 0 and node.end_byte > node.start_byte


def _defined(syntax: Syntax, span: Span) -> set[str]:
    """Names of the functions whose own names are in the span."""
    first, last = syntax.byte_offset(span.start), syntax.byte_offset(span.end)
    types, found = function_syntax(syntax.language).function_types, set[str]()
    stack = [syntax.root]
    while stack:
        node = stack.pop()
        if node.end_byte <= first or node.start_byte >= last:
            continue
        name = node.child_by_field_name("name") if node.type in types else None
        if name is not None and first <= name.start_byte and name.end_byte <= last:
            found.add(syntax.source[name.start_byte : name.end_byte].decode("utf-8", "replace"))
        stack.extend(node.children)
    return found
