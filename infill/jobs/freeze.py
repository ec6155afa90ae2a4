"""What a job freezes: parts of a selection that must come back as they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from infill.jobs.queries import captured
from infill.jobs.selector import is_query
from infill.syntax.function_syntax import function_syntax
from infill.syntax.tree import Syntax
from infill.types import Span


def frozen_in(syntax: Syntax, selection: Span, parts: Iterable[str]) -> tuple[Span, ...]:
    """Return the frozen spans of a selection in order; those that touch are one, blank ones are left out."""
    spans: list[Span] = []
    for part in parts:
        found = captured(syntax, part) if is_query(part.strip()) else _of_kind(syntax, selection, part)
        for span in found:
            start, end = max(span.start, selection.start), min(span.end, selection.end)
            if syntax.text[start:end].strip():
                spans.append(Span(start, end))
    merged: list[Span] = []
    for span in sorted(spans, key=lambda one: one.start):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return tuple(merged)


def _of_kind(syntax: Syntax, selection: Span, kind: str) -> Iterator[Span]:
    language = syntax.language
    for node in syntax.nodes_in(selection):
        if kind == "signatures" and node.type in function_syntax(language).function_types:
            body = node.child_by_field_name("body")
            if body is not None:
                start = syntax.char_offset(node.start_byte)
                yield Span(start, start + len(syntax.text[start : syntax.char_offset(body.start_byte)].rstrip()))
        elif (kind == "comments" and node.type in language.comment_types) or (
            kind == "strings" and node.type in language.string_types
        ):
            yield syntax.span_of(node)
