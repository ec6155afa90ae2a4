"""Whether a proposed type hint is valid: it looks like a type, its names exist, and it agrees with what the code does.

For Python, names are looked up among the file's imports, classes, aliases and the builtin types, and the hint is
compared with a parameter's literal default, with what the body asks about it and calls in the file give to it, and with
what the function returns. It passes where the code does not decide.
"""

from __future__ import annotations

import ast
import builtins
import re

import tree_sitter

from infill.checks.hint_uses import literals_passed, tested_types
from infill.syntax.function_syntax import TypeHintSyntax, function_syntax
from infill.syntax.python_code import ModuleNames, literal_type, module_names, results_of
from infill.syntax.tree import Syntax, ancestors, node_text
from infill.syntax.type_hints import hint_at
from infill.types import Span

_NAME = re.compile(r"[A-Za-z_]\w*")
_TYPES = frozenset(name for name, value in vars(builtins).items() if isinstance(value, type)) | {"None"}
_ANYTHING = frozenset({"Any", "object"})
_CONTAINERS = frozenset({"Iterable", "Collection", "Container"})
_SEQUENCES = _CONTAINERS | {"Sequence", "Reversible"}
# For each builtin type, the last parts of the names of the hints that a value of it agrees with.
_AGREEING: dict[str, frozenset[str]] = {
    "int": frozenset({"int", "float", "complex", "SupportsInt", "SupportsFloat", "SupportsIndex"}),
    "float": frozenset({"float", "complex", "SupportsFloat"}),
    "str": frozenset({"str", "LiteralString"}) | _SEQUENCES,
    "bytes": frozenset({"bytes", "Buffer", "ByteString"}) | _SEQUENCES,
    "bool": frozenset({"bool"}),
    "None": frozenset({"None"}),
    "list": frozenset({"list", "List", "MutableSequence"}) | _SEQUENCES,
    "tuple": frozenset({"tuple", "Tuple", "NamedTuple"}) | _SEQUENCES,
    "set": frozenset({"set", "Set", "AbstractSet", "MutableSet"}) | _CONTAINERS,
    "dict": frozenset({"dict", "Dict", "Mapping", "MutableMapping"}) | _CONTAINERS,
}
_STREAMS = frozenset({"Generator", "Iterator", "Iterable", "AsyncGenerator", "AsyncIterator", "AsyncIterable"})
_NO_RESULT = frozenset({"NoReturn", "Never"})


def hint_fits(syntax: Syntax, span: Span, hint: str) -> bool:
    """Return whether `hint` is valid at `span`, where now a placeholder is the type; True where no type stands."""
    found = hint_at(syntax, span)
    if found is None:
        return True
    hints, owner = found
    return _is_type(syntax, hints, hint) and (syntax.language.id != "python" or _fits_python(syntax, owner, hint))


def _is_type(syntax: Syntax, hints: TypeHintSyntax, text: str) -> bool:
    """Whether the text looks like a type and all names in it mean something: a made-up one would not run."""
    if re.fullmatch(hints.pattern, text) is None:
        return False
    known = hints.known | {name for usual in hints.usual for name in _NAME.findall(usual)}
    return all(n in known or re.search(rf"\b{n}\b", syntax.text) is not None for n in _NAME.findall(text))


def _fits_python(syntax: Syntax, owner: tree_sitter.Node, hint: str) -> bool:
    """Whether the code agrees; `owner` is the parameter, variable or function whose type it is to be."""
    try:
        expression = ast.parse(hint.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    function_types = function_syntax(syntax.language).function_types
    function = next((n for n in ancestors(owner) if n.type in function_types), None)
    if function is None:
        return True
    names = module_names(syntax, function)
    if not _names_exist(names, expression):
        return False
    heads = _heads(expression)
    if owner.type in function_types:
        return _fits_results(owner, heads, names.aliases)
    value = owner.child_by_field_name("value")
    if value is not None and not _allows(heads, value, names.aliases):
        return False
    return owner.type == "assignment" or _fits_uses(syntax, owner, function, heads, names.aliases)


def _fits_uses(
    syntax: Syntax,
    parameter: tree_sitter.Node,
    function: tree_sitter.Node,
    heads: frozenset[str],
    aliases: frozenset[str],
) -> bool:
    """Whether the type allows what the body asks about the parameter, and what calls in the file give to it."""
    name = node_text(parameter.named_children[0])
    if not name.isidentifier():
        return True  # `*args`
    tested = tested_types(syntax, function, name)
    if "None" in tested and not heads & ({"None"} | _ANYTHING | aliases):
        return False
    wanted = [_AGREEING[one] for one in tested - {"None"} if one in _AGREEING]
    if wanted and heads <= _AGREEING.keys() and not any(heads & agreeing for agreeing in wanted):
        return False
    return all(_allows(heads, given, aliases) for given in literals_passed(syntax, function, name))


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
    builtin = literal_type(value)
    if builtin is None:
        return True
    allowed = _AGREEING[builtin] | _ANYTHING
    return bool(heads & (allowed if builtin == "None" else allowed | aliases))


def _fits_results(function: tree_sitter.Node, heads: frozenset[str], aliases: frozenset[str]) -> bool:
    results = results_of(function)
    if results.yields:
        return bool(heads & (_STREAMS | _ANYTHING | aliases))
    values = results.values
    if all(value is None or literal_type(value) == "None" for value in values):
        allowed = _ANYTHING | {"None"}
        return not results.is_written or bool(heads & (allowed if values else allowed | _NO_RESULT))
    if heads == frozenset({"None"}) or heads & _NO_RESULT:
        return False
    return all(
        bool(heads & ({"None"} | _ANYTHING | aliases)) if value is None else _allows(heads, value, aliases)
        for value in values
    )


def _names_exist(names: ModuleNames, hint: ast.expr) -> bool:
    """Whether every name in a hint is a builtin type, or names a type where the function is defined."""
    plain = _TYPES | names.imported | names.classes | names.aliases
    dotted = names.imported | names.modules | names.classes
    objects = {id(node.value) for node in ast.walk(hint) if isinstance(node, ast.Attribute)}
    for node in ast.walk(hint):
        if isinstance(node, ast.Attribute) and not _is_dotted(node):
            return False
        if isinstance(node, (ast.Call, ast.Lambda, ast.IfExp, ast.Compare, ast.Dict, ast.ListComp, ast.Starred)):
            return False
        if not isinstance(node, ast.Name) or node.id in (dotted if id(node) in objects else plain):
            continue
        if not (names.has_star_import and node.id[:1].isupper()):
            return False
    return True


def _is_dotted(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)
