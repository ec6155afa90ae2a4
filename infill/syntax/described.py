"""What can be said of a definition without a model: its name, its parameters, and what it gives back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec
import tree_sitter

from infill.syntax.doc_comments import DocSyntax
from infill.syntax.tree import Syntax, node_text

_NESTED = frozenset(
    {
        "function_definition",
        "class_definition",
        "lambda",
        "arrow_function",
        "function_expression",
        "function_declaration",
        "method_definition",
        "class_declaration",
        "lambda_expression",
        "func_literal",
        "closure_expression",
    }
)
_NOTHING = re.compile(r"(?:None|void|undefined|never|NoReturn|Never|\(\)|Promise<void>)?")
_NO_PARAMETER = ("comment", "keyword_separator", "positional_separator", "attribute_item")
_SELF = ("self", "cls", "this", "&self", "&mut self", "mut self")


class Parameter(msgspec.Struct, frozen=True):
    """A parameter as documentation names it; `type` is "" where the code does not say it, `mark` is `*`, `**` or ""."""

    name: str
    type: str = ""
    has_default: bool = False
    mark: str = ""


class Described(msgspec.Struct, frozen=True):
    """A definition. `gives` says whether calls have a result; `code` is its text, without what is around it."""

    kind: Literal["function", "class", "module"]
    name: str
    code: str
    parameters: tuple[Parameter, ...] = ()
    gives: Literal["returns", "yields"] | None = None
    result_type: str = ""
    is_property: bool = False


def described(syntax: Syntax, node: tree_sitter.Node, row: DocSyntax) -> Described:
    """Return what the code says of a definition; the root stands for a module."""
    code = node_text(node)
    if node.parent is None:
        return Described("module", "", code)
    named = node.child_by_field_name("name") or node.child_by_field_name("declarator") or _spec_name(node) or node
    name = _identifier(named)
    if node.type in row.classes:
        return Described("class", name, code)
    function = node.child_by_field_name("value") if node.type == "variable_declarator" else node
    function = function or node
    declarator = function.child_by_field_name("declarator")
    while declarator is not None and declarator.type != "function_declarator":
        declarator = declarator.child_by_field_name("declarator")
    holder = function if declarator is None else declarator
    listed = holder.child_by_field_name("parameters") or holder.child_by_field_name("parameter")
    parameters = tuple(_parameters(listed)) if listed is not None else ()
    is_property = _is_property(node)
    gives, result_type = _result(function, name)
    return Described("function", name, code, parameters, None if is_property else gives, result_type, is_property)


def _spec_name(node: tree_sitter.Node) -> tree_sitter.Node | None:
    """Return the name inside a Go type declaration."""
    spec = next((child for child in node.named_children if child.type in ("type_spec", "type_alias")), None)
    return None if spec is None else spec.child_by_field_name("name")


def _identifier(node: tree_sitter.Node) -> str:
    """Return the name that a declarator declares."""
    inner = node
    while (declarator := inner.child_by_field_name("declarator")) is not None:
        inner = declarator
    return re.split(r"\W*(?=\()", node_text(inner), maxsplit=1)[0].rpartition("::")[2].strip("*& ")


def _is_property(node: tree_sitter.Node) -> bool:
    if any(child.type == "get" for child in node.children):
        return True
    wrapper = node.parent
    if wrapper is None or wrapper.type != "decorated_definition":
        return False
    decorators = (node_text(child) for child in wrapper.children if child.type == "decorator")
    return any(re.search(r"@(?:[\w.]*\.)?(?:cached_)?property\b", text) for text in decorators)


def _parameters(listed: tree_sitter.Node) -> Iterator[Parameter]:
    if listed.type == "identifier":
        yield Parameter(node_text(listed))
        return
    for i, node in enumerate(listed.named_children):
        if node.type in _NO_PARAMETER or node_text(node) == "void":
            continue
        text = node_text(node)
        if i == 0 and (text in _SELF or node.type in ("self_parameter", "receiver_parameter")):
            continue
        found = _parameter(node)
        if re.fullmatch(r"[^\W\d][\w$]*", found.name):
            yield found


def _parameter(node: tree_sitter.Node) -> Parameter:
    """Return one parameter; its name is "" where it is taken apart at once and so has none."""
    of = node.child_by_field_name
    inner = of("name") or of("pattern") or of("left") or of("declarator")
    if inner is None and node.type in ("typed_parameter", "list_splat_pattern", "dictionary_splat_pattern"):
        inner = node.named_children[0] if node.named_children else None
    if inner is None and node.type == "spread_parameter":
        inner = node.named_children[-1]
    name = node_text(inner or node)
    while inner is not None and (deeper := inner.child_by_field_name("declarator")) is not None:
        inner, name = deeper, node_text(deeper)
    mark = re.match(r"\*{0,2}", node_text(node))
    has_default = any(of(field) is not None for field in ("value", "right")) or node.type == "optional_parameter"
    typed = of("type")
    text = "" if typed is None else re.sub(r"\s+", " ", node_text(typed)).removeprefix(":").strip()
    stripped = re.sub(r"^(?:\*+|\.\.\.|&?mut |&)\s*", "", name)
    return Parameter(stripped, text, has_default, mark[0] if mark else "")


def _result(function: tree_sitter.Node, name: str) -> tuple[Literal["returns", "yields"] | None, str]:
    """Return whether a function gives a result, and its type as far as the code says it."""
    if name in ("__init__", "constructor") or function.type == "constructor_declaration":
        return None, ""
    of = function.child_by_field_name
    typed = of("return_type") or of("result") or (of("type") if function.type != "function_item" else None)
    text = "" if typed is None else re.sub(r"\s+", " ", node_text(typed)).removeprefix(":").strip()
    body = of("body")
    own = [] if body is None else list(_own(body))
    if any(node.type in ("yield", "yield_expression") for node in own):
        return "yields", text
    declarator = of("declarator")
    if text and not (declarator is not None and declarator.type == "pointer_declarator"):
        return (None if _NOTHING.fullmatch(text) else "returns"), text
    if function.type == "arrow_function" and body is not None and not body.type.endswith("block"):
        return "returns", ""
    values = (node for node in own if node.type == "return_statement" and node.named_children)
    returns = any(node_text(node.named_children[0]) not in ("None", "undefined") for node in values)
    return ("returns" if returns else None), ""


def _own(body: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """Yield the nodes of a body without those of functions in it."""
    stack = list(body.children)
    while stack:
        node = stack.pop()
        if node.type not in _NESTED:
            yield node
            stack.extend(node.children)
