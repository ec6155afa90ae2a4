"""Bodies that return nothing where the signature promises a value: only what is surely so is found.

A body that raises, yields or loops for ever returns nothing either, and is right. So is one whose result may be None,
undefined or of a type that a file elsewhere may say so of.
"""

from __future__ import annotations

import re

import tree_sitter

from infill.checks.completes import completes, own_nodes, statements
from infill.checks.rust_value import lacks_value
from infill.syntax.docstrings import docstring_of
from infill.syntax.function_syntax import function_syntax
from infill.syntax.tree import Syntax, ancestors, node_text
from infill.types import Span


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MAY_BE_NONE = {
    "python": frozenset({"None", "Optional", "Any", "object", "NoReturn", "Never", "TypeVar"}),
    "typescript": frozenset({"void", "undefined", "any", "unknown", "never", "asserts"}),
}
_MAY_BE_NONE["tsx"] = _MAY_BE_NONE["typescript"]
_NO_VALUE = frozenset({"unit_type", "never_type", "abstract_type", "void_type"})
_RESULT_FIELDS = {"go": "result", "java": "type"}
_YIELDS = ("yield", "yield_expression")
_SIMPLE = _names(
    "assignment augmented_assignment assignment_expression augmented_assignment_expression update_expression"
    " lexical_declaration variable_declaration pass_statement delete_statement import_statement"
)


def lacks_return(before: Syntax, span: Span, text: str) -> bool:
    """Whether the text in place of the span is all of a function's body and surely returns nothing, or not always.

    False where the signature promises no value, and for a language whose signatures are not known.
    """
    start = span.start + len(text) - len(text.lstrip())
    after = before.edited(span, text)
    filled = Span(start, span.start + len(text.rstrip()))
    function = _function_of(after, filled)
    if function is None or function.has_error:
        return False
    body, language = function.child_by_field_name("body"), after.language.id
    result = function.child_by_field_name(_RESULT_FIELDS.get(language, "return_type"))
    if body is None or result is None or result.type in _NO_VALUE:
        return False
    if language == "rust":
        return lacks_value(body)
    returns = list(own_nodes(body, ("return_statement",)))
    gives_nothing = any(not node.named_children for node in returns)
    if language in ("go", "java"):  # their compilers demand it
        named = result.type == "parameter_list" and any(p.child_by_field_name("name") for p in result.named_children)
        return completes(body) or (gives_nothing and not named)
    if language not in _MAY_BE_NONE or _may_be_none(after, function, result):
        return False
    if any(node.named_children for node in returns):
        return completes(body) and _is_simple(statements(body)[-1])
    return gives_nothing or completes(body)


def _function_of(syntax: Syntax, filled: Span) -> tree_sitter.Node | None:
    """Return the function around a span whose statements, but for its docstring, are all in the span."""
    row = function_syntax(syntax.language)
    first, last = syntax.byte_offset(filled.start), syntax.byte_offset(filled.end)
    around = ancestors(syntax.node_over(filled))
    function = next((n for n in around if n.type in row.function_types and n.start_byte < first), None)
    body = function and function.child_by_field_name("body")
    if body is None or body.type not in syntax.language.body_types:
        return None
    inner = statements(body)
    if inner and row.doc is not None and inner[0].start_byte < first and docstring_of(inner[0], row.doc) is not None:
        del inner[0]
    return function if inner and first <= inner[0].start_byte and inner[-1].end_byte <= last else None


def _may_be_none(syntax: Syntax, function: tree_sitter.Node, result: tree_sitter.Node) -> bool:
    """Whether what a function promises includes nothing, or is not for its body to give."""
    body = function.child_by_field_name("body")
    generates = any(child.type == "*" for child in function.children)
    if generates or body is None or any(True for _ in own_nodes(body, _YIELDS)):
        return True
    words = set(re.findall(r"\w+", node_text(result)))
    own = function.child_by_field_name("type_parameters")
    if own is not None and words & set(re.findall(r"\w+", node_text(own))):
        return True
    for word in sorted(words):  # an alias of the file's own
        alias = rf"^(?:export\s+)?(?:type\s+)?{word}\b[^=\n()]*=(?!=)(.*(?:\n[ \t].*)*)"
        found = re.search(alias, syntax.text, re.MULTILINE)
        words |= set(re.findall(r"\w+", found[1])) if found else set[str]()
    return bool(words & _MAY_BE_NONE[syntax.language.id]) or _declares_only(syntax, function)


def _declares_only(syntax: Syntax, function: tree_sitter.Node) -> bool:
    """Whether a function of Python is abstract or an overload, or one of a protocol."""
    abstract = function_syntax(syntax.language).abstract
    if abstract is None:
        return False
    parent = function.parent
    marks = [node_text(n) for n in parent.children if n.type == abstract.decorator_type] if parent is not None else []
    if abstract.decorators & {word for mark in marks for word in re.findall(r"\w+", mark)}:
        return True
    owner = next((n for n in ancestors(function) if n.type == abstract.class_type), None)
    bases = owner and owner.child_by_field_name(abstract.bases_field)
    return bases is not None and "Protocol" in re.findall(r"\w+", node_text(bases))


def _is_simple(statement: tree_sitter.Node) -> bool:
    """Whether a statement neither branches nor calls a function for its effect."""
    if statement.type == "expression_statement" and statement.named_children:
        return statement.named_children[0].type in _SIMPLE
    return statement.type in _SIMPLE
