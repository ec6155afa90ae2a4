"""Whether a proposed type hint is valid: its names exist there, and it agrees with what the code does.

Checked for Python: names against the file's imports, classes, aliases and the builtin types; a parameter's literal
default; what the function returns. A hint passes where the tree does not decide.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

import tree_sitter

from infill.syntax.tree import Syntax, ancestors
from infill.types import Span

_TYPES = frozenset(name for name, value in vars(builtins).items() if isinstance(value, type)) | {"None"}
_ANYTHING = frozenset({"Any", "object"})
_SEQUENCES = frozenset({"Sequence", "Iterable", "Collection", "Reversible", "Container"})
# Types that a literal agrees with: for each node type, the last parts of the names of hints.
_LITERALS: dict[str, frozenset[str]] = {
    "integer": frozenset({"int", "float", "complex", "SupportsInt", "SupportsFloat", "SupportsIndex"}),
    "float": frozenset({"float", "complex", "SupportsFloat"}),
    "string": frozenset({"str", "LiteralString"}) | _SEQUENCES,
    "concatenated_string": frozenset({"str", "LiteralString"}) | _SEQUENCES,
    "bytes": frozenset({"bytes", "Buffer", "ByteString"}) | _SEQUENCES,
    "true": frozenset({"bool"}),
    "false": frozenset({"bool"}),
    "comparison_operator": frozenset({"bool"}),
    "not_operator": frozenset({"bool"}),
    "none": frozenset({"None"}),
    "list": frozenset({"list", "List", "MutableSequence"}) | _SEQUENCES,
    "list_comprehension": frozenset({"list", "List", "MutableSequence"}) | _SEQUENCES,
    "tuple": frozenset({"tuple", "Tuple", "NamedTuple"}) | _SEQUENCES,
    "set": frozenset({"set", "Set", "AbstractSet", "MutableSet", "Iterable", "Collection", "Container"}),
    "set_comprehension": frozenset({"set", "Set", "AbstractSet", "MutableSet", "Iterable", "Collection", "Container"}),
    "dictionary": frozenset({"dict", "Dict", "Mapping", "MutableMapping", "Iterable", "Collection", "Container"}),
    "dictionary_comprehension": frozenset({"dict", "Dict", "Mapping", "MutableMapping", "Iterable", "Collection"}),
}
_STREAMS = frozenset({"Generator", "Iterator", "Iterable", "AsyncGenerator", "AsyncIterator", "AsyncIterable"})
_OWN_SCOPE = frozenset({"function_definition", "class_definition", "lambda"})
_DEFINED_BY_OTHERS = frozenset({"NoReturn", "Never"})


def hint_fits(syntax: Syntax, span: Span, hint: str) -> bool:
    """Return whether `hint` is valid at `span`, where now a placeholder is the type. Python only."""
    try:
        expression = ast.parse(hint.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    type_node = next((n for n in ancestors(syntax.node_over(span)) if n.type == "type"), None)
    owner = None if type_node is None else type_node.parent
    function = next((n for n in ancestors(owner) if n.type == "function_definition"), None) if owner else None
    if owner is None or function is None:
        return True
    if not _names_exist(syntax, function, expression):
        return False
    heads = _heads(expression)
    if owner.type == "function_definition":
        return _fits_returns(owner, heads, _aliases(syntax))
    value = owner.child_by_field_name("value")
    return value is None or _allows(heads, value, _aliases(syntax))


def _heads(hint: ast.expr) -> frozenset[str]:
    """Return the last parts of the names of a hint's alternatives: `a.B[int] | None` gives B and None."""
    if isinstance(hint, ast.BinOp) and isinstance(hint.op, ast.BitOr):
        return _heads(hint.left) | _heads(hint.right)
    if isinstance(hint, ast.Subscript):
        (name,) = _heads(hint.value) or {""}
        if name == "Optional":
            return _heads(hint.slice) | {"None"}
        if name in ("Union", "Annotated"):
            parts = hint.slice.elts if isinstance(hint.slice, ast.Tuple) else [hint.slice]
            return frozenset(head for part in parts[: 1 if name == "Annotated" else None] for head in _heads(part))
        return frozenset({name})
    if isinstance(hint, ast.Constant):
        return frozenset({"None" if hint.value is None else str(hint.value).rpartition(".")[2]})
    if isinstance(hint, ast.Attribute):
        return frozenset({hint.attr})
    return frozenset({hint.id}) if isinstance(hint, ast.Name) else frozenset()


def _allows(heads: frozenset[str], value: tree_sitter.Node, aliases: frozenset[str]) -> bool:
    """Whether this value may have one of these types; True where its syntax does not decide."""
    kind = value.type
    while kind == "parenthesized_expression" and value.named_children:
        value = value.named_children[0]
        kind = value.type
    if kind in ("string", "concatenated_string") and (value.text or b"").lstrip()[:2].lower().strip(b"\"'r") == b"b":
        kind = "bytes"
    if kind == "unary_operator" and value.named_children:
        kind = value.named_children[-1].type
    allowed = _LITERALS.get(kind)
    return allowed is None or bool(heads & (allowed | _ANYTHING | (aliases if kind != "none" else frozenset())))


