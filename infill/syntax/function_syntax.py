"""The syntax of functions in each language, one frozen row each: where their bodies, docstrings and types go.

Code actions that need a row, or a part of one, are not offered for a language without it. Node and field names are
those of its grammar.
"""

from __future__ import annotations

import msgspec

from infill.syntax.language_table import Language


class DocstringSyntax(msgspec.Struct, frozen=True):
    """Documentation that is the first statement of a body and consists of strings only."""

    opening: str
    closing: str
    statement_type: str
    string_type: str
    content_type: str
    wrapper_types: frozenset[str] = frozenset({"concatenated_string", "parenthesized_expression"})


class TypeHintSyntax(msgspec.Struct, frozen=True):
    """Types that follow a name: the nodes of a parameter list that may lack them, and the text before a type."""

    parameters_field: str
    bare_types: frozenset[str]
    implicit: frozenset[str]  # first parameters that are never annotated
    before: str
    return_field: str
    before_return: str
    type_node: str  # the only node that contains a type
    pattern: str  # regex of a type; names in it must be known, or occur in the file
    usual: tuple[str, ...]  # types that are always tried
    known: frozenset[str]  # further names that need no definition


class AbstractSyntax(msgspec.Struct, frozen=True):
    """How a language declares a function that is implemented elsewhere: names of its grammar and its library."""

    class_type: str
    bases_field: str
    bases: frozenset[str]  # classes whose methods are declarations
    decorator_type: str
    decorators: frozenset[str]


class FunctionSyntax(msgspec.Struct, frozen=True):
    """The parts of a function that can be completed besides its body."""

    function_types: frozenset[str]
    wrapper_types: frozenset[str] = frozenset()  # nodes of a function with its decorators
    whole_only: tuple[str, ...] = ()  # beginnings of statements that are placeholders only as a whole block
    value_type: str | None = None  # node of a placeholder value
    value_parents: frozenset[str] = frozenset()  # nodes in which it surely is a placeholder
    value_placeholder: str = ""  # the same as text, for inserted holes
    quiet_types: frozenset[str] = frozenset()  # statements whose block is often deliberately empty
    abstract: AbstractSyntax | None = None
    doc: DocstringSyntax | None = None
    hints: TypeHintSyntax | None = None


_SCRIPT = FunctionSyntax(
    frozenset(
        {
            "function_declaration",
            "generator_function_declaration",
            "function_expression",
            "method_definition",
            "arrow_function",
        }
    )
)

_PYTHON_TYPE = r"[A-Za-z_][\w.]*(?:\[[\w., |\[\]]+\])?"

FUNCTION_SYNTAX: dict[str, FunctionSyntax] = {
    "python": FunctionSyntax(
        function_types=frozenset({"function_definition"}),
        wrapper_types=frozenset({"decorated_definition"}),
        whole_only=("pass", "raise"),
        value_type="ellipsis",
        value_parents=frozenset({"return_statement", "assignment"}),
        value_placeholder="...",
        quiet_types=frozenset(
            {
                "except_clause",
                "except_group_clause",
                "finally_clause",
                "class_definition",
                "case_clause",
            }
        ),
        abstract=AbstractSyntax(
            class_type="class_definition",
            bases_field="superclasses",
            bases=frozenset({"ABC", "ABCMeta", "Protocol"}),
            decorator_type="decorator",
            decorators=frozenset({"abstractmethod", "abstractproperty", "abstractclassmethod", "overload"}),
        ),
        doc=DocstringSyntax('"""', '"""', "expression_statement", "string", "string_content"),
        hints=TypeHintSyntax(
            parameters_field="parameters",
            bare_types=frozenset({"identifier", "default_parameter", "list_splat_pattern", "dictionary_splat_pattern"}),
            implicit=frozenset({"self", "cls"}),
            before=": ",
            return_field="return_type",
            before_return=" -> ",
            type_node="type",
            pattern=rf"{_PYTHON_TYPE}(?: \| {_PYTHON_TYPE})*",
            usual=("int", "str", "bool", "float", "bytes", "None", "list[str]", "dict[str, str]", "object"),
            known=frozenset({"list", "dict", "set", "tuple", "frozenset", "type", "complex", "bytearray"}),
        ),
    ),
    "javascript": _SCRIPT,
    "typescript": _SCRIPT,
    "tsx": _SCRIPT,
    "go": FunctionSyntax(frozenset({"function_declaration", "method_declaration", "func_literal"})),
    "rust": FunctionSyntax(frozenset({"function_item"})),
    "java": FunctionSyntax(frozenset({"method_declaration", "constructor_declaration"})),
    "c": FunctionSyntax(frozenset({"function_definition"})),
    "cpp": FunctionSyntax(frozenset({"function_definition"})),
    "bash": FunctionSyntax(frozenset({"function_definition"}), whole_only=(":",)),
}
_NO_ROW = FunctionSyntax(frozenset())


def function_syntax(language: Language) -> FunctionSyntax:
    """Return the function syntax of a language; an empty row where it has none."""
    return FUNCTION_SYNTAX.get(language.id, _NO_ROW)
