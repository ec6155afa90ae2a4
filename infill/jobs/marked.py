"""Comments that mark a place to fill, such as `# FILL: the sum of the prices`.

A comment on a line of its own is replaced, with the comment lines of the same place below it and a placeholder. One
behind code is replaced by the rest of its line. What the comment says stays above the place while the model writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from infill.holes.target import HoleTarget
from infill.jobs.asked import swapped
from infill.jobs.found import Found
from infill.syntax.indentation import BLANK
from infill.syntax.languages import placeholder_pattern
from infill.syntax.line_breaks import line_break_at
from infill.syntax.tree import Syntax
from infill.types import Span

_EDGES = " \t*/#-!<>"


def marked(syntax: Syntax, word: str) -> list[Found]:
    """Return the places that comments with the word mark, in the order of the text."""
    pattern = re.compile(rf"(?<![\w$@-]){re.escape(word)}(?![\w$@-])[ \t]*:?")
    found: list[Found] = []
    if word not in syntax.text:  # as in most files of a tree: their comments need no look
        return found
    covered = 0
    for comment in _comments(syntax):
        text = syntax.text[comment.start : comment.end]
        if comment.start < covered or pattern.search(text) is None:
            continue
        line = syntax.line(comment.start)
        begins_line = not syntax.text[line.start : comment.start].strip(BLANK)
        place = (_block if begins_line else _rest_of_line)(syntax, comment, pattern)
        if place is not None:
            found.append(place)
            covered = place.about.end
    return found


def _comments(syntax: Syntax) -> Iterator[Span]:
    """Yield the comments of a text; the line break that some grammars count to them is left out."""
    types = syntax.language.comment_types
    for node in syntax.nodes_in(Span(0, len(syntax.text))):
        if node.type in types:
            span = syntax.span_of(node)
            yield Span(span.start, span.start + len(syntax.text[span.start : span.end].rstrip()))


def _block(syntax: Syntax, comment: Span, pattern: re.Pattern[str]) -> Found | None:
    """Return the place of a comment on a line of its own, with what belongs to it below."""
    text, line = syntax.text, syntax.line(comment.start)
    if text[comment.end : syntax.line(comment.end).end].strip(BLANK):
        return None  # code follows the comment on its line
    indent, end = text[line.start : comment.start], comment.end
    said = [_said(text[comment.start : comment.end], pattern)]
    for below in _lines_below(syntax, end):
        content = text[below.start : below.end]
        if not content.startswith(indent) or content[len(indent) : len(indent) + 1].isspace():
            break
        content = content.strip()
        placeholder = placeholder_pattern(syntax.language).fullmatch(content) is not None
        if not placeholder and not _is_comment(syntax, content):
            break
        end = below.end
        if placeholder:
            break
        said.append(content.strip(_EDGES))
    shown = [_comment(syntax, words) for words in said if words]
    line_break = line_break_at(text, comment.start)
    above = "".join(words + line_break + indent for words in shown)
    whole = Span(comment.start, end)
    asked, swaps = swapped(text, [(whole, above)])
    at = swaps[0].here.end
    return Found(about=whole, target=HoleTarget(asked, offset=at, hole=Span(at, at)), swaps=swaps)


def _rest_of_line(syntax: Syntax, comment: Span, pattern: re.Pattern[str]) -> Found | None:
    """Return the place of a comment behind code: the rest of that line."""
    text, line = syntax.text, syntax.line(comment.start)
    if text[comment.end : syntax.line(comment.end).end].strip(BLANK):
        return None
    words = _said(text[comment.start : comment.end], pattern)
    code = text[line.start : comment.start]
    indent = code[: len(code) - len(code.lstrip(BLANK))]
    above = indent + _comment(syntax, words) + line_break_at(text, comment.start) if words else ""
    # An operator has a blank behind it; a bracket, or a whole statement that goes on, has none.
    blanks = " " if code.endswith(" ") and code.rstrip(BLANK)[-1:] in tuple("=,:+-*/<>&|") else ""
    start = line.start + len(code.rstrip(BLANK))
    whole = Span(start, comment.end)
    asked, swaps = swapped(text, [(Span(line.start, line.start), above), (whole, blanks)])
    at = swaps[1].here.end
    return Found(about=comment, target=HoleTarget(asked, offset=at, hole=Span(at, at)), swaps=swaps, begins=blanks)


def _lines_below(syntax: Syntax, offset: int) -> Iterator[Span]:
    text, end = syntax.text, syntax.line(offset).end
    while end < len(text):
        line = syntax.line(end + (2 if text.startswith("\r\n", end) else 1))
        if not text[line.start : line.end].strip(BLANK):
            return
        yield line
        end = line.end


def _is_comment(syntax: Syntax, content: str) -> bool:
    marker = syntax.language.line_comment
    return bool(marker) and content.startswith(marker)


def _said(comment: str, pattern: re.Pattern[str]) -> str:
    """Return what a comment says beside the word, on one line."""
    return " ".join(pattern.sub(" ", comment, count=1).strip(_EDGES).split())


def _comment(syntax: Syntax, words: str) -> str:
    """Return the words as a comment of the language."""
    language = syntax.language
    if language.line_comment:
        return f"{language.line_comment} {words}"
    opening, closing = language.block_comment or ("/*", "*/")
    return f"{opening} {words} {closing}"
