"""Whether an answer does what its instruction says, and whether it makes the code worse: decided by code alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, get_args

import tree_sitter

from infill.bench.hole_sampling import parses
from infill.bench.instruct.tasks import ALREADY, Placed
from infill.bench.sandbox import passes
from infill.syntax.bindings import assigned_names, defined_names
from infill.syntax.function_syntax import function_syntax
from infill.syntax.languages import by_id
from infill.syntax.tree import Syntax, ancestors, node_text, parse
from infill.types import Span

Verdict = Literal[
    "done",
    "unchanged",  # or refused; for what is done already, this is right
    "harmless",  # changed, not as asked, and nothing is lost
    "breaks the parse",
    "changes outside the selection",
    "loses a name used outside",
    "loses what must stay",
    "fails a test that passed",
]
WORSE: tuple[Verdict, ...] = get_args(Verdict)[3:]

_STRINGS = {"string", "template_string", "interpreted_string_literal", "raw_string_literal", "string_literal"}
_SINGLE = re.compile(r"^([A-Za-z]*)'([^'\"\\\n]*)'$")
_QUOTED = {"python", "typescript"}  # where both quotes mean the same


def verdict(placed: Placed, text: str | None) -> Verdict:
    """Judge the whole new text of the file; None stands for a refusal."""
    if text is None or text == placed.text:
        return "unchanged"
    before, span = placed.text[: placed.selection.start], placed.selection
    after = placed.text[span.end :]
    if not (text.startswith(before) and text.endswith(after) and len(text) >= len(before) + len(after)):
        return "changes outside the selection"
    old, new = _syntax(placed.language, placed.text), _syntax(placed.language, text)
    if len(new.problems) > len(old.problems) or (placed.language == "python" and not parses(text)):
        return "breaks the parse"
    region = Span(len(before), len(text) - len(after))
    written = normalised(new, region)
    if normalised(old, span) == written and comments(old, span) == comments(new, region):
        return "unchanged"
    if _lost(placed, old, new, region):
        return "loses a name used outside"
    if not _has_all(placed.task.keep, written):
        return "loses what must stay"
    if placed.still and not passes(f"{text}\n{placed.still}")[0]:
        return "fails a test that passed"
    return "done" if is_made(placed, text, new, region) else "harmless"


def is_right(placed: Placed, found: Verdict) -> bool:
    """Whether the verdict is what was asked for: the change, or none where it is made already."""
    return found == ("unchanged" if placed.task.kind == ALREADY else "done")


def normalised(syntax: Syntax, span: Span) -> str:
    """Return the code of a span as one text that does not depend on its layout.

    Blanks are only between words, comments are left out, as are commas before a closing bracket and the semicolons of
    TypeScript; strings without an inner quote are in double quotes where both quotes mean the same.
    """
    pieces: list[str] = []
    for node in _leaves(syntax, span):
        text = node_text(node)
        if not text.strip():  # a line break is a token of Go
            continue
        if syntax.language.id in _QUOTED and node.type == "string":
            text = _SINGLE.sub(r'\1"\2"', text)
        if text == ";" and syntax.language.id == "typescript":
            continue
        if text in (")", "]", "}") and pieces and pieces[-1] == ",":
            pieces.pop()
        if pieces and re.match(r"\w", text) and re.search(r"\w$", pieces[-1]):
            pieces.append(" ")
        pieces.append(text)
    return "".join(pieces)


def comments(syntax: Syntax, span: Span) -> list[str]:
    """Return the comments of a span."""
    nodes = syntax.nodes_in(span)
    return [node_text(node).strip() for node in nodes if node.type in syntax.language.comment_types]


def _leaves(syntax: Syntax, span: Span) -> Iterator[tree_sitter.Node]:
    """Yield what the code of a span consists of: tokens, and strings as a whole."""
    within: int = -1  # the end of the last string
    for node in syntax.nodes_in(span, syntax.language.comment_types):
        if node.start_byte < within:
            continue
        if node.type in _STRINGS:
            within = node.end_byte
            yield node
        elif not node.children:
            yield node


def is_made(placed: Placed, text: str, syntax: Syntax, region: Span) -> bool:
    """Whether the new text has the change that was asked for."""
    task, written = placed.task, normalised(syntax, region)
    return (
        task.kind != ALREADY
        and _has_all(task.must, written)
        and not any(re.search(pattern, written) for pattern in task.must_not)
        and _has_all(task.says, "\n".join(comments(syntax, region)))
        and all(has_node(syntax, region, query) for query in task.nodes)
        and not any(has_node(syntax, region, query) for query in task.no_nodes)
        and (not task.test or passes(f"{text}\n{task.test}")[0])
    )


def has_node(syntax: Syntax, span: Span, query: str) -> bool:
    """Whether the tree-sitter query, which may leave out its capture, matches a node within the span."""
    asked = tree_sitter.Query(syntax.tree.language, query if "@" in query else f"{query} @it")
    captured = tree_sitter.QueryCursor(asked).captures(syntax.root)
    first, last = syntax.byte_offset(span.start), syntax.byte_offset(span.end)
    return any(first <= node.start_byte and node.end_byte <= last for nodes in captured.values() for node in nodes)


def _has_all(patterns: Iterable[str], written: str) -> bool:
    return all(re.search(pattern, written) for pattern in patterns)


def _lost(placed: Placed, old: Syntax, new: Syntax, region: Span) -> set[str]:
    """Return the names that only the selection gave a meaning, that are used around it, and that have none now.

    Around is the function that the selection is in; outside of any, the file.
    """
    span, scope = placed.selection, _scope(old, placed.selection)
    around = [Span(scope.start, span.start), Span(span.end, scope.end)]
    used = {word for part in around for word in re.findall(r"\w+", old.text[part.start : part.end])}
    elsewhere = {name for part in around for name in _bound(old, part)}
    return ((_bound(old, span) & used) - elsewhere) - _bound(new, region) - set(placed.task.may_lose)


def _scope(syntax: Syntax, span: Span) -> Span:
    """Return the innermost function that holds more than the span, or the whole text."""
    types = function_syntax(syntax.language).function_types
    for node in ancestors(syntax.node_over(span)):
        found = syntax.span_of(node)
        if node.type in types and found.start < span.start and span.end < found.end + 1:
            return found
    return Span(0, len(syntax.text))


def _bound(syntax: Syntax, span: Span) -> set[str]:
    """Return the names that a span defines or assigns, without those inside whole functions, and without attributes."""
    types = function_syntax(syntax.language).function_types
    inner = [syntax.span_of(n) for n in syntax.nodes_in(span) if n.type in types]
    code, at = "", span.start
    for part in sorted((p for p in inner if span.start <= p.start and p.end <= span.end), key=lambda p: p.start):
        code, at = code + syntax.text[at : part.start], max(at, part.end)
    code += syntax.text[at : span.end]
    assigned = assigned_names(syntax, span)
    return defined_names(syntax, span) | {n for n in assigned if re.search(rf"(?<![.\w]){re.escape(n)}\b", code)}


def _syntax(language: str, text: str) -> Syntax:
    row = by_id(language)
    assert row is not None
    return parse(row, text)
