"""What is wrong at some lines by the tree and the file's own names alone, where no other server says anything."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator

import tree_sitter

from infill.checks.compile import Excerpt
from infill.fixes.names import is_member
from infill.fixes.report import Report
from infill.syntax.language_table import keywords
from infill.syntax.tree import Syntax, node_text
from infill.types import Span

SYNTAX_ERROR = "syntax error"
UNKNOWN = "'{}' is not defined"
_ALWAYS = frozenset(dir(builtins)) | {
    "__file__", "__name__", "__doc__", "__package__", "__spec__", "__path__", "__loader__", "__builtins__",
    "__debug__", "__class__", "__module__", "__qualname__", "__annotations__",
}  # fmt: skip
_LEAST = 3  # letters of a name that may be misspelt


def own_reports(syntax: Syntax, lines: Span) -> list[Report]:
    """Return reports about the lines: the syntax error, else the names that nothing in the file gives a meaning."""
    for problem in syntax.problems:
        if problem.span.start <= lines.end and lines.start <= problem.span.end:
            at = min(max(problem.span.start, lines.start), lines.end)
            missing = (
                f"missing '{problem.node_type}'" if problem.missing and not problem.node_type.isidentifier() else ""
            )
            return [Report(missing or SYNTAX_ERROR, Span(at, max(at, min(problem.span.end, lines.end))))]
    if syntax.problems:
        return []  # what a name means is not known in a broken text
    if syntax.language.id == "python":
        ok, where = Excerpt(syntax, lines).compiles(syntax.text[lines.start : lines.end])
        if ok is False:
            at = min(max(where or 0, lines.start), lines.end)
            return [Report(SYNTAX_ERROR, Span(at, at))]
    unknown = _unknown_in_python(syntax) if syntax.language.id == "python" else None
    return [
        Report(UNKNOWN.format(node_text(node)), syntax.span_of(node))
        for node in _names(syntax, lines)
        if (_is_used_once(syntax, node) if unknown is None else node_text(node) in unknown)
    ]


def _names(syntax: Syntax, lines: Span) -> Iterator[tree_sitter.Node]:
    """Yield the names in the lines that are not members of something, each once."""
    seen: set[str] = set()
    for node in syntax.nodes_in(lines, syntax.language.comment_types):
        if node.children or "identifier" not in node.type or is_member(node) or node_text(node) in seen:
            continue
        span = syntax.span_of(node)
        if lines.start <= span.start and span.end <= lines.end:
            seen.add(node_text(node))
            yield node


def _unknown_in_python(syntax: Syntax) -> frozenset[str]:
    """Return the names that are read and that nothing binds anywhere in the text; none where it cannot be known."""
    try:
        tree = ast.parse(syntax.text.removeprefix("\ufeff"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    read: set[str] = set()
    bound: set[str] = set(_ALWAYS)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.alias):
            if node.name == "*":
                return frozenset()
            bound.add(node.asname or node.name.partition(".")[0])
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            bound.update(node.names)
        else:  # of patterns, `except ... as` and type parameters
            bound.update(str(v) for field in ("name", "rest") if (v := getattr(node, field, None)) is not None)
    return frozenset(read - bound)


def _is_used_once(syntax: Syntax, node: tree_sitter.Node) -> bool:
    """Whether nothing else in the text has the name of a node, so that it may be misspelt, and it binds nothing."""
    name = node_text(node)
    if len(name) < _LEAST or name in syntax.language.builtins or name in keywords(syntax.language):
        return False
    parent = node.parent
    binds = parent is not None and any(parent.child_by_field_name(f) == node for f in ("name", "pattern", "left"))
    return not binds and len(re.findall(rf"(?<!\w){re.escape(name)}(?!\w)", syntax.text)) == 1
