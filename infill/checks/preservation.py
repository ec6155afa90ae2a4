"""What a rewrite must preserve: code may not become only comments, and definitions keep their names."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

import tree_sitter

from infill.syntax.bindings import defined_functions
from infill.syntax.tree import Syntax, ancestors
from infill.types import Span

_ALIKE = 0.75  # `SequenceMatcher.ratio` from which two lines count as one line with a word changed
_LEAST_LETTERS = 4  # least number of letters and digits of a line that is compared


def loses_code(before: Syntax, span: Span, text: str) -> bool:
    """Whether the text in place of the span has no code where there was some, or defines less than the span did."""
    after = before.edited(span, text)
    filled = Span(span.start, span.start + len(text))
    if _has_code(before, span) and not _has_code(after, filled):
        return True
    return not defined_functions(before, span) <= defined_functions(after, filled)


def is_only_prose(before: Syntax, span: Span, text: str) -> bool:
    """Whether the text in place of the span is only comments and strings, which grammars accept as a body."""
    after, language = before.edited(span, text), before.language
    filled = Span(span.start, span.start + len(text))
    nodes = after.nodes_in(filled, skip=language.comment_types | language.string_types)
    return not any(map(_is_token, nodes))


def writes_others(before: str, span: Span, text: str) -> bool:
    """Whether a line of the text is more like a line around the span than like any line inside it."""
    new = _bare_lines(text)
    start, end = before.rfind("\n", 0, span.start) + 1, before.find("\n", span.end)
    above, below = _bare_lines(before[:start]), _bare_lines(before[end:] if end >= 0 else "")
    others, own = above[-len(new) :] + below[: len(new)], _bare_lines(before[span.start : span.end])

    def alike(line: str, lines: Sequence[str]) -> float:
        return max((SequenceMatcher(None, line, other, autojunk=False).ratio() for other in lines), default=0.0)

    return any(alike(line, others) > max(alike(line, own), _ALIKE) for line in new)


def _bare_lines(text: str) -> list[str]:
    """Return the lines of a text without blanks, those with at least `_LEAST_LETTERS` letters and digits."""
    lines = ("".join(line.split()) for line in text.split("\n"))
    return [line for line in lines if sum(map(str.isalnum, line)) >= _LEAST_LETTERS]


def _has_code(syntax: Syntax, span: Span) -> bool:
    """Whether a token that is no comment begins in the span."""
    comments, first = syntax.language.comment_types, syntax.byte_offset(span.start)
    if any(_is_token(node) and node.start_byte >= first for node in syntax.nodes_in(span, skip=comments)):
        return True
    inner = syntax.node_over(span)  # one token where the span is a part of it, such as a string's text
    return _is_token(inner) and not any(node.type in comments for node in ancestors(inner))


def _is_token(node: tree_sitter.Node) -> bool:
    return node.child_count == 0 and node.end_byte > node.start_byte
