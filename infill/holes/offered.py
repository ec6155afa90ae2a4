"""What to offer at a cursor or a selection: only what applies there, and only where a person would look for it.

An action may be asked for by name in more places than it is offered in: inside a function, its docstring can be
completed, but nobody opens a menu there to find that.
"""

from __future__ import annotations

import tree_sitter

from infill.holes.doc_target import documented_at, is_overload
from infill.holes.find_target import find_target
from infill.holes.hint_target import hinted_at, is_worth_offering
from infill.holes.target import HoleTarget, Target, TargetKind
from infill.syntax.tree import Syntax
from infill.types import NoFill, Span


def offered(syntax: Syntax, span: Span) -> list[TargetKind]:
    """Return the kinds that apply at `span`, of those that need the tree and no diagnostic."""
    kinds: list[TargetKind] = []
    body = find_target(syntax, "body", span)
    if not isinstance(body, NoFill):
        kinds.append("body")
    holes = find_target(syntax, "holes", span)
    if not isinstance(holes, NoFill) and not _is_same(body, holes):
        kinds.append("holes")
    if _names(syntax, documented_at(syntax, span.start), span) and not is_overload(syntax, span.start):
        kinds += _if_found(syntax, "docstring", span)
    hinted = hinted_at(syntax, span.start)
    if hinted is not None and _names(syntax, hinted, span) and is_worth_offering(syntax, hinted):
        kinds += _if_found(syntax, "type_hints", span)
    return kinds


def is_fixable(syntax: Syntax, span: Span, problem: Span) -> bool:
    """Return whether there is a statement that a fix of the problem could change."""
    return not isinstance(find_target(syntax, "fix", span, problem), NoFill)


def _if_found(syntax: Syntax, kind: TargetKind, span: Span) -> list[TargetKind]:
    return [] if isinstance(find_target(syntax, kind, span), NoFill) else [kind]


def _is_same(body: Target | NoFill, holes: Target) -> bool:
    """Whether all holes of a function are its body."""
    return isinstance(body, HoleTarget) and isinstance(holes, HoleTarget) and body.hole == holes.hole


def _names(syntax: Syntax, definition: tree_sitter.Node | None, span: Span) -> bool:
    """Whether a cursor, or the start of a selection, is on the definition's own lines: above its body."""
    if definition is None:
        return False
    if definition.parent is None:  # a module, which is found on its first lines only
        return True
    body = definition.child_by_field_name("body")
    if body is None:
        return span.start <= syntax.line(syntax.char_offset(definition.start_byte)).end
    above = [child.end_byte for child in definition.children if child.end_byte <= body.start_byte]
    return span.start <= syntax.line(syntax.char_offset(max(above, default=body.start_byte))).end
