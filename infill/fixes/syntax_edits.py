"""Edits of one token or so that may remove a syntax error, near the place that a diagnostic names.

They are only tried: most do not parse. Which of them remove the error, is for the caller to find out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from infill.fixes.edit import Edit
from infill.fixes.report import Report, Trouble
from infill.fixes.words import OTHER_WORDS
from infill.syntax.indentation import BLANK, indent_of
from infill.syntax.tree import Syntax
from infill.types import Span

_TOKEN = re.compile(r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`[^`\n]*`|\w+|[ \t]+|\S")
_CLOSING, _OPENING = ")]}", "([{"
_HEADER = re.compile(r"\s*(?:async\s+)?(?:if|elif|else|for|while|def|class|with|try|except|finally|match|case)\b")
_LONE_EQUALS = re.compile(r"(?<![=!<>:+\-*/%&|^])=(?![=>])")
_FAR_LINES = 6  # below an opening bracket, at whose ends it may be closed
_NEAR_LINES = 10  # whose indentation a line may have
_ABOVE: frozenset[Trouble] = frozenset({"brace", "bracket", "comma"})
_LONG = 400  # characters of a line; in longer ones nothing is tried


def syntax_edits(syntax: Syntax, report: Report) -> Iterator[Edit]:
    """Yield what may be tried, line by line of those that the report may be about."""
    for line in lines_of(syntax, report):
        if line.end - line.start > _LONG:
            continue
        for trouble, edits in _EDITS.items():
            for span, text, doubt in edits(syntax, line, report):
                yield Edit(span, text, trouble, doubt)


def lines_of(syntax: Syntax, report: Report) -> list[Span]:
    """Return the reported line, and the line of code above where the report is at the first word of its line."""
    text, at = syntax.text, min(report.span.start, len(syntax.text))
    line = syntax.line(at)
    lines = [line] if text[line.start : line.end].strip() else []
    if not text[line.start : at].strip():
        above = text[: line.start].rstrip()
        while above and _is_comment(syntax, above.rpartition("\n")[2]):
            above = above.rpartition("\n")[0].rstrip()
        if above and _ABOVE & report.troubles:  # what is missing there was expected here
            lines.insert(0, syntax.line(len(above)))
        elif above:
            lines.append(syntax.line(len(above)))
    return lines


def _is_comment(syntax: Syntax, line: str) -> bool:
    mark = syntax.language.line_comment
    return bool(mark) and line.lstrip(BLANK).startswith(mark)


_Tried = Iterator[tuple[Span, str, float]]


def _code_end(syntax: Syntax, line: Span) -> int:
    """Return where the code of a line ends, before blanks and a comment."""
    content, mark = syntax.text[line.start : line.end], syntax.language.line_comment
    at = 0
    for token in _TOKEN.finditer(content):
        if mark and content.startswith(mark, token.start()) and token[0][0] not in "\"'`":
            break
        at = token.end() if token[0].strip() else at
    return line.start + at


def _ends(syntax: Syntax, line: Span, after: int = 0) -> list[int]:
    """Return where the tokens of a line end, from an offset on, the last first."""
    content, last = syntax.text[line.start : line.end], _code_end(syntax, line)
    found = (line.start + token.end() for token in _TOKEN.finditer(content) if token[0].strip())
    return [end for end in found if after < end <= last][::-1]


def _bracket(syntax: Syntax, line: Span, report: Report) -> _Tried:
    own, opened = syntax.line(report.span.start) == line, syntax.text[report.span.start : report.span.start + 1]
    after = report.span.start if own and opened and opened in _OPENING else 0
    wanted = _CLOSING[_OPENING.index(opened)] if after else _CLOSING
    for end in _ends(syntax, line, max(after, line.start)):
        yield from ((Span(end, end), mark, 0.0) for mark in wanted)
    if after:
        for below in _lines_below(syntax, line):
            end = _code_end(syntax, below)
            yield Span(end, end), wanted, 1.0
            if syntax.text[end - 1 : end] in ":;{":
                yield Span(end - 1, end - 1), wanted, 1.0


def _lines_below(syntax: Syntax, line: Span) -> Iterator[Span]:
    for _ in range(_FAR_LINES):
        if line.end + 1 >= len(syntax.text):
            return
        line = syntax.line(line.end + 1 + syntax.text.startswith("\r\n", line.end))
        yield line


def _extra_bracket(syntax: Syntax, line: Span, report: Report) -> _Tried:
    before = ""
    for at in range(line.start, _code_end(syntax, line)):
        char = syntax.text[at]
        if char in _CLOSING + _OPENING and char != before:  # of equal ones side by side, one is enough
            yield Span(at, at + 1), "", 0.0 if char in _CLOSING else 2.0
        before = char


def _comma(syntax: Syntax, line: Span, report: Report) -> _Tried:
    for end in _ends(syntax, line, line.start):
        if end < line.end and syntax.text[end] in BLANK and syntax.text[end - 1] not in ",([{.":
            yield Span(end, end), ",", 0.0
    end = _code_end(syntax, line)
    yield Span(end, end), ",", 1.0


def _quote(syntax: Syntax, line: Span, report: Report) -> _Tried:
    content = syntax.text[line.start : line.end]
    for mark in syntax.language.quotes:
        opened = [t.start() for t in _TOKEN.finditer(content) if t[0] == mark]
        if not opened:
            continue
        reported = report.span.start - line.start  # the one that is open may be paired with that of a later string
        first = (reported if 0 <= reported < opened[-1] and content[reported] == mark else opened[-1]) + 1
        ends = {first, *(m.end() + first for m in re.finditer(r"\w+|\s+|[^\w\s]", content[first:]))}
        yield from ((Span(line.start + end, line.start + end), mark, 0.0) for end in sorted(ends, reverse=True))


def _colon(syntax: Syntax, line: Span, report: Report) -> _Tried:
    if syntax.language.block_style == "indent" and _HEADER.match(syntax.text, line.start, line.end):
        end = _code_end(syntax, line)
        yield Span(end, end), ":", 0.0
    for end in _ends(syntax, line, line.start):
        yield Span(end, end), ":", 2.0


def _brace(syntax: Syntax, line: Span, report: Report) -> _Tried:
    if syntax.language.block_style == "brace":
        end = _code_end(syntax, line)
        rest = syntax.text[end : line.end]
        yield Span(end, end if rest.strip() else line.end), " {", 0.0


def _word(syntax: Syntax, line: Span, report: Report) -> _Tried:
    content = syntax.text[line.start : line.end]
    for wrong, right in OTHER_WORDS.get(syntax.language.id, {}).items():
        edges = (r"(?<![\w.])", r"(?![\w])") if wrong.strip().isidentifier() else ("", r"(?![=&|])")
        for found in re.finditer(edges[0] + re.escape(wrong) + edges[1], content):
            yield Span(line.start + found.start(), line.start + found.end()), right, 0.0


def _indentation(syntax: Syntax, line: Span, report: Report) -> _Tried:
    if syntax.language.block_style != "indent":
        return
    text, own = syntax.text, indent_of(syntax.text[line.start : line.end])
    seen: dict[str, float] = {}
    above = text[: line.start].splitlines()[-_NEAR_LINES:][::-1]
    below = text[line.end :].splitlines()[1:_NEAR_LINES]
    for doubt, near in ((0.0, above[:1]), (0.5, below[:1]), (2.0, above), (2.0, below)):
        for other in near:
            if other.strip():
                seen.setdefault(indent_of(other), doubt)
    for indent, doubt in seen.items():
        if indent != own:
            yield Span(line.start, line.start + len(own)), indent, doubt


def _equals(syntax: Syntax, line: Span, report: Report) -> _Tried:
    content = syntax.text[line.start : line.end]
    same = "===" if syntax.language.id in ("javascript", "typescript", "tsx") else "=="
    usual = same if syntax.text.count(same) >= syntax.text.count(" == ") else "=="
    for found in _LONE_EQUALS.finditer(content):
        yield Span(line.start + found.start(), line.start + found.end()), usual, 0.0


_EDITS: dict[Trouble, Callable[[Syntax, Span, Report], _Tried]] = {
    "bracket": _bracket,
    "extra bracket": _extra_bracket,
    "comma": _comma,
    "quote": _quote,
    "colon": _colon,
    "brace": _brace,
    "word": _word,
    "indentation": _indentation,
    "equals": _equals,
}
