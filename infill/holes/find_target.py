"""The targets of code actions: for each kind, what the model is asked to fill. Signatures and names stay clamped.

Works on the tree alone: no model, no budget. A language has only what its row in `infill.syntax.function_syntax` has.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import tree_sitter

from infill.holes.doc_target import doc_target
from infill.holes.find_hole import find_hole
from infill.holes.functions import extent, function_at, functions, holes_in, start_of
from infill.holes.hint_target import hint_target, hinted_at
from infill.holes.placeholders import placeholder_hole
from infill.holes.target import HoleTarget, SelectionTarget, Target, TargetKind, all_but
from infill.syntax.indentation import BLANK, code_of, filled_above, indent_of, opens_block, width
from infill.syntax.languages import placeholder_pattern
from infill.syntax.tree import Syntax, ancestors
from infill.types import NoFill, Span

MAX_FIX_CHARS = 2_000  # a fix takes no longer selection or statement as a whole
_NOWHERE = NoFill("no_target", "no function is there")


def find_target(syntax: Syntax, kind: TargetKind, span: Span, problem: Span | None = None) -> Target | NoFill:
    """Return the target of this kind at `span`, a selection or a cursor; `problem` is the span that a fix is about.

    `NoFill` with `no_target` where the code there has nothing of the kind.
    """
    if kind in ("rewrite", "refine"):
        if not syntax.text[span.start : span.end].strip():
            return NoFill("no_target", "nothing is selected")
        return SelectionTarget(syntax.text, selection=span)
    if kind == "fix":
        return _fix(syntax, span, problem or span)
    if kind == "body":
        return _body(syntax, span.start)
    if kind == "docstring":
        return doc_target(syntax, span.start)
    function = hinted_at(syntax, span.start) if kind == "type_hints" else function_at(syntax, span.start)
    if function is None:
        return _NOWHERE
    return _OF_FUNCTION[kind](syntax, function)


def targets_with_holes(syntax: Syntax) -> list[Target]:
    """Return a target for each function of the text that has holes; a nested function belongs to its outer one."""
    found = (_holes(syntax, function) for function in functions(syntax))
    return [target for target in found if not isinstance(target, NoFill)]


def _body(syntax: Syntax, offset: int) -> Target | NoFill:
    """Return the unwritten body around the cursor, or of the function whose header the cursor is on."""
    unwritten = placeholder_hole(syntax, offset)
    if unwritten is not None:
        return HoleTarget(syntax.text, offset=unwritten.span.start, hole=unwritten.span)
    function = function_at(syntax, offset)
    body = None if function is None else function.child_by_field_name("body")
    if body is not None:
        inner = syntax.span_of(body)
        if syntax.language.block_style == "brace" and body.child_count >= 2:
            inner = Span(
                syntax.char_offset(body.children[0].end_byte), syntax.char_offset(body.children[-1].start_byte)
            )
        match = placeholder_pattern(syntax.language).fullmatch(syntax.text, inner.start, inner.end)
        hole = None if match is None else placeholder_hole(syntax, match.start("placeholders"))
        if hole is not None:
            return HoleTarget(syntax.text, offset=hole.span.start, hole=hole.span)
    return _blank_body(syntax, offset)


def _blank_body(syntax: Syntax, offset: int) -> Target | NoFill:
    """Return a target for the blank line under a header whose block is empty."""
    nothing = NoFill("no_target", "no unwritten body is there")
    line = syntax.line(offset)
    if syntax.text[line.start : line.end].strip(BLANK):
        return nothing
    above = next(filled_above(syntax, offset), None)
    if above is None or not opens_block(syntax.language, code_of(syntax, above)):
        return nothing
    hole = find_hole(syntax, offset, "manual")
    if isinstance(hole, NoFill) or hole.kind != "block":
        return nothing
    rest = syntax.text[line.end :].lstrip()
    below = syntax.line(len(syntax.text) - len(rest)) if rest else None
    if below is not None:
        deep = width(indent_of(syntax.text[below.start : below.end]))
        if deep > width(indent_of(syntax.text[above.start : above.end])):
            return nothing
    return HoleTarget(syntax.text, offset=offset, hole=hole.span)


def _holes(syntax: Syntax, function: tree_sitter.Node) -> Target | NoFill:
    """Return a target for all holes of a function at once; a single hole that is the whole body is a body."""
    holes = holes_in(syntax, extent(syntax, function))
    if not holes:
        return NoFill("no_target", "the function has no holes")
    body = placeholder_hole(syntax, holes[0].start) if len(holes) == 1 else None
    if body is not None:
        return HoleTarget(syntax.text, offset=body.span.start, hole=body.span)
    above = next(filled_above(syntax, holes[0].start), None)
    start = above.start if above is not None and above.start >= start_of(syntax, function) else holes[0].start
    if start == holes[0].start:
        start = start_of(syntax, function)
    return all_but(syntax.text, Span(start, holes[-1].end), holes)


def _fix(syntax: Syntax, span: Span, problem: Span) -> Target | NoFill:
    """Return a target for a diagnostic: its statement, or its lines where the statement contains others."""
    hole = _statement(syntax, problem)
    if hole is None:
        return NoFill("no_target", "the line is blank")
    start, end = min(span.start, hole.start), max(span.end, hole.end)
    if span.start == span.end or end - start > MAX_FIX_CHARS:
        start, end = hole.start, hole.end
    return msgspec.structs.replace(all_but(syntax.text, Span(start, end), [hole]), problem=problem)


def _statement(syntax: Syntax, span: Span) -> Span | None:
    """Return the smallest statement over `span` if it contains no others, else its lines, without outer blanks."""
    language = syntax.language
    first, last = syntax.line(span.start), syntax.line(max(span.end - 1, span.start))
    content = syntax.text[first.start : last.end]
    if not content.strip():
        return None
    start = first.start + len(content) - len(content.lstrip())
    lines = Span(start, first.start + len(content.rstrip()))
    over = syntax.node_over(Span(max(span.start, start), max(span.end, start + 1)))
    for node in ancestors(over):
        if node.is_error:
            return lines
        if node.parent is not None and (node.parent.type in language.body_types or node.parent.parent is None):
            found = syntax.span_of(node)
            holds_others = any(n.type in language.body_types for n in node.children)
            return lines if holds_others or found.end - found.start > MAX_FIX_CHARS else found
    return lines


_OF_FUNCTION: dict[str, Callable[[Syntax, tree_sitter.Node], Target | NoFill]] = {
    "holes": _holes,
    "type_hints": hint_target,
}
