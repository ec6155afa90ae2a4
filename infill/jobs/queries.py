"""Places by a query of tree-sitter: what `@hole` captures, or where it has no such capture, all that it captures."""

from __future__ import annotations

import functools

import tree_sitter

from infill.files.decode import printable
from infill.syntax.languages import Language
from infill.syntax.tree import Syntax
from infill.types import InputError, Span

_NAME = "hole"


class QueryDoesNotFit(InputError):
    """A query that the grammar of a language does not understand."""


def captured(syntax: Syntax, query: str) -> list[Span]:
    """Return the captured spans in order; raises `QueryDoesNotFit` for a query that this grammar does not know."""
    compiled = _compiled(syntax.language, query)
    captures = tree_sitter.QueryCursor(compiled).captures(syntax.root)
    nodes = captures.get(_NAME) or [node for found in captures.values() for node in found]
    spans = {(span.start, span.end) for node in nodes if (span := syntax.span_of(node)).start < span.end}
    return [Span(start, end) for start, end in sorted(spans, key=lambda each: (each[0], -each[1]))]


@functools.lru_cache(maxsize=64)
def _compiled(language: Language, query: str) -> tree_sitter.Query:
    try:
        compiled = tree_sitter.Query(language.grammar(), query)
    except tree_sitter.QueryError as error:
        first = str(error).splitlines()[0]
        raise QueryDoesNotFit(f"query {printable(query[:60])!r}: {language.id}: {first}") from None
    if not compiled.capture_count:
        raise InputError(f"query {printable(query[:60])!r}: captures nothing; put @{_NAME} behind what is meant")
    return compiled
