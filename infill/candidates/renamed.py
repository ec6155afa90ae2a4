"""A rename within a selection, which code alone does more surely than a model."""

from __future__ import annotations

import tree_sitter

from infill.checks.instruction_kinds import RENAME
from infill.syntax.tree import Syntax, node_text
from infill.types import Span

_OTHERS = frozenset({"property_identifier", "field_identifier", "string_content", "string_fragment"})


def renamed_text(syntax: Syntax, span: Span, instruction: str) -> str | None:
    """Return the span's text with a name exchanged as the instruction says; None where it is no plain rename."""
    found = RENAME.search(instruction)
    if found is None or len(RENAME.findall(instruction)) > 1:
        return None
    old, new = found.groups()
    places = [
        syntax.span_of(node)
        for node in syntax.nodes_in(span)
        if node.child_count == 0 and node_text(node) == old and node.type not in _OTHERS and not _is_member(node)
    ]
    places = [place for place in places if span.start <= place.start and place.end <= span.end]
    if not places or not new.isidentifier():
        return None
    parts: list[str] = []
    at = span.start
    for place in places:
        parts += [syntax.text[at : place.start], new]
        at = place.end
    return "".join([*parts, syntax.text[at : span.end]])


def _is_member(node: tree_sitter.Node) -> bool:
    """Whether a name belongs to an object or to a call of something else."""
    parent = node.parent
    if parent is None:
        return False
    fields = {"attribute": "attribute", "keyword_argument": "name"}
    field = fields.get(parent.type)
    return field is not None and parent.child_by_field_name(field) == node
