"""What a model is shown of a file before it changes a selection of it, and what its answer then means.

It sees the selected lines between the lines right around them, below the signatures of what encloses them, as one
piece of code; its answer begins with the same lines. The file's outline comes before, in short.
"""

from __future__ import annotations

import textwrap

import msgspec

from infill.prompt.context import lf
from infill.syntax.blanks import BLANK, indent_of
from infill.syntax.scopes import Scope, scopes_around
from infill.syntax.tree import Syntax
from infill.types import Span

LINES_BEFORE, LINES_AFTER = 4, 3  # around the selection, in the scope that encloses it
MOST_SCOPES = 3
OUTLINE_LINES, OUTLINE_CHARS = 12, 400


class Shown(msgspec.Struct, frozen=True):
    """A selection as the model sees it; all texts have LF for line breaks and lack the indentation they share.

    `begun`, if not empty, ends with a line break; `selected` are whole lines without the last one's break. `after` are
    the lines below, which an answer may repeat. `head` and `tail` share the first and the last line with the selection.
    """

    selected: str
    begun: str = ""
    after: tuple[str, ...] = ()
    indent: str = ""  # that they share
    head: str = ""
    tail: str = ""
    outline: str = ""

    @property
    def code(self) -> str:
        """All of it."""
        return "\n".join((self.begun + self.selected, *self.after))


def shown(syntax: Syntax, span: Span) -> Shown:
    """Return what is shown of a file for a selection, whose ends are not blank."""
    text = syntax.text
    first, last = syntax.line(span.start).start, syntax.line(span.end).end
    scopes = scopes_around(syntax, Span(first, last))
    scopes = [*scopes[: MOST_SCOPES - 1], *scopes[MOST_SCOPES - 1 :][-1:]]
    inner = scopes[-1] if scopes else None
    above = _lines(text, inner.body.start, first)[-LINES_BEFORE:] if inner and inner.runs else []
    begun = [line for scope in scopes for line in _lines(text, scope.signature.start, scope.signature.end)]
    begun += _from_code(above)
    after = _after(text, last, scopes)
    lines = [*begun, *_lines(text, first, last), *after]
    indent = _shared_indent(lines)
    own = [line.removeprefix(indent) if line.strip(BLANK) else line.lstrip(BLANK) for line in lines]
    n, end = len(begun), len(lines) - len(after)
    return Shown(
        selected="\n".join(own[n:end]),
        begun="".join(f"{line}\n" for line in own[:n]),
        after=tuple(own[end:]),
        indent=indent,
        head=text[first : span.start],
        tail=text[span.end : last],
        outline=outline(syntax, Span(first, last), scopes),
    )


def outline(syntax: Syntax, span: Span, scopes: list[Scope]) -> str:
    """Return the first lines of what the file has at its top level besides a span and its scopes, imports first."""
    first, last = (scopes[0].signature.start, scopes[0].body.end) if scopes else (span.start, span.end)
    comments, found = syntax.language.comment_types, list[tuple[bool, str]]()
    for node in syntax.root.named_children:
        own = syntax.span_of(node)
        if (own.end > first and own.start < last) or node.type in comments:
            continue
        line = lf(syntax.text[own.start : own.end]).partition("\n")[0].rstrip()
        found.append((not _imports(node.type), line))
    kept: list[str] = []
    for _, line in sorted(found, key=lambda each: each[0]):
        if len(kept) == OUTLINE_LINES or sum(map(len, kept)) + len(line) > OUTLINE_CHARS:
            break
        kept.append(line)
    return "\n".join(kept)


def _imports(node_type: str) -> bool:
    return any(word in node_type for word in ("import", "use_", "include", "package"))


def _after(text: str, last: int, scopes: list[Scope]) -> list[str]:
    """Return the lines below the selection in the innermost scope, and those that close the scopes."""
    after: list[str] = []
    for scope in reversed(scopes):
        rest = _lines(text, last + 1, scope.body.end) if last < scope.body.end else []
        closing = rest[-1:] if scope.closes else []
        if scope is scopes[-1] and scope.runs:
            after += _to_code(rest[: len(rest) - len(closing)])
        after += closing
        last = scope.body.end
    return after


def _to_code(lines: list[str]) -> list[str]:
    """Return the first few lines, without blank ones at the end."""
    kept = lines[:LINES_AFTER]
    while kept and not kept[-1].strip(BLANK):
        kept.pop()
    return kept


def _from_code(lines: list[str]) -> list[str]:
    """Return the lines without blank ones at the start."""
    while lines and not lines[0].strip(BLANK):
        lines = lines[1:]
    return lines


def _lines(text: str, start: int, end: int) -> list[str]:
    """Return the lines of a part of the text, which begins with a line; a break at its end begins no other."""
    part = lf(text[start:end])
    return part.removesuffix("\n").split("\n") if part else []


def _shared_indent(lines: list[str]) -> str:
    """Return the indentation that all lines with code begin with."""
    filled = [indent_of(line) for line in lines if line.strip(BLANK)]
    margin = textwrap.dedent("\n".join(f"{indent}x" for indent in filled))
    return filled[0][: len(filled[0]) - (len(margin.partition("\n")[0]) - 1)] if filled else ""
