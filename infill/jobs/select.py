"""From a parsed file and a selector to the places that are meant, in the order of the text.

What is open on purpose is no place: abstract bodies, overloads, protocols, files of declarations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
import tree_sitter

from infill.holes.doc_target import doc_target, documented_at, is_overload
from infill.holes.find_target import find_target, targets_with_holes
from infill.holes.functions import extent, functions, start_of
from infill.holes.hint_target import hinted_at
from infill.holes.stubs import is_stub
from infill.holes.target import HoleTarget, SelectionTarget, Target
from infill.jobs.calls import calls_of
from infill.jobs.found import Found
from infill.jobs.freeze import frozen_in
from infill.jobs.job import JobSpec
from infill.jobs.marked import marked
from infill.jobs.queries import captured
from infill.jobs.selector import Selector, parse_selector
from infill.syntax.tree import Syntax
from infill.types import NoFill, Span


def select(syntax: Syntax, path: str, spec: JobSpec) -> list[Found]:
    """Return the places of a file that a job is about; none of them overlap, an outer one hides those inside."""
    selector = parse_selector(spec.select.selector)
    declares = is_stub(path) and selector.kind not in ("calls", "query")
    found = [] if declares else [_with_frozen(syntax, each, spec) for each in _all(syntax, selector, spec)]
    kept: list[Found] = []
    for each in sorted(found, key=lambda one: (one.about.start, -one.about.end)):
        if not kept or kept[-1].about.end <= each.about.start:
            kept.append(each)
    return kept


def _all(syntax: Syntax, selector: Selector, spec: JobSpec) -> Iterable[Found]:
    plain = spec.action == "fill" or (spec.action == "rewrite" and not spec.instruct.text)
    if selector.kind == "marker":
        return _marked_or_unwritten(syntax, selector.what)
    if selector.kind == "todo-bodies":
        return _unwritten(syntax) if spec.action == "fill" else _whole(syntax, _unwritten_functions(syntax))
    if selector.kind == "no-docstring":
        return _undocumented(syntax, plain)
    if selector.kind == "no-type-hints":
        return _untyped(syntax, plain)
    spans = calls_of(syntax, selector.what) if selector.kind == "calls" else captured(syntax, selector.what)
    return (_selection(syntax, span) for span in spans)


def _marked_or_unwritten(syntax: Syntax, word: str) -> list[Found]:
    by_marker = marked(syntax, word)
    others = (each for each in _unwritten(syntax) if not any(_meet(each, one.about) for one in by_marker))
    return [*by_marker, *others]


def _meet(found: Found, span: Span) -> bool:
    return found.about.start < span.end and span.start < found.about.end


def _unwritten(syntax: Syntax) -> Iterator[Found]:
    for target in targets_with_holes(syntax):
        yield Found(about=_replaced(target), target=target)


def _unwritten_functions(syntax: Syntax) -> Iterator[tree_sitter.Node]:
    """Yield the functions in which something is not written yet."""
    spans = [_replaced(target) for target in targets_with_holes(syntax)]
    for function in functions(syntax):
        whole = extent(syntax, function)
        if any(whole.start <= span.start < whole.end for span in spans):
            yield function


def _replaced(target: Target) -> Span:
    """Return what of the file a target is about: its hole, or from its first hole to its last."""
    if isinstance(target, HoleTarget):
        return target.replaced
    free = _free(target)
    return Span(target.in_document(free[0].start), target.in_document(free[-1].end)) if free else target.replaced


def _free(target: SelectionTarget) -> list[Span]:
    at, free = target.selection.start, list[Span]()
    for frozen in (*target.frozen, Span(target.selection.end, target.selection.end)):
        if frozen.start > at:
            free.append(Span(at, frozen.start))
        at = max(at, frozen.end)
    return free


def _whole(syntax: Syntax, found: Iterable[tree_sitter.Node]) -> Iterator[Found]:
    for function in found:
        yield _selection(syntax, _span(syntax, function))


def _span(syntax: Syntax, function: tree_sitter.Node) -> Span:
    return Span(start_of(syntax, function), extent(syntax, function).end)


def _undocumented(syntax: Syntax, plain: bool) -> Iterator[Found]:
    for function in functions(syntax):
        offset = syntax.char_offset(function.start_byte)
        if documented_at(syntax, offset) != function or is_overload(syntax, offset):
            continue
        target = doc_target(syntax, offset)
        if not isinstance(target, NoFill):
            about = _span(syntax, function)
            yield Found(about=about, target=target) if plain else _selection(syntax, about)


def _untyped(syntax: Syntax, plain: bool) -> Iterator[Found]:
    for function in functions(syntax):
        offset = syntax.char_offset(function.start_byte)
        if hinted_at(syntax, offset) != function:
            continue
        target = find_target(syntax, "type_hints", Span(offset, offset))
        if not isinstance(target, NoFill):
            about = _span(syntax, function)
            yield Found(about=about, target=target) if plain else _selection(syntax, about)


def _selection(syntax: Syntax, span: Span) -> Found:
    return Found(about=span, target=SelectionTarget(syntax.text, selection=span))


def _with_frozen(syntax: Syntax, found: Found, spec: JobSpec) -> Found:
    """Return a place with what the job freezes of it, where the model could change that."""
    target = found.target
    if not spec.freeze.parts or not isinstance(target, SelectionTarget) or target.frozen:
        return found
    frozen = frozen_in(syntax, target.selection, spec.freeze.parts)
    texts = tuple(syntax.text[span.start : span.end] for span in frozen)
    return msgspec.structs.replace(found, target=msgspec.structs.replace(target, frozen=frozen), frozen=texts)
