"""JSDoc comments of JavaScript: their tags for parameters and results, and which function each is about."""

from __future__ import annotations

import re
from typing import Literal

import msgspec
import tree_sitter

from infill.syntax.doc_comments import DOC_SYNTAX, comment_above, is_documented
from infill.syntax.tree import Syntax, node_text
from infill.types import Span

LANGUAGE = "javascript"  # its types are in comments; TypeScript has its own syntax for them
PLACEHOLDER = "*"  # JSDoc's own word for a type that is not known
_ROW = DOC_SYNTAX[LANGUAGE]
_TAG = re.compile(r"@(param|arg|argument|returns?)(?![\w.])[ \t]*")
_NAME = re.compile(r"[ \t]*\[?[ \t]*([\w$]+(?:(?:\[\])?\.[\w$]+)*)")
_TYPE_BEHIND = re.compile(r"[^\r\n{]{0,80}\{(?!@)")  # `@param name {type}`, an older form
_BEFORE = re.compile(r"(?:\A/\*\*|[\r\n][ \t]*\*?)[ \t]*\Z")
_FUNCTIONS = frozenset({"arrow_function", "function_expression"})


class Tag(msgspec.Struct, frozen=True):
    """A tag of a parameter or of the result; `at` is where a type goes in a tag that has none.

    `name` is empty for a result.
    """

    kind: Literal["param", "returns"]
    start: int
    type_at: Span | None  # inside the braces
    at: int
    name: str


def tags_in(text: str, comment: Span) -> list[Tag] | None:
    """Return the tags of a comment in the order of the text; None where one is not plain, so that nothing is sure."""
    found: list[Tag] = []
    for match in _TAG.finditer(text, comment.start, comment.end):
        if _BEFORE.search(text[comment.start : match.start()]) is None:
            return None
        at, typed = match.end(), None
        if text.startswith("{", at):
            end = _closing(text, at, comment.end)
            if end is None:
                return None
            at, typed = end + 1, Span(at + 1, end)
        name = _NAME.match(text, at, comment.end - len("*/"))
        is_result = match[1].startswith("return")
        if not is_result and name is None:
            return None
        behind = match.end() if name is None else name.end()
        if typed is None and _TYPE_BEHIND.match(text, behind, comment.end) is not None:
            return None
        kind = "returns" if is_result else "param"
        found.append(Tag(kind, match.start(), typed, match.end(), name[1] if name and not is_result else ""))
    return found


def _closing(text: str, at: int, end: int) -> int | None:
    """Return where the brace that opens at `at` is closed."""
    depth = 0
    for i in range(at, end):
        depth += {"{": 1, "}": -1}.get(text[i], 0)
        if depth == 0:
            return i
    return None


def jsdoc_above(syntax: Syntax, definition: tree_sitter.Node) -> tree_sitter.Node | None:
    """Return the JSDoc comment of a definition; None without one."""
    above = comment_above(syntax, definition, _ROW)
    return above if above is not None and is_jsdoc(above) else None


def is_jsdoc(comment: tree_sitter.Node) -> bool:
    """Whether a comment is JSDoc."""
    return re.match(r"/\*\*(?![*/])", node_text(comment)) is not None


def function_of(definition: tree_sitter.Node) -> tree_sitter.Node | None:
    """Return the function that a documented definition is; None for a class."""
    if definition.type == "variable_declarator":
        value = definition.child_by_field_name("value")
        return value if value is not None and value.type in _FUNCTIONS else None
    return definition if definition.type in _ROW.functions else None


def parameters_of(function: tree_sitter.Node) -> list[tree_sitter.Node]:
    """Return the parameters of a function."""
    alone = function.child_by_field_name("parameter")
    several = function.child_by_field_name("parameters")
    if alone is not None:
        return [alone]
    return [] if several is None else [child for child in several.named_children if child.type != "comment"]


def name_of(parameter: tree_sitter.Node) -> str:
    """Return the name of a parameter; empty for one that takes things apart or takes the rest."""
    left = parameter.child_by_field_name("left") if parameter.type == "assignment_pattern" else parameter
    return node_text(left) if left is not None and left.type == "identifier" else ""


def typed_at(syntax: Syntax, span: Span) -> tuple[tree_sitter.Node, tree_sitter.Node | None] | None:
    """Return the function, and its parameter (None: its result), whose type in a JSDoc comment is at `span`."""
    comment = syntax.node_over(span)
    if comment.type not in syntax.language.comment_types or not is_jsdoc(comment):
        return None
    tags = tags_in(syntax.text, syntax.span_of(comment)) or []
    tag = next((tag for tag in tags if tag.type_at == span), None)
    definition = _below(comment)
    function = None if definition is None else function_of(definition)
    if tag is None or function is None:
        return None
    if tag.kind == "returns":
        return function, None
    parameter = next((one for one in parameters_of(function) if name_of(one) == tag.name), None)
    return None if parameter is None else (function, parameter)


def _below(comment: tree_sitter.Node) -> tree_sitter.Node | None:
    """Return the definition below a comment."""
    node = comment.next_named_sibling
    while node is not None and not is_documented(node, _ROW):
        inner = [c for c in node.named_children if c.type in _ROW.wrappers or is_documented(c, _ROW)]
        node = inner[-1] if inner and node.type in _ROW.wrappers else None
    return node