def _fits_returns(function: tree_sitter.Node, heads: frozenset[str], aliases: frozenset[str]) -> bool:
    body = function.child_by_field_name("body")
    own = [] if body is None else list(_own_nodes(body))
    if any(node.type == "yield" for node in own):
        return bool(heads & (_STREAMS | _ANYTHING | aliases))
    values = [next(iter(node.named_children), None) for node in own if node.type == "return_statement"]
    if not any(value is not None and value.type != "none" for value in values):
        written = body is not None and any(_does_something(child) for child in body.named_children)
        return (
            not written or "None" in heads or bool(heads & (_ANYTHING | (_DEFINED_BY_OTHERS if not values else set())))
        )
    if heads == frozenset({"None"}) or heads & _DEFINED_BY_OTHERS:
        return False
    return all(
        bool(heads & ({"None"} | _ANYTHING | aliases)) if value is None else _allows(heads, value, aliases)
        for value in values
    )


def _does_something(statement: tree_sitter.Node) -> bool:
    """Whether a statement is more than a docstring, a placeholder or the raising of an error."""
    if statement.type in ("pass_statement", "raise_statement", "comment"):
        return False
    only = statement.named_children[0].type if len(statement.named_children) == 1 else ""
    return not (statement.type == "expression_statement" and only in ("string", "ellipsis", "concatenated_string"))


def _own_nodes(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """Yield the nodes below `node` that are in its own scope, so in no nested function or class."""
    stack = list(node.children)
    while stack:
        child = stack.pop()
        if child.type not in _OWN_SCOPE:
            yield child
            stack.extend(child.children)


def _names_exist(syntax: Syntax, function: tree_sitter.Node, hint: ast.expr) -> bool:
    """Whether every name in a hint is a builtin type, or names a type where the function is defined."""
    imported, modules, has_star = _imports(syntax)
    classes = _classes_before(syntax, function)
    for node in ast.walk(hint):
        if isinstance(node, ast.Attribute) and not _is_dotted(node):
            return False
        if not isinstance(node, ast.Name):
            if isinstance(node, (ast.Call, ast.Lambda, ast.IfExp, ast.Compare, ast.Dict, ast.ListComp, ast.Starred)):
                return False
            continue
        name = node.id
        dotted = any(isinstance(n, ast.Attribute) and n.value is node for n in ast.walk(hint))
        known = imported | modules | classes if dotted else _TYPES | imported | classes | _aliases(syntax)
        if name not in known and not (has_star and name[:1].isupper()):
            return False
    return True


def _is_dotted(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _imports(syntax: Syntax) -> tuple[frozenset[str], frozenset[str], bool]:
    """Return the names that `from` imports bind, names of modules, and whether there is a `*` import."""
    names: set[str] = set()
    modules: set[str] = set()
    star = False
    for node in _own_nodes(syntax.root):
        if node.type not in ("import_statement", "import_from_statement"):
            continue
        bound = names if node.type == "import_from_statement" else modules
        star |= any(child.type == "wildcard_import" for child in node.children)
        for child in node.children_by_field_name("name"):
            alias = child.child_by_field_name("alias") or child
            bound.add((alias.text or b"").decode().split(".")[0])
    return frozenset(names), frozenset(modules), star


def _classes_before(syntax: Syntax, function: tree_sitter.Node) -> frozenset[str]:
    """Return the classes that exist when the function's hints are evaluated: all, where evaluation is deferred."""
    is_deferred = b"from __future__ import annotations" in syntax.source
    found: set[str] = set()
    stack = [syntax.root]
    while stack:
        node = stack.pop()
        name = node.child_by_field_name("name") if node.type == "class_definition" else None
        if name is not None and (is_deferred or node.end_byte <= function.start_byte):
            found.add((name.text or b"").decode())
        stack.extend(child for child in node.named_children if child.type != "function_definition")
    return frozenset(found)


def _aliases(syntax: Syntax) -> frozenset[str]:
    """Return the module's names that look like type aliases or type variables: `Name = str`, `T = TypeVar("T")`."""
    found: set[str] = set()
    for statement in syntax.root.named_children:
        wrapped = statement.type == "expression_statement" and statement.named_children
        node = statement.named_children[0] if wrapped else statement
        left = node.child_by_field_name("left") if node.type in ("assignment", "type_alias_statement") else None
        name = "" if left is None else (left.text or b"").decode()
        is_constant = name.isupper() and len(name) > 1
        if name.isidentifier() and name[:1].isupper() and not is_constant:
            found.add(name)
    return frozenset(found)
