"""Whether statements surely come to their end, so that what stands below them is reached.

Go and Java define it, for a function's last statement. Of what only a run can tell, such as a call that may not return
or a `match` that may name every case, the answer is no.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator

import tree_sitter

from infill.syntax.tree import node_text


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Functions in functions, and classes: what returns in them is not the outer function.
_NESTED = _names(
    "function_definition class_definition lambda function_declaration generator_function_declaration"
    " function_expression arrow_function method_definition func_literal lambda_expression class_body"
    " closure_expression function_item async_block impl_item"
)
_ENDS = _names(
    "return_statement raise_statement throw_statement goto_statement continue_statement break_statement"
    " fallthrough_statement yield_statement"
)
_BLOCKS = frozenset({"block", "statement_block", "statement_list", "else_clause", "switch_rule"})
_LOOPS = frozenset({"while_statement", "do_statement", "for_statement", "for_in_statement", "enhanced_for_statement"})
_GO_SWITCHES = frozenset({"expression_switch_statement", "type_switch_statement", "select_statement"})
_SWITCHES = _GO_SWITCHES | {"switch_statement", "switch_expression"}
_CASES = _names(
    "expression_case type_case communication_case default_case switch_case switch_default"
    " switch_block_statement_group switch_rule case_clause"
)
_FALL_THROUGH = frozenset({"switch_case", "switch_default", "switch_block_statement_group"})
_NO_STATEMENTS = frozenset({"comment", "line_comment", "block_comment", "switch_label"})
_CALLS = frozenset({"call", "call_expression", "method_invocation"})
_NO_WAY_BACK = re.compile(
    "exit|abort|fail|die|quit|skip|panic|throw|raise|unwind|never|unreach|unsupported|not_?impl|fatal|error|exec"
    "|redirect|not_?found|forever",
    re.IGNORECASE,
)
_ALWAYS = frozenset({"true", "True", "1", "!false", "notFalse"})
_ENDLESS_ITERATOR = re.compile(r"(?:\w+\.)?(?:count|cycle|repeat)\(|iter\(")


def completes(node: tree_sitter.Node) -> bool:
    """Whether a statement, or all of a block, surely can come to its end."""
    if node.type in _ENDS:
        return False
    if node.type in _BLOCKS:
        return all(map(completes, statements(node)))
    if node.type in _LOOPS:
        return not _is_endless(node) or _has_break(node)
    if node.type in _SWITCHES or node.type == "match_statement":
        return _switch_completes(node)
    handler = _OTHERS.get(node.type)
    return handler(node) if handler else True


def statements(node: tree_sitter.Node) -> list[tree_sitter.Node]:
    """Return the statements directly in a block or a case, without comments."""
    found: list[tree_sitter.Node] = []
    for i, child in enumerate(node.children):
        if child.type == "statement_list":  # Go has one more node between the braces
            found += statements(child)
        elif child.is_named and child.type not in _NO_STATEMENTS and node.field_name_for_child(i) != "value":
            found.append(child)
    return found


def own_nodes(
    node: tree_sitter.Node, types: Collection[str], closed: Collection[str] = ()
) -> Iterator[tree_sitter.Node]:
    """Yield the nodes of `types` inside one, but not those inside functions and classes in it, nor inside `closed`."""
    stack = list(node.children)
    while stack:
        inner = stack.pop()
        if inner.type in types:
            yield inner
        if inner.type not in _NESTED and inner.type not in closed:
            stack.extend(inner.children)


def may_not_come_back(name: str) -> bool:
    """Whether a function of this name may end the program or always raise, such as `exit` or `self.fail`."""
    words = re.findall(r"\w+", name)
    return bool(words) and _NO_WAY_BACK.search(words[-1]) is not None


def _call_completes(node: tree_sitter.Node) -> bool:
    inner = node
    while inner.named_children and inner.type in ("expression_statement", "await", "await_expression"):
        inner = inner.named_children[0]
    called = inner.child_by_field_name("function") or inner.child_by_field_name("name")
    return inner.type not in _CALLS or called is None or not may_not_come_back(node_text(called))


def _assert_completes(node: tree_sitter.Node) -> bool:
    return not node.named_children or node_text(node.named_children[0]) not in ("False", "0", "false")


def _if_completes(node: tree_sitter.Node) -> bool:
    others = node.children_by_field_name("alternative")
    if not others or others[-1].type == "elif_clause":
        return True
    parts = [node, *(o for o in others if o.type == "elif_clause")]
    return any(map(completes, [*_fields(parts, "consequence"), others[-1]]))


def _body_completes(node: tree_sitter.Node) -> bool:
    return all(map(completes, _fields([node], "body")))


def _try_completes(node: tree_sitter.Node) -> bool:
    whole, handled = True, False
    for child in node.named_children:
        block = child if child.type in _BLOCKS else next(iter(child.named_children[::-1]), None)
        if child.type == "finally_clause" and block is not None and not completes(block):
            return False
        if child.type in _BLOCKS:  # what is tried, and what follows where nothing was raised
            whole = whole and completes(child)
        elif child.type in ("except_clause", "except_group_clause", "catch_clause"):
            handled = handled or block is None or completes(block)
    return whole or handled


def _labeled_completes(node: tree_sitter.Node) -> bool:
    label, inner = node.named_children[0], node.named_children[-1]
    breaks = own_nodes(inner, ("break_statement",))
    return completes(inner) or any(b.named_children and b.named_children[0].text == label.text for b in breaks)


def _is_endless(node: tree_sitter.Node) -> bool:
    """Whether only a break, a return or an error ends a loop."""
    if (iterated := node.child_by_field_name("right")) is not None:
        return _ENDLESS_ITERATOR.match(node_text(iterated)) is not None
    clause = next((child for child in node.named_children if child.type in ("for_clause", "range_clause")), node)
    if clause.type == "range_clause":
        return False
    condition = clause.child_by_field_name("condition")
    if condition is not None:
        return condition.type == "empty_statement" or re.sub(r"[\s();]", "", node_text(condition)) in _ALWAYS
    bare = (  # Go's condition has no field
        child.is_named and clause.field_name_for_child(i) is None and child.type not in _NO_STATEMENTS
        for i, child in enumerate(clause.children)
    )
    return node.type == "for_statement" and (clause is not node or not any(bare))


def _has_break(node: tree_sitter.Node) -> bool:
    """Whether a break ends this loop or switch. One with a label ends what has the label."""
    breaks = own_nodes(node, ("break_statement",), _LOOPS | _SWITCHES)
    return any(not b.named_children for b in breaks)


def _switch_completes(node: tree_sitter.Node) -> bool:
    cases = list(own_nodes(node, _CASES, _CASES))[::-1]
    if node.type != "match_statement" and _has_break(node):
        return True
    falls = bool(cases) and all(case.type in _FALL_THROUGH for case in cases)
    # what falls through comes to the case below it
    if any(all(map(completes, _case_statements(case))) for case in (cases[-1:] if falls else cases)):
        return True
    if node.type == "select_statement" or any(map(_is_default, cases)):
        return False
    if node.type in _GO_SWITCHES:
        return True
    patterns = own_nodes(node, ("pattern", "guard"))
    return node.type == "switch_expression" and not any(True for _ in patterns)  # with patterns it names every case


def _case_statements(case: tree_sitter.Node) -> list[tree_sitter.Node]:
    inner = case.child_by_field_name("consequence")
    if inner is not None:  # Python
        return [inner]
    if case.type in ("switch_case", "switch_default"):
        return case.children_by_field_name("body")
    if case.type.endswith("_case"):
        return [child for child in case.named_children if child.type == "statement_list"]
    return statements(case)


def _is_default(case: tree_sitter.Node) -> bool:
    head = node_text(case).lstrip()
    return re.match(r"default\b|case\s+_\s*:|case\s+null\s*,\s*default\b", head) is not None


def _fields(nodes: Iterable[tree_sitter.Node], name: str) -> list[tree_sitter.Node]:
    return [found for node in nodes for found in node.children_by_field_name(name)]


_OTHERS: dict[str, Callable[[tree_sitter.Node], bool]] = {
    "expression_statement": _call_completes,
    "assert_statement": _assert_completes,
    "if_statement": _if_completes,
    "with_statement": _body_completes,
    "synchronized_statement": _body_completes,
    "try_statement": _try_completes,
    "try_with_resources_statement": _try_completes,
    "labeled_statement": _labeled_completes,
}
