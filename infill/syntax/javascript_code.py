"""What a tree of JavaScript decides: the types of expressions, what functions give back, where names are bound."""

from __future__ import annotations

import re
from collections.abc import Iterator

import tree_sitter

from infill.syntax.tree import Syntax, node_text
from infill.types import Span

_OWN_SCOPE = frozenset({
    "function_declaration", "generator_function_declaration", "function_expression", "generator_function",
    "arrow_function", "method_definition", "class_declaration", "class",
})  # fmt: skip
_LITERALS = {"string": "string", "template_string": "string", "true": "boolean", "false": "boolean", "null": "null",
             "regex": "RegExp"}  # fmt: skip
_COMPARING = frozenset(["==", "===", "!=", "!==", "<", ">", "<=", ">=", "instanceof", "in"])
# A BigInt and a number together are an error, so that one number is enough.
_COUNTING = frozenset(["-", "*", "/", "%", "**", "&", "|", "^", "<<", ">>"])
_UNARY = {"!": "boolean", "typeof": "string", "delete": "boolean", "+": "number"}
_CALLS = {
    "Number": "number", "parseInt": "number", "parseFloat": "number", "String": "string", "Boolean": "boolean",
    "isNaN": "boolean", "isFinite": "boolean", "Array.isArray": "boolean", "Date.now": "number",
    "Number.isInteger": "boolean", "Number.isFinite": "boolean", "Number.isNaN": "boolean", "Object.keys": "string[]",
}  # fmt: skip
_MATH = frozenset({
    "abs", "ceil", "floor", "round", "trunc", "max", "min", "pow", "sqrt", "cbrt", "random", "sign", "hypot", "log",
    "log2", "log10", "exp", "sin", "cos", "tan", "asin", "acos", "atan", "atan2",
})  # fmt: skip
_STRING_TO_STRING = (
    "toUpperCase", "toLowerCase", "trim", "trimStart", "trimEnd", "padStart", "padEnd", "slice", "substring", "repeat",
    "concat", "charAt", "toString",
)  # fmt: skip
_METHODS: dict[str, dict[str, str]] = {
    "string": dict.fromkeys(_STRING_TO_STRING, "string")
    | dict.fromkeys(["includes", "startsWith", "endsWith"], "boolean")
    | dict.fromkeys(["indexOf", "lastIndexOf", "charCodeAt"], "number"),
    "number": dict.fromkeys(["toFixed", "toPrecision", "toString"], "string"),
    "string[]": {"join": "string", "includes": "boolean", "indexOf": "number"},
    "Date": {"toISOString": "string", "getTime": "number"},
    "RegExp": {"test": "boolean"},
}
_MADE = frozenset({"Map", "Set", "WeakMap", "WeakSet", "Date", "RegExp", "Error", "TypeError", "RangeError", "URL"})
_NAMES = frozenset({"identifier", "shorthand_property_identifier", "shorthand_property_identifier_pattern"})
# Where a name is only used. Anywhere else it counts as bound there, which at worst decides too little.
_USING = frozenset({
    "call_expression", "member_expression", "subscript_expression", "new_expression", "arguments", "binary_expression",
    "unary_expression", "ternary_expression", "parenthesized_expression", "return_statement", "template_substitution",
    "spread_element", "array", "pair", "object", "class_heritage", "export_specifier", "await_expression",
    "expression_statement", "throw_statement", "export_statement",
})  # fmt: skip


def expression_type(syntax: Syntax, value: tree_sitter.Node) -> str | None:
    """Return the type of an expression as JSDoc names it; None where the code does not decide."""
    value = _bare(value)
    if value.type in _LITERALS:
        return _LITERALS[value.type]
    if value.type == "number":
        return "bigint" if node_text(value).endswith("n") else "number"
    sign = _text(value.child_by_field_name("operator"))
    if value.type == "unary_expression":
        if sign in ("-", "~"):
            only = _types(syntax, value, "argument")[0]
            return only if only in ("number", "bigint") else None
        return _UNARY.get(sign)
    if value.type == "binary_expression":
        return _of_operation(syntax, value, sign)
    if value.type == "ternary_expression":
        one, other = _types(syntax, value, "consequence", "alternative")
        return one if one == other else None
    if value.type == "new_expression":
        return _made(syntax, value.child_by_field_name("constructor"))
    return _of_call(syntax, value) if value.type == "call_expression" else None


def _text(node: tree_sitter.Node | None) -> str:
    return "" if node is None else node_text(node)


def _bare(value: tree_sitter.Node) -> tree_sitter.Node:
    while value.type == "parenthesized_expression":
        inner = [child for child in value.named_children if child.type != "comment"]
        if len(inner) != 1:
            break
        value = inner[0]
    return value


