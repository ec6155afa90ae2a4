"""Documentation in each language: what can have it, where it stands, and what it looks like; one frozen row each.

In Python it is the first string of a body; elsewhere a comment above the definition. Node names are those of the
grammars.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
import tree_sitter

from infill.syntax.docstrings import docstring_of
from infill.syntax.function_syntax import function_syntax
from infill.syntax.tree import Syntax, node_text


class DocSyntax(msgspec.Struct, frozen=True):
    """What is documented, and the marks of a comment that does it. A `closing` of "" ends at the line's end."""

    functions: frozenset[str]
    classes: frozenset[str]
    wrappers: frozenset[str] = frozenset()  # nodes around a definition that the comment stands above
    between: frozenset[str] = frozenset()  # nodes that may stand between the comment and the definition
    opening: str = "/**"
    closing: str = "*/"
    begins_with_name: bool = False
    returns: str = "@returns"  # its tag


def _types(names: str) -> frozenset[str]:
    return frozenset(names.split())


_SCRIPT = DocSyntax(
    _types("function_declaration generator_function_declaration method_definition variable_declarator"),
    _types("class_declaration abstract_class_declaration interface_declaration enum_declaration"),
    _types("export_statement lexical_declaration variable_declaration"),
    _types("decorator"),
)
_C = DocSyntax(
    _types("function_definition"),
    _types("class_specifier struct_specifier"),
    _types("template_declaration"),
    returns="@return",
)
DOC_SYNTAX: dict[str, DocSyntax] = {
    "python": DocSyntax(_types("function_definition"), _types("class_definition"), _types("decorated_definition")),
    "javascript": _SCRIPT,
    "typescript": _SCRIPT,
    "tsx": _SCRIPT,
    "go": DocSyntax(
        _types("function_declaration method_declaration"),
        _types("type_declaration"),
        opening="//",
        closing="",
        begins_with_name=True,
    ),
    "rust": DocSyntax(
        _types("function_item"),
        _types("struct_item enum_item trait_item union_item"),
        between=_types("attribute_item"),
        opening="///",
        closing="",
    ),
    "java": DocSyntax(
        _types("method_declaration constructor_declaration"),
        _types("class_declaration interface_declaration enum_declaration record_declaration"),
        returns="@return",
    ),
    "c": _C,
    "cpp": _C,
}
_FUNCTION_VALUES = _types("arrow_function function_expression function")


class Doc(msgspec.Struct, frozen=True):
    """Documentation that is there: its node, its raw text, and what it documents."""

    node: tree_sitter.Node
    raw: str
    of: tree_sitter.Node


def doc_syntax(syntax: Syntax) -> DocSyntax | None:
    """Return the row of the text's language; None where nothing is documented."""
    return DOC_SYNTAX.get(syntax.language.id)


def is_documented(node: tree_sitter.Node, row: DocSyntax) -> bool:
    """Whether documentation belongs to such a node; a variable has some only if it is a function."""
    if node.type == "variable_declarator":
        value = node.child_by_field_name("value")
        return value is not None and value.type in _FUNCTION_VALUES
    if node.type in ("class_specifier", "struct_specifier"):
        return node.child_by_field_name("body") is not None
    return node.type in row.functions or node.type in row.classes


def outermost(node: tree_sitter.Node, row: DocSyntax) -> tree_sitter.Node:
    """Return the node that the comment stands above: the definition with what is wrapped around it."""
    while node.parent is not None and node.parent.type in row.wrappers:
        node = node.parent
    while node.prev_sibling is not None and node.prev_sibling.type in row.between:
        node = node.prev_sibling
    return node


def comment_above(syntax: Syntax, node: tree_sitter.Node, row: DocSyntax) -> tree_sitter.Node | None:
    """Return the comment that ends on the line above a definition and begins its own line; None without one."""
    above = outermost(node, row).prev_sibling
    if above is None or above.type not in syntax.language.comment_types:
        return None
    end = above.end_point.row - (1 if node_text(above).endswith("\n") else 0)
    before = above.prev_sibling
    begins_line = before is None or before.end_point.row < above.start_point.row
    return above if begins_line and end == outermost(node, row).start_point.row - 1 else None


def docstring_in(syntax: Syntax, node: tree_sitter.Node) -> tree_sitter.Node | None:
    """Return the docstring of a Python definition or module; None where it has none."""
    doc = function_syntax(syntax.language).doc
    body = node if node.parent is None else node.child_by_field_name("body")
    if doc is None or body is None:
        return None
    statements = [child for child in body.named_children if child.type not in syntax.language.comment_types]
    return docstring_of(statements[0], doc) if statements else None


def docs_in(syntax: Syntax) -> Iterator[Doc]:
    """Yield the documentation of everything in a text that has some, in the order of the text."""
    row = doc_syntax(syntax)
    stack = [syntax.root]
    while stack and row is not None:
        node = stack.pop()
        stack.extend(reversed(node.named_children))
        if not (is_documented(node, row) or (node.parent is None and syntax.language.id == "python")):
            continue
        is_string = syntax.language.id == "python"
        found = docstring_in(syntax, node) if is_string else comment_above(syntax, node, row)
        if found is not None:
            yield Doc(found, _raw(syntax, found), node)


def _raw(syntax: Syntax, node: tree_sitter.Node) -> str:
    """Return the text of a string or comment, with the line comments right above it."""
    texts = [node_text(node)]
    if re.match(r"//", texts[0]):
        while (above := node.prev_sibling) is not None and above.type in syntax.language.comment_types:
            if not node_text(above).startswith("//") or above.start_point.row != node.start_point.row - 1:
                break
            texts.append(node_text(above))
            node = above
    return "\n".join(text.rstrip("\r\n") for text in reversed(texts))


def content(raw: str) -> str:
    """Return what documentation says: without quotes and comment marks, each line without the indentation of all."""
    if found := re.fullmatch(r"\w*(\"\"\"|'''|\"|')(.*)\1", raw, re.DOTALL):
        lines = found[2].split("\n")
    elif raw.startswith("/*"):
        lines = [re.sub(r"^\s*\*? ?", "", line) for line in raw.strip("/").strip("*").split("\n")]
        return "\n".join(line.rstrip() for line in lines).strip()
    else:
        lines = [re.sub(r"^\s*//[/!]? ?", "", line) for line in raw.split("\n")]
    rest = [line for line in lines[1:] if line.strip()]
    common = min((len(line) - len(line.lstrip()) for line in rest), default=0)
    return "\n".join([lines[0].strip(), *(line[common:].rstrip() for line in lines[1:])]).strip()
