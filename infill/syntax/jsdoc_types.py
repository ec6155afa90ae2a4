"""Types for JSDoc that the code decides: defaults, guards, results, calls in the file, tags of the same name."""

from __future__ import annotations

import re
from collections import Counter

import tree_sitter

from infill.syntax.javascript_code import (
    always_returns,
    bindings,
    expression_type,
    is_async,
    is_class,
    references,
    results_of,
)
from infill.syntax.jsdoc import name_of, parameters_of
from infill.syntax.tree import Syntax, node_text

LEAST_SAME = 3  # times that a name must have one type in the file, and no other
_BUILTIN = frozenset({
    "string", "number", "boolean", "bigint", "symbol", "object", "null", "undefined", "Object", "Function", "Array",
    "Promise", "Map", "Set", "WeakMap", "WeakSet", "Date", "RegExp", "Error", "URL",
})  # fmt: skip
_TYPE = re.compile(r"[\w$]+(?:\[\])?(?: ?\| ?[\w$]+(?:\[\])?)*")
_MODULE = re.compile(r"\brequire\(|\bmodule\.exports\b|(?<![\w$.])exports\.")
_EQUALITY = frozenset(["==", "===", "!=", "!=="])


def decided_type(syntax: Syntax, function: tree_sitter.Node, parameter: tree_sitter.Node | None) -> str | None:
    """Return the type of a parameter (None: of the result), if the code leaves no other; None where it does."""
    if parameter is None:
        return _of_result(syntax, function)
    name, default = name_of(parameter), parameter.child_by_field_name("right")
    if not name:
        return None
    guard = _guard(function, name) if default is None else None
    given = _given(syntax, function, parameters_of(function).index(parameter))
    if default is not None:
        hint = expression_type(syntax, default)
    elif guard is not None:
        hint = guard[1]
    else:
        hint = _of_calls(syntax, function, given) or _same_elsewhere(syntax, name)
    if hint is None or hint == "null":
        return None
    against = any(found not in (None, hint) for found in given)
    return None if against or _is_doubted(syntax, function, name, hint, guard and guard[0]) else hint


def _of_result(syntax: Syntax, function: tree_sitter.Node) -> str | None:
    values = results_of(function)
    if not values or not always_returns(function):
        return None
    types = {expression_type(syntax, value) for value in values}
    known = [one for one in types if one is not None and one != "null"]
    if None in types or len(known) != 1:
        return None
    only = f"{known[0]} | null" if "null" in types else known[0]
    return f"Promise<{only}>" if is_async(function) else only


def _guard(function: tree_sitter.Node, name: str) -> tuple[tree_sitter.Node, str] | None:
    """Return the guard of a parameter and its type: `if (typeof name !== "string") throw ...`, before anything else."""
    body = function.child_by_field_name("body")
    for node in [] if body is None or body.type != "statement_block" else body.named_children:
        if node.type == "comment":
            continue
        condition, then = node.child_by_field_name("condition"), node.child_by_field_name("consequence")
        if node.type != "if_statement" or condition is None or then is None:
            return None
        throws = then.type == "throw_statement" or [c.type for c in then.named_children] == ["throw_statement"]
        test = re.fullmatch(r"\(typeof\s+([\w$]+)\s*!==?\s*(['\"])(string|number|boolean)\2\)", node_text(condition))
        if not throws or test is None:
            return None
        if test[1] == name:
            return node, test[3]
    return None


def _own_name(function: tree_sitter.Node) -> tree_sitter.Node | None:
    """Return the name under which other code calls a function that is no method, where that is one name."""
    name, parent = function.child_by_field_name("name"), function.parent
    if function.type == "function_declaration":
        return name
    if name is not None or parent is None or parent.type != "variable_declarator" or parent.parent is None:
        return None
    kind = parent.parent.child_by_field_name("kind")
    return parent.child_by_field_name("name") if kind is not None and node_text(kind) == "const" else None