def _types(syntax: Syntax, node: tree_sitter.Node, *fields: str) -> list[str | None]:
    parts = [node.child_by_field_name(name) for name in fields]
    return [None if part is None else expression_type(syntax, part) for part in parts]


def _of_operation(syntax: Syntax, value: tree_sitter.Node, sign: str) -> str | None:
    if sign in _COMPARING:
        return "boolean"
    types = _types(syntax, value, "left", "right")
    if sign == ">>>" or (sign in _COUNTING and "number" in types):
        return "number"  # `>>>` takes no BigInt
    if sign == "+" and "string" in types:
        return "string"
    if sign == "+":
        return "number" if types == ["number", "number"] else None
    return types[0] if sign in ("&&", "||", "??") and types[0] == types[1] else None


def _of_call(syntax: Syntax, value: tree_sitter.Node) -> str | None:
    called, arguments = value.child_by_field_name("function"), value.child_by_field_name("arguments")
    if called is None or arguments is None or arguments.type != "arguments":
        return None
    owner, member = called.child_by_field_name("object"), _text(called.child_by_field_name("property"))
    if called.type == "identifier" or (owner is not None and owner.type == "identifier"):
        name, head = node_text(called), node_text(owner or called)
        found = "number" if head == "Math" and member in _MATH else _CALLS.get(name)
        return found if found is not None and not is_bound(syntax, head) else None
    if called.type != "member_expression" or owner is None:
        return None
    return _METHODS.get(expression_type(syntax, owner) or "", {}).get(member)


def _made(syntax: Syntax, maker: tree_sitter.Node | None) -> str | None:
    name = node_text(maker) if maker is not None and maker.type == "identifier" else ""
    known = is_class(syntax, name) or (name in _MADE and not is_bound(syntax, name))
    return name if known else None


def references(syntax: Syntax, name: str) -> Iterator[tree_sitter.Node]:
    """Yield the places at which a text has this name as that of a variable, a function or a class."""
    for match in re.finditer(rf"(?<![\w$]){re.escape(name)}(?![\w$])", syntax.text) if name else ():
        node = syntax.node_over(Span(*match.span()))
        if node.type in _NAMES and node_text(node) == name:
            yield node


def bindings(syntax: Syntax, name: str) -> list[tree_sitter.Node]:
    """Return the places at which a name gets its meaning, as far as can be told; rather too many than too few."""
    return [node for node in references(syntax, name) if not _is_use(node)]


def _is_use(node: tree_sitter.Node) -> bool:
    parent = node.parent
    if node.type == "shorthand_property_identifier":
        return True
    if parent is not None and parent.type in ("assignment_expression", "variable_declarator"):
        return node in (parent.child_by_field_name("right"), parent.child_by_field_name("value"))
    return parent is not None and parent.type in _USING


def is_bound(syntax: Syntax, name: str) -> bool:
    """Whether the text may give a name of the language a meaning of its own."""
    return bool(bindings(syntax, name))


def is_class(syntax: Syntax, name: str) -> bool:
    """Whether a name means a class of the file wherever it stands."""
    bound = bindings(syntax, name)
    declared = bound[0].parent if len(bound) == 1 else None
    if declared is None or declared.type != "class_declaration" or declared.parent is None:
        return False
    return declared.parent.type in ("program", "export_statement")


def own_nodes(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """Yield the nodes below `node` that are in no nested function or class."""
    stack = list(reversed(node.children))
    while stack:
        child = stack.pop()
        if child.type not in _OWN_SCOPE:
            yield child
            stack.extend(reversed(child.children))


def results_of(function: tree_sitter.Node) -> list[tree_sitter.Node]:
    """Return the values that a function gives to its caller; none for a generator."""
    body = function.child_by_field_name("body")
    if body is None or any(child.type == "*" for child in function.children) or "generator" in function.type:
        return []
    if body.type != "statement_block":
        return [body]
    returns = (node for node in own_nodes(body) if node.type == "return_statement")
    return [value for node in returns if (value := _value(node)) is not None]


def _value(statement: tree_sitter.Node) -> tree_sitter.Node | None:
    return next((child for child in statement.named_children if child.type != "comment"), None)


def always_returns(function: tree_sitter.Node) -> bool:
    """Whether each way through a function surely ends with a value or an error."""
    body = function.child_by_field_name("body")
    if body is None or body.type != "statement_block":
        return body is not None
    bare = any(node.type == "return_statement" and _value(node) is None for node in own_nodes(body))
    last = [child for child in body.named_children if child.type != "comment"][-1:]
    return not bare and bool(last) and last[0].type in ("return_statement", "throw_statement")


def is_async(function: tree_sitter.Node) -> bool:
    """Whether a function gives a promise."""
    return any(child.type == "async" for child in function.children)
