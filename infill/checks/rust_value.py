"""Whether a block of Rust surely gives no value: its last expression is `()`, or a semicolon follows it."""

from __future__ import annotations

import tree_sitter

from infill.checks.completes import may_not_come_back, own_nodes, statements
from infill.syntax.tree import node_text


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_UNIT_MACROS = _names(
    "println print eprintln eprint assert assert_eq assert_ne debug_assert debug_assert_eq debug_assert_ne"
    " info warn debug trace error"
)
_MACROS_THAT_GO_ON = _UNIT_MACROS | {"write", "writeln", "vec", "format", "dbg", "log", "matches"}
_UNIT = frozenset(
    {
        "for_expression",
        "while_expression",
        "assignment_expression",
        "compound_assignment_expr",
        "unit_expression",
        "let_declaration",
        "function_item",
        "use_declaration",
        "const_item",
        "struct_item",
    }
)
_BLOCKS = frozenset({"block", "unsafe_block", "else_clause"})


def lacks_value(body: tree_sitter.Node) -> bool:
    """Whether a function's body surely gives `()` at its end, or in a `return`."""
    return _is_unit(body) or any(not node.named_children for node in own_nodes(body, ("return_expression",)))


def _is_unit(node: tree_sitter.Node) -> bool:
    """Whether the end of an expression or statement is surely reached, and its value is `()`."""
    if node.type in _BLOCKS:
        return _block_is_unit(node)
    if node.type == "if_expression":
        other = node.child_by_field_name("alternative")
        then = node.child_by_field_name("consequence")
        return other is None or then is None or _is_unit(then) or _is_unit(other)
    if node.type == "match_expression":
        arms = own_nodes(node, ("match_arm",), ("match_arm",))
        return any(_is_unit(value) for arm in arms for value in arm.children_by_field_name("value"))
    if node.type == "macro_invocation":
        return _macro(node) in _UNIT_MACROS
    return node.type in _UNIT


def _block_is_unit(block: tree_sitter.Node) -> bool:
    if any(child.type == "label" for child in block.children):
        return False
    found = statements(block)
    ended = [node for node in found if node.type == "empty_statement"]
    inner = [node for node in found if node.type != "empty_statement"]
    if not inner or any(map(_may_diverge, inner[:-1])):
        return not inner
    last = inner[-1]
    if last.type != "expression_statement":
        return _is_unit(last)
    if node_text(last).endswith(";") or (ended and ended[-1].start_byte >= last.end_byte):
        return not _may_diverge(last)
    return _is_unit(last.named_children[0])


def _may_diverge(node: tree_sitter.Node) -> bool:
    """Whether what follows may never be reached."""
    if node.type in _BLOCKS or node.type == "expression_statement":
        return any(map(_may_diverge, statements(node)))
    if node.type == "if_expression":
        other, then = node.child_by_field_name("alternative"), node.child_by_field_name("consequence")
        return other is not None and then is not None and _may_diverge(then) and _may_diverge(other)
    if node.type == "match_expression":
        arms = own_nodes(node, ("match_arm",), ("match_arm",))
        return all(_may_diverge(value) for arm in arms for value in arm.children_by_field_name("value"))
    if node.type == "macro_invocation":
        return _macro(node) not in _MACROS_THAT_GO_ON
    if node.type == "call_expression":
        called = node.child_by_field_name("function")
        return called is None or may_not_come_back(node_text(called))
    return node.type in ("return_expression", "break_expression", "continue_expression", "loop_expression")


def _macro(node: tree_sitter.Node) -> str:
    named = node.child_by_field_name("macro")
    return "" if named is None else node_text(named).rpartition("::")[2]
