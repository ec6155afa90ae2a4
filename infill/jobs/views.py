"""How a file is shown to the model that fills one of its places: without the placeholders of the others.

A model that sees `...` in one body writes `...` into the next. So what else is not written yet is hidden: its lines,
where the rest of the function can stand alone, or the whole function. Other views give other candidates.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

import msgspec
import tree_sitter

from infill.holes.functions import extent, functions, start_of
from infill.holes.target import HoleTarget
from infill.jobs.asked import swapped
from infill.jobs.found import Found
from infill.syntax.tree import Syntax
from infill.types import Span


class Views:
    """The places of a text, and the ways to ask for each."""

    def __init__(self, syntax: Syntax, places: Sequence[Found]) -> None:
        self._syntax, self._places = syntax, places
        self._functions = [(node, extent(syntax, node)) for node in functions(syntax)] if len(places) > 1 else []
        self._inside: dict[Span, list[Found]] = {}
        for place in places:
            owner = self._of(place)
            if owner is not None:
                self._inside.setdefault(owner, []).append(place)

    def of(self, index: int) -> list[Found]:
        """Return one place in the ways in which it is asked for, the usual one first."""
        place = self._places[index]
        if not isinstance(place.target, HoleTarget) or place.target.inserted:
            return [place]
        views: list[Found] = []
        for hidden in (self.hidden(place, whole=False), self.hidden(place, whole=True), []):
            view = _viewed(self._syntax.text, place, place.target, hidden)
            if view.target.text not in [other.target.text for other in views]:
                views.append(view)
        return views

    def hidden(self, place: Found, whole: bool) -> list[Span]:
        """Return what is hidden of the functions that a place is not in, in order; with `whole` all of each."""
        own = self._of(place)
        found: list[Span] = []
        for node, span in self._functions:
            inside = self._inside.get(span, [])
            if span != own and inside:
                found += self._hidden(node, span, [each.about for each in inside], whole)
        return found

    def _hidden(self, node: tree_sitter.Node, span: Span, abouts: list[Span], whole: bool) -> list[Span]:
        if not whole and self._stands_alone(node, abouts):
            return [_lines(self._syntax, about) for about in abouts if self._fills_lines(about)]
        if _is_alone(node):
            return []
        return [_lines(self._syntax, Span(start_of(self._syntax, node), span.end))]

    def _of(self, place: Found) -> Span | None:
        at = bisect_right(self._functions, place.about.start, key=lambda each: each[1].start) - 1
        span = self._functions[at][1] if at >= 0 else None
        return span if span is not None and place.about.start < span.end else None

    def _stands_alone(self, node: tree_sitter.Node, abouts: Iterable[Span]) -> bool:
        """Whether a function is whole without its places: it has braces, or something else in its body."""
        if self._syntax.language.block_style == "brace":
            return True
        body = node.child_by_field_name("body")
        comments = self._syntax.language.comment_types
        spans = [self._syntax.span_of(n) for n in (body.named_children if body else []) if n.type not in comments]
        return any(not any(about.start <= span.start < about.end for about in abouts) for span in spans)

    def _fills_lines(self, about: Span) -> bool:
        first, last = self._syntax.line(about.start), self._syntax.line(about.end)
        text = self._syntax.text
        return not (text[first.start : about.start].strip() or text[about.end : last.end].strip())


def _is_alone(node: tree_sitter.Node) -> bool:
    """Whether a function is all that the block around it has."""
    wrapped = node.parent if node.parent is not None and "decorated" in node.parent.type else node
    return wrapped.parent is not None and wrapped.parent.parent is not None and wrapped.parent.named_child_count < 2


def _lines(syntax: Syntax, span: Span) -> Span:
    """Return the lines of a span, with the break of the last one."""
    text, start, end = syntax.text, syntax.line(span.start).start, syntax.line(span.end).end
    return Span(start, end + (2 if text.startswith("\r\n", end) else 1 if end < len(text) else 0))


def _viewed(text: str, place: Found, target: HoleTarget, hidden: Sequence[Span]) -> Found:
    """Return a place as it is asked with some spans of the file hidden."""
    own = [(swap.there, target.text[swap.here.start : swap.here.end]) for swap in place.swaps]
    every = sorted([*own, *((span, "") for span in hidden)], key=lambda each: (each[0].start, each[0].end))
    asked, swaps = swapped(text, every)
    if own:
        at = swaps[every.index(own[-1])].here.end
        moved = HoleTarget(asked, offset=at, hole=Span(at, at))
    else:
        shift = sum(span.end - span.start for span in hidden if span.end <= target.offset)
        hole = Span(target.hole.start - shift, target.hole.end - shift)
        moved = HoleTarget(asked, offset=target.offset - shift, hole=hole)
    return msgspec.structs.replace(place, target=moved, swaps=swaps)
