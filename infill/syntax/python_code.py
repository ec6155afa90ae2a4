"""What a tree of Python code says, as far as it decides: types of literals, results of functions, names in scope."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import tree_sitter

from infill.syntax.tree import Syntax, node_text

# The builtin type of a value, by its node.
_LITERALS = {
    "integer": "int",
    "float": "float",
    "string": "str",
    "concatenated_string": "str",
    "true": "bool",
    "false": "bool",
    "comparison_operator": "bool",
    "not_operator": "bool",
    "none": "None",
    "list": "list",
    "list_comprehension": "list",
    "tuple": "tuple",
    "set": "set",
    "set_comprehension": "set",
    "dictionary": "dict",
    "dictionary_comprehension": "dict",
}
_OWN_SCOPE = frozenset({"function_definition", "class_definition", "lambda"})
_STRINGS = frozenset({"string", "concatenated_string"})


class Results(msgspec.Struct, frozen=True):
    """What a function gives to its caller.

    `values` has None for a `return` without a value. `is_written` says whether its body is more than a docstring,
    a placeholder or the raising of an error.
    """

    yields: bool
    values: tuple[tree_sitter.Node | None, ...]
    is_written: bool


class ModuleNames(msgspec.Struct, frozen=True):
    """The names of a module that may stand in a hint."""

    imported: frozenset[str]  # bound by `from ... import`
    modules: frozenset[str]  # bound by `import`
    classes: frozenset[str]
    aliases: frozenset[str]  # type aliases and type variables
    has_star_import: bool


def literal_type(value: tree_sitter.Node) -> str | None:
    """Return the name of the builtin type of a value; None where its syntax does not decide."""
    while value.type == "parenthesized_expression" and value.named_children:
        value = value.named_children[0]
    if value.type == "unary_operator" and value.named_children:
        value = value.named_children[-1]
    if value.type in _STRINGS and node_text(value).lstrip()[:2].lower().strip("\"'r") == "b":
        return "bytes"
    return _LITERALS.get(value.type)


def results_of(function: tree_sitter.Node) -> Results:
    """Return what a function gives to its caller; nested functions do not count."""
    body = function.child_by_field_name("body")
    nodes = [] if body is None else list(_own_nodes(body))
    values = tuple(next(iter(node.named_children), None) for node in nodes if node.type == "return_statement")
    is_written = body is not None and any(_does_something(child) for child in body.named_children)
    return Results(any(node.type == "yield" for node in nodes), values, is_written)


def class_of(statement: tree_sitter.Node) -> tree_sitter.Node | None:
    """Return the class that a statement defines, without its decorators; None where it defines none."""
    inner = statement.child_by_field_name("definition") or statement
    return inner if inner.type == "class_definition" else None


def module_names(syntax: Syntax, function: tree_sitter.Node) -> ModuleNames:
    """Return the names that exist when the function's hints are evaluated."""
    imported: set[str] = set()
    modules: set[str] = set()
    star = False
    for node in _own_nodes(syntax.root):
        if node.type not in ("import_statement", "import_from_statement"):
            continue
        bound = imported if node.type == "import_from_statement" else modules
        star |= any(child.type == "wildcard_import" for child in node.children)
        for child in node.children_by_field_name("name"):
            bound.add(node_text(child.child_by_field_name("alias") or child).split(".")[0])
    classes, aliases = _classes_before(syntax, function), _aliases(syntax)
    return ModuleNames(frozenset(imported), frozenset(modules), classes, aliases, star)


def _does_something(statement: tree_sitter.Node) -> bool:
    if statement.type in ("pass_statement", "raise_statement", "comment"):
        return False
    only = statement.named_children[0].type if len(statement.named_children) == 1 else ""
    return not (statement.type == "expression_statement" and (only in _STRINGS or only == "ellipsis"))


def _own_nodes(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """Yield the nodes below `node` that are in its own scope, so in no nested function or class."""
    stack = list(node.children)
    while stack:
        child = stack.pop()
        if child.type not in _OWN_SCOPE:
            yield child
            stack.extend(child.children)


def _classes_before(syntax: Syntax, function: tree_sitter.Node) -> frozenset[str]:
    """Return the classes that exist when the function's hints are evaluated: all, where evaluation is deferred."""
    is_deferred = b"from __future__ import annotations" in syntax.source
    found: set[str] = set()
    stack = [syntax.root]
    while stack:
        node = stack.pop()
        name = node.child_by_field_name("name") if node.type == "class_definition" else None
        if name is not None and (is_deferred or node.end_byte <= function.start_byte):
            found.add(node_text(name))
        stack.extend(child for child in node.named_children if child.type != "function_definition")
    return frozenset(found)


def _aliases(syntax: Syntax) -> frozenset[str]:
    """Return the names that look like type aliases or type variables: `Name = str`, `T = TypeVar("T")`."""
    found: set[str] = set()
    for statement in syntax.root.named_children:
        wrapped = statement.type == "expression_statement" and statement.named_children
        node = statement.named_children[0] if wrapped else statement
        left = node.child_by_field_name("left") if node.type in ("assignment", "type_alias_statement") else None
        name = "" if left is None else node_text(left)
        is_constant = name.isupper() and len(name) > 1
        if name.isidentifier() and name[:1].isupper() and not is_constant:
            found.add(name)
    return frozenset(found)
