"""Names that code defines (functions, classes, types) or assigns, with the node names of each grammar."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import msgspec
import tree_sitter

from infill.syntax.function_syntax import function_syntax
from infill.syntax.language_table import Language
from infill.syntax.tree import Syntax, node_text
from infill.types import Span

_TARGET_FIELDS = ("left", "name", "pattern")  # fields of an assignment that hold the names it gives a value to


class BindingSyntax(msgspec.Struct, frozen=True):
    """How a language gives names their meaning. Functions are in its `FunctionSyntax`."""

    types: frozenset[str] = frozenset()  # definitions of classes and other types
    assignments: frozenset[str] = frozenset()  # nodes that give names a value, imports included
    identifiers: frozenset[str] = frozenset()
    references: frozenset[str] = frozenset()  # parts of an assignment's target whose names are only read


def _nodes(names: str) -> frozenset[str]:
    return frozenset(names.split())


_JAVASCRIPT = BindingSyntax(
    types=_nodes("class_declaration"),
    assignments=_nodes("variable_declarator assignment_expression for_in_statement"),
    identifiers=_nodes("identifier property_identifier"),
    references=_nodes("member_expression"),
)
_TYPESCRIPT = BindingSyntax(
    types=_nodes("class_declaration interface_declaration enum_declaration type_alias_declaration"),
    assignments=_JAVASCRIPT.assignments,
    identifiers=_JAVASCRIPT.identifiers | {"type_identifier"},
    references=_JAVASCRIPT.references,
)
_C = BindingSyntax(
    types=_nodes("struct_specifier"),
    assignments=_nodes("init_declarator assignment_expression"),
    identifiers=_nodes("identifier field_identifier type_identifier"),
)

BINDING_SYNTAX: dict[str, BindingSyntax] = {
    "python": BindingSyntax(
        types=_nodes("class_definition"),
        assignments=_nodes(
            "assignment augmented_assignment named_expression for_statement import_statement import_from_statement"
        ),
        identifiers=_nodes("identifier"),
        references=_nodes("attribute subscript call"),
    ),
    "javascript": _JAVASCRIPT,
    "typescript": _TYPESCRIPT,
    "tsx": _TYPESCRIPT,
    "go": BindingSyntax(
        types=_nodes("type_spec"),
        assignments=_nodes("short_var_declaration"),
        identifiers=_nodes("identifier field_identifier type_identifier"),
        references=_nodes("selector_expression"),
    ),
    "rust": BindingSyntax(
        types=_nodes("struct_item enum_item trait_item"),
        assignments=_nodes("let_declaration assignment_expression const_item static_item"),
        identifiers=_nodes("identifier field_identifier type_identifier"),
    ),
    "java": BindingSyntax(
        types=_nodes("class_declaration interface_declaration enum_declaration"),
        assignments=_nodes("variable_declarator assignment_expression"),
        identifiers=_nodes("identifier type_identifier"),
    ),
    "c": _C,
    "cpp": msgspec.structs.replace(_C, types=_C.types | {"class_specifier"}),
    "bash": BindingSyntax(
        assignments=_nodes("variable_assignment"),
        identifiers=_nodes("variable_name"),
        references=_nodes("subscript"),
    ),
}
_NO_ROW = BindingSyntax()


def defined_functions(syntax: Syntax, span: Span) -> set[str]:
    """Return the names of the functions whose own names are in the span."""
    return {node_text(node) for node in _defined(syntax, span, function_syntax(syntax.language).function_types)}


def defined_names(syntax: Syntax, span: Span) -> set[str]:
    """Return the names of the functions, classes and other types whose own names are in the span."""
    return {node_text(node) for node in defined_nodes(syntax, span)}


def defined_nodes(syntax: Syntax, span: Span) -> list[tree_sitter.Node]:
    """Return the nodes of these names."""
    row = BINDING_SYNTAX.get(syntax.language.id, _NO_ROW)
    return _defined(syntax, span, row.types | function_syntax(syntax.language).function_types)


def assigned_names(syntax: Syntax, span: Span) -> set[str]:
    """Return the names in the span that an assignment or an import gives a value to."""
    return {node_text(node) for node in assigned_nodes(syntax, span)}


def assigned_nodes(syntax: Syntax, span: Span) -> list[tree_sitter.Node]:
    """Return the nodes of these names."""
    row = BINDING_SYNTAX.get(syntax.language.id, _NO_ROW)
    nodes = (node for node in syntax.nodes_in(span) if node.type in row.assignments)
    targets = (target for node in nodes for field in _TARGET_FIELDS for target in node.children_by_field_name(field))
    return [name for t in targets for name in _bound(t, row) if _is_within(syntax, name, span)]


def type_nodes(language: Language) -> frozenset[str]:
    """Return the nodes that define classes and other types."""
    return BINDING_SYNTAX.get(language.id, _NO_ROW).types


def _defined(syntax: Syntax, span: Span, types: Collection[str]) -> list[tree_sitter.Node]:
    nodes = (node.child_by_field_name("name") for node in syntax.nodes_in(span) if node.type in types)
    return [name for name in nodes if name is not None and _is_within(syntax, name, span)]


def _bound(target: tree_sitter.Node, row: BindingSyntax) -> Iterator[tree_sitter.Node]:
    """Yield the names that an assignment's target binds: not objects whose attributes or items it sets."""
    stack = [target]
    while stack:
        node = stack.pop()
        if node.type in row.identifiers:
            yield node
        elif node.type not in row.references:
            stack.extend(node.named_children)


def _is_within(syntax: Syntax, node: tree_sitter.Node, span: Span) -> bool:
    return syntax.byte_offset(span.start) <= node.start_byte and node.end_byte <= syntax.byte_offset(span.end)
