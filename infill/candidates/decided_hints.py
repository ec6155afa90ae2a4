"""Type hints that the code decides: what a function returns, a literal default, the same name's type elsewhere."""

from __future__ import annotations

import re
from collections import Counter

import tree_sitter

from infill.checks.hint_check import hint_fits
from infill.syntax.function_syntax import function_syntax
from infill.syntax.python_code import Results, literal_type, results_of
from infill.syntax.tree import Syntax, node_text
from infill.syntax.type_hints import hint_at
from infill.types import Span

_BY_NAME = {
    "__init__": "None", "__str__": "str", "__repr__": "str", "__format__": "str", "__len__": "int", "__hash__": "int",
    "__bool__": "bool", "__contains__": "bool", "__eq__": "bool", "__ne__": "bool", "__lt__": "bool", "__del__": "None",
}  # fmt: skip
_PLAIN = frozenset({"bool", "str", "bytes", "float", "int"})  # literals whose type says all
_NEEDS_NO_COUNT = frozenset({"bool", "str", "bytes", "float"})  # a default of 1 is often one of a float
_LEAST_SAME = 3  # times that a name must have one type in the file, and no other


def decided_hint(syntax: Syntax, span: Span) -> str | None:
    """Return the type at `span`, where now a placeholder is, if the code leaves no other; None where it does."""
    found = hint_at(syntax, span) if syntax.language.id == "python" else None
    if found is None:
        return None
    owner = found[1]
    is_function = owner.type in function_syntax(syntax.language).function_types
    hint = _of_result(owner) if is_function else _of_parameter(syntax, owner)
    return hint if hint is not None and hint_fits(syntax, span, hint) else None


def _of_result(function: tree_sitter.Node) -> str | None:
    name, results = function.child_by_field_name("name"), results_of(function)
    if results.yields:
        return None
    known = _BY_NAME.get(node_text(name)) if name is not None else None
    return known or (_of_values(results) if results.is_written else None)


def _of_values(results: Results) -> str | None:
    """Return None where nothing is returned, or the type of every value where that is a plain one."""
    types = {"None" if value is None else literal_type(value) for value in results.values}
    if types <= {"None"}:
        return "None"
    (only,) = types if len(types) == 1 else (None,)
    return only if only in _PLAIN else None


def _of_parameter(syntax: Syntax, owner: tree_sitter.Node) -> str | None:
    value, name = owner.child_by_field_name("value"), next(iter(owner.named_children), None)
    literal = None if value is None else literal_type(value)
    if literal in _NEEDS_NO_COUNT:
        return literal
    if name is None or name.type != "identifier" or (value is not None and literal != "int"):
        return None
    return _same_elsewhere(syntax, node_text(name))


def _same_elsewhere(syntax: Syntax, name: str) -> str | None:
    """Return the type that the file gives to every parameter of the name, where there are enough."""
    counts: Counter[str] = Counter()
    for node in syntax.nodes_in(Span(0, len(syntax.text))):
        hint = node.child_by_field_name("type") if node.type in ("typed_parameter", "typed_default_parameter") else None
        first = next(iter(node.named_children), None) if hint is not None else None
        if hint is not None and first is not None and node_text(first) == name and node_text(hint) != "...":
            counts[re.sub(r"\s+", " ", node_text(hint))] += 1
    ((hint, n),) = counts.items() if len(counts) == 1 else (("", 0),)
    return hint if n >= _LEAST_SAME else None
