"""The tokens of a piece of code, to compare what a change kept and what it brought in."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

import tree_sitter

from infill.syntax.docstrings import docstring_of
from infill.syntax.function_syntax import function_syntax
from infill.syntax.tree import Syntax, ancestors, node_text
from infill.types import Span

_NAME = re.compile(r"[^\W\d]\w*")
# Parents of a name that give it a meaning, by the names of grammars; parts of an import do too.
_BINDS = re.compile(r"param|import|dotted_name|as_pattern_target|for_in_clause|keyword_argument|assignment|named_expr")
_BINDS_FIRST = frozenset({"for_statement", "function_definition", "class_definition", "pattern_list", "tuple_pattern"})


def code_tokens(syntax: Syntax, span: Span, skip: Collection[str] = ()) -> list[str]:
    """Return the tokens that begin in a span, strings whole, without comments and docstrings and nodes in `skip`."""
    language = syntax.language
    doc = function_syntax(language).doc
    first, last = syntax.byte_offset(span.start), syntax.byte_offset(span.end)
    found: list[str] = []
    stack = [syntax.root]
    while stack:
        node = stack.pop()
        if (
            node.start_byte >= last
            or node.end_byte <= first
            or node.type in skip
            or node.type in language.comment_types
        ):
            continue
        if doc is not None and docstring_of(node, doc) is not None:
            continue
        if node.child_count == 0 or node.type in language.string_types:
            if first <= node.start_byte and node.end_byte > node.start_byte:
                found.append(node_text(node))
        else:
            stack.extend(reversed(node.children))
    return found


def names(tokens: Collection[str]) -> set[str]:
    """Return the names among tokens, keywords included."""
    return {token for token in tokens if _NAME.fullmatch(token)}


def new_free_names(before: Syntax, after: Syntax, filled: Span) -> set[str]:
    """Return the names that Python code uses in a span and that neither it, the old text nor the language defines."""
    known = set(_NAME.findall(before.text)) | after.language.builtins
    used: set[str] = set()
    bound: set[str] = set()
    for node in _identifiers(after, filled):
        name = node_text(node)
        if name in known:
            continue
        (bound if _is_bound(node) else used).add(name)
    return used - bound


def _identifiers(syntax: Syntax, span: Span) -> Iterator[tree_sitter.Node]:
    """Yield the names in a span that are no attributes."""
    for node in syntax.nodes_in(span):
        parent = node.parent
        if node.type != "identifier" or parent is None:
            continue
        if not (parent.type == "attribute" and parent.child_by_field_name("attribute") == node):
            yield node


def _is_bound(node: tree_sitter.Node) -> bool:
    """Whether a name stands where it gets its meaning."""
    parent = node.parent
    assert parent is not None
    if parent.type in _BINDS_FIRST:
        return True
    if parent.type == "keyword_argument" or (_BINDS.search(parent.type) and not parent.type.startswith("assign")):
        value = parent.child_by_field_name("value")
        return value != node
    if parent.type == "assignment":
        return parent.child_by_field_name("left") == node
    return any(n.type in ("import_statement", "import_from_statement") for n in ancestors(node))
