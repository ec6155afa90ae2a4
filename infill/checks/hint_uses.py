"""What the code does with a parameter, as far as it decides its type: `isinstance`, `is None`, literals in calls."""

from __future__ import annotations

from collections.abc import Iterator

import tree_sitter

from infill.syntax.python_code import literal_type
from infill.syntax.tree import Syntax, node_text
from infill.types import Span


def tested_types(syntax: Syntax, function: tree_sitter.Node, name: str) -> set[str]:
    """Return what the body compares the parameter with: names of classes in `isinstance`, `None` in `is None`."""
    body = function.child_by_field_name("body")
    found: set[str] = set()
    for node in syntax.nodes_in(syntax.span_of(body)) if body is not None else ():
        if node.type == "comparison_operator":
            words = [node_text(child) for child in node.children]
            if words[0] == name and words[-1] == "None" and words[1:-1] in (["is"], ["is not"], ["is", "not"]):
                found.add("None")
        elif node.type == "call" and node_text(node).startswith(f"isinstance({name},"):
            arguments = node.child_by_field_name("arguments")
            given = [] if arguments is None else arguments.named_children
            classes = given[1].named_children if len(given) == 2 and given[1].type == "tuple" else given[1:2]
            found |= {node_text(one) for one in classes}
    return found


def literals_passed(syntax: Syntax, function: tree_sitter.Node, name: str) -> Iterator[tree_sitter.Node]:
    """Yield the literals that calls of the function in the same text give to the parameter."""
    own, parameters = function.child_by_field_name("name"), function.child_by_field_name("parameters")
    if own is None or parameters is None:
        return
    names = [node_text(p).partition(":")[0].partition("=")[0].strip() for p in parameters.named_children]
    is_method, called = names[:1] in (["self"], ["cls"]), node_text(own)
    if "*" in "".join(names) or name not in names or called.startswith("__"):
        return
    at = names.index(name) - is_method
    for node in syntax.nodes_in(Span(0, len(syntax.text))):
        arguments = node.child_by_field_name("arguments") if node.type == "call" else None
        target = node.child_by_field_name("function") if arguments is not None else None
        if arguments is None or target is None or not _is_call_of(target, called, is_method):
            continue
        values = [child for child in arguments.named_children if child.type != "comment"]
        positional = [v for v in values if v.type != "keyword_argument"]
        keyword = (v.child_by_field_name("value") for v in values if node_text(v).startswith(f"{name}="))
        given = next(keyword, positional[at] if at < len(positional) else None)
        if given is not None and literal_type(given) is not None:
            yield given


def _is_call_of(target: tree_sitter.Node, name: str, is_method: bool) -> bool:
    """Whether it is called as a function of the module, or as a method of an object's own."""
    return node_text(target) in ((f"self.{name}", f"cls.{name}") if is_method else (name,))