def _given(syntax: Syntax, function: tree_sitter.Node, at: int) -> list[str | None]:
    """Return the types that the calls in the file give to parameter number `at`; None for one that nothing decides."""
    own = _own_name(function)
    found: list[str | None] = []
    for node in references(syntax, node_text(own)) if own is not None else ():
        arguments = _arguments(node)
        given = [] if arguments is None else [a for a in arguments.named_children if a.type != "comment"]
        plain = len(given) > at and all(a.type != "spread_element" for a in given[:at])
        if arguments is not None:
            found.append(expression_type(syntax, given[at]) if plain else None)
    return found


def _arguments(callee: tree_sitter.Node) -> tree_sitter.Node | None:
    """Return the arguments of the call of a name; None where it is not called there."""
    call = callee.parent
    if call is None or call.type != "call_expression" or call.child_by_field_name("function") != callee:
        return None
    arguments = call.child_by_field_name("arguments")
    return arguments if arguments is not None and arguments.type == "arguments" else None


def _of_calls(syntax: Syntax, function: tree_sitter.Node, given: list[str | None]) -> str | None:
    """Return what all calls give, where no other code can call the function."""
    own = _own_name(function)
    if own is None or len(set(given)) != 1 or bindings(syntax, node_text(own)) != [own]:
        return None
    if any(node != own and _arguments(node) is None for node in references(syntax, node_text(own))):
        return None
    around = own.parent if own.parent is None or own.parent.type != "variable_declarator" else own.parent.parent
    scope = None if around is None else around.parent
    if scope is None or scope.type == "export_statement":
        return None
    return given[0] if scope.type != "program" or _is_module(syntax) else None


def _is_module(syntax: Syntax) -> bool:
    """Whether other files see only what this one exports: not what the scripts of a page see of each other."""
    kinds = {child.type for child in syntax.root.named_children}
    return bool(kinds & {"import_statement", "export_statement"}) or _MODULE.search(syntax.text) is not None


def _same_elsewhere(syntax: Syntax, name: str) -> str | None:
    """Return the type that all tags in the file give to the name, where there are enough and it means something."""
    typed = rf"@(?:param|arg|argument)[ \t]+(?:\{{(.*)\}}[ \t]*)?\[?{re.escape(name)}(?![\w$.])(?!\s*[\]=])"
    counts = Counter(found.strip() for found in re.findall(typed, syntax.text) if found not in ("", "*"))
    ((hint, n),) = counts.items() if len(counts) == 1 else (("", 0),)
    if n < LEAST_SAME or _TYPE.fullmatch(hint) is None:
        return None
    known = all(word in _BUILTIN or is_class(syntax, word) for word in re.findall(r"[\w$]+", hint))
    return hint if known else None


def _is_doubted(
    syntax: Syntax, function: tree_sitter.Node, name: str, hint: str, guard: tree_sitter.Node | None
) -> bool:
    """Whether the function, but for its guard, asks for the parameter's type, or gives the name another one."""
    for node in references(syntax, name):
        inside = function.start_byte <= node.start_byte < function.end_byte
        guards = guard is not None and guard.start_byte <= node.start_byte < guard.end_byte
        if inside and not guards and node.parent is not None and _doubts(syntax, node, node.parent, hint):
            return True
    return False


def _doubts(syntax: Syntax, node: tree_sitter.Node, parent: tree_sitter.Node, hint: str) -> bool:
    sides = [parent.child_by_field_name(field) for field in ("left", "right")]
    operator = parent.child_by_field_name("operator")
    sign = "" if operator is None else node_text(operator)
    if parent.type == "unary_expression":
        return sign == "typeof"
    if parent.type == "arguments" and parent.parent is not None:
        return node_text(parent.parent).startswith("Array.isArray")
    other = next((side for side in sides if side is not None and side != node), None)
    kind = None if other is None else expression_type(syntax, other)
    if parent.type in ("assignment_expression", "augmented_assignment_expression"):
        return sides[0] == node and kind != hint
    if other is None or parent.type != "binary_expression":
        return False
    is_undefined = other.type == "undefined" or node_text(other).startswith("void ")
    compared = sign in _EQUALITY and (is_undefined or kind not in (None, hint))
    return compared or sign in ("instanceof", "??")
