"""Where each kind of fault can be planted in a text, found in its tree: nothing else of the text is changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import msgspec
import tree_sitter

from infill.bench.fix.messages import WRONG_WORDS, Kind
from infill.syntax.tree import Syntax, ancestors, node_text
from infill.types import Span

_OPENING = {")": "(", "]": "["}
_STRINGS = {"string", "interpreted_string_literal", "string_literal"}
_BLOCKS = {"block", "statement_block"}
_CONDITIONS = {"if_statement", "while_statement", "if_expression", "while_expression", "elif_clause"}
_CALLS = {"argument_list", "arguments"}
_COMPARISONS = {"comparison_operator", "binary_expression"}
_IMPORTS = {"import_statement", "import_from_statement", "import_spec", "use_declaration"}
_MEMBERS = {"attribute", "member_expression", "selector_expression", "field_expression"}
_DEFINING = {"name", "left", "pattern", "alias", "parameters", "key", "label"}  # fields whose names are not uses
_NO_USES = {"parameters", "formal_parameters", "parameter_list", "dotted_name", "keyword_argument", "global_statement",
            "lifetime", "use_declaration", "import_clause", "import_specifier", "named_imports"}  # fmt: skip
LEAST_NAME = 5  # letters of a name that is misspelt


class Place(msgspec.Struct, frozen=True):
    """One way to plant a fault: `span` is replaced by `new`. The diagnostic is about `at`, all in the right text."""

    span: Span
    new: str
    at: Span
    name: str = ""  # in question, as it is written in the broken text
    right: str = ""  # as it was
    mark: str = ""  # the bracket


def places(syntax: Syntax, kind: Kind) -> list[Place]:
    """Return every place where a fault of this kind can be planted; whether it is one there, is for the caller."""
    return list(_FINDERS[kind](syntax))


def _leaves(syntax: Syntax) -> Iterator[tree_sitter.Node]:
    for node in syntax.nodes_in(Span(0, len(syntax.text)), syntax.language.comment_types):
        if not node.children and node.end_byte > node.start_byte:
            yield node


def _is_short(node: tree_sitter.Node | None) -> bool:
    return node is not None and node.start_point.row == node.end_point.row


def _brackets(syntax: Syntax) -> Iterator[tuple[tree_sitter.Node, tree_sitter.Node]]:
    """Yield closing brackets with their opening ones, where both are in one line."""
    for node in _leaves(syntax):
        if node.type in _OPENING and _is_short(node.parent) and node.parent is not None:
            opening = next((c for c in node.parent.children if c.type == _OPENING[node.type]), None)
            if opening is not None:
                yield node, opening


def _missing_bracket(syntax: Syntax) -> Iterator[Place]:
    for node, opening in _brackets(syntax):
        yield Place(syntax.span_of(node), "", syntax.span_of(opening), mark=node.type)


def _extra_bracket(syntax: Syntax) -> Iterator[Place]:
    for node, _ in _brackets(syntax):
        end = syntax.span_of(node).end
        yield Place(Span(end, end), node.type, Span(end, end), mark=node.type)


def _missing_comma(syntax: Syntax) -> Iterator[Place]:
    for node in _leaves(syntax):
        parent = node.parent
        following = node.next_sibling
        if node.type != "," or parent is None or following is None or not following.is_named:
            continue
        if parent.type in _CALLS and _is_short(parent):
            yield Place(syntax.span_of(node), "", syntax.span_of(parent.children[0]))


def _missing_quote(syntax: Syntax) -> Iterator[Place]:
    for node in syntax.nodes_in(Span(0, len(syntax.text))):
        if node.type in _STRINGS and _is_short(node) and re.fullmatch(r"\w*([\"'])[^\"'\\]+\1", node_text(node)):
            span = syntax.span_of(node)
            yield Place(Span(span.end - 1, span.end), "", span)


def _missing_colon(syntax: Syntax) -> Iterator[Place]:
    for node in _leaves(syntax):
        following = node.next_sibling
        if node.type == ":" and following is not None and following.type == "block" and not _same_row(node, following):
            span = syntax.span_of(node)
            yield Place(span, "", Span(span.start, span.start))


def _missing_brace(syntax: Syntax) -> Iterator[Place]:
    for node in _leaves(syntax):
        parent = node.parent
        if node.type == "{" and parent is not None and parent.type in _BLOCKS and not _is_short(parent):
            span = syntax.span_of(node)
            start = len(syntax.text[: span.start].rstrip(" "))
            if start > syntax.line(span.start).start:  # else it stands alone
                yield Place(Span(start, span.end), "", Span(start, start))


def _same_row(one: tree_sitter.Node, other: tree_sitter.Node) -> bool:
    return one.end_point.row == other.start_point.row


def _wrong_word(syntax: Syntax) -> Iterator[Place]:
    words = WRONG_WORDS[syntax.language.id]
    for node in _leaves(syntax):
        right = node_text(node)
        if right in words and (not node.is_named or node.type in ("none", "null", "true", "false", "nil")):
            span = syntax.span_of(node)
            yield Place(span, words[right], span, name=words[right], right=right)


def _wrong_indentation(syntax: Syntax) -> Iterator[Place]:
    for node in syntax.nodes_in(Span(0, len(syntax.text))):
        earlier = node.prev_sibling
        if node.parent is not None and node.parent.type == "block" and earlier is not None and _is_short(node):
            line = syntax.line(syntax.span_of(node).start)
            if earlier.is_named and not _same_row(earlier, node):
                yield Place(Span(line.start, line.start), "  ", syntax.span_of(node))


def _assigns(syntax: Syntax) -> Iterator[Place]:
    for node in _leaves(syntax):
        parent = node.parent
        if node_text(node) not in ("==", "===") or parent is None or parent.type not in _COMPARISONS:
            continue
        if _is_short(parent) and any(up.type in _CONDITIONS for up in list(ancestors(parent))[1:3]):
            yield Place(syntax.span_of(node), "=", syntax.span_of(parent))


def _missing_return(syntax: Syntax) -> Iterator[Place]:
    for node in syntax.nodes_in(Span(0, len(syntax.text))):
        if node.type == "return_statement" and _is_short(node) and node.named_child_count == 1:
            value = node.named_children[0]
            if value.type not in ("call", "call_expression", "await", "await_expression", "string"):
                start, at = syntax.span_of(node).start, syntax.span_of(value)
                yield Place(Span(start, at.start), "", at, name=node_text(value))


def _uses(syntax: Syntax) -> Iterator[tree_sitter.Node]:
    """Yield names that are used, and that are neither defined there nor attributes."""
    for node in _leaves(syntax):
        if node.type == "identifier" and node.parent is not None and not _is_defining(node):
            yield node


def _is_defining(node: tree_sitter.Node) -> bool:
    for up in list(ancestors(node))[1:4]:
        if up.type in _NO_USES:
            return True
    parent = node.parent
    assert parent is not None
    of_pair = parent.parent if parent.type == "literal_element" else None
    if of_pair is not None and of_pair.type == "keyed_element" and of_pair.children[0] == parent:
        return True  # the name of a field in Go
    return _gets_a_value(node) or (parent.type in _MEMBERS and parent.children[0] != node)


def _gets_a_value(node: tree_sitter.Node) -> bool:
    """Whether the node is what its parent defines or assigns."""
    parent = node.parent
    assert parent is not None
    if parent.type in _COMPARISONS or "binary" in parent.type or "boolean" in parent.type:
        return False  # these have a left side, too
    fields = (parent.field_name_for_child(i) for i, child in enumerate(parent.children) if child == node)
    return any(field in _DEFINING for field in fields)


def _misspelt(syntax: Syntax) -> Iterator[Place]:
    words = set(re.findall(r"\w+", syntax.text))
    for node in _uses(syntax):
        right = node_text(node)
        if len(right) < LEAST_NAME or not right.isascii() or right.isupper():
            continue
        i = len(right) // 2
        name = right[: i - 1] + right[i] + right[i - 1] + right[i + 1 :]
        if name not in words and len(re.findall(rf"\b{right}\b", syntax.text)) > 1:
            yield Place(syntax.span_of(node), name, syntax.span_of(node), name=name, right=right)


def _undefined(syntax: Syntax) -> Iterator[Place]:
    """Where the object in front of a name goes: of `self.name`, or in Go of `fmt.Errorf`, only the name stays."""
    bare = set(re.findall(r"(?<![\w.])[^\W\d]\w*", syntax.text))
    for node in syntax.nodes_in(Span(0, len(syntax.text))):
        if node.type in _MEMBERS and len(node.named_children) == 2 and _is_short(node) and not _gets_a_value(node):
            first, last = node.named_children
            of_package = syntax.language.id == "go" and first.type == "identifier" and node_text(last)[0].isupper()
            if (node_text(first) in ("self", "this") or of_package) and _is_new(node_text(last), bare):
                name, span = node_text(last), syntax.span_of(node)
                yield Place(Span(span.start, syntax.span_of(last).start), "", syntax.span_of(last), name=name)


def _is_new(name: str, known: set[str]) -> bool:
    return name.isidentifier() and name not in known and not name.startswith("__")


def _missing_import(syntax: Syntax) -> Iterator[Place]:
    """Where an import of one name stands in a line of its own, and the name is used."""
    uses = {node_text(node): node for node in reversed(list(_uses(syntax)))}
    for node in syntax.nodes_in(Span(0, len(syntax.text))):
        if node.type not in _IMPORTS or not _is_short(node) or node.parent is None:
            continue
        if node.parent.type in _BLOCKS:
            continue
        line = syntax.line(syntax.span_of(node).start)
        stated = re.split(r"\bfrom\s*[\"']", syntax.text[line.start : line.end])[0].rstrip("; }").rstrip("\"'")
        name = re.findall(r"\w+", stated)[-1] if re.search(r"\w$", stated) else ""
        if name in uses and "," not in stated and "*" not in stated:
            end = min(line.end + 1, len(syntax.text))
            yield Place(Span(line.start, end), "", syntax.span_of(uses[name]), name=name)


_FINDERS: dict[Kind, Callable[[Syntax], Iterator[Place]]] = {
    "missing bracket": _missing_bracket,
    "extra bracket": _extra_bracket,
    "missing comma": _missing_comma,
    "missing quote": _missing_quote,
    "missing colon": _missing_colon,
    "missing brace": _missing_brace,
    "wrong keyword": _wrong_word,
    "wrong indentation": _wrong_indentation,
    "= for ==": _assigns,
    "missing return": _missing_return,
    "misspelt name": _misspelt,
    "undefined name": _undefined,
    "missing import": _missing_import,
}
