"""Edits for a name that means nothing: a near name that does, the object in front of it, the word of this language."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import tree_sitter

from infill.fixes.edit import Edit
from infill.fixes.report import Report
from infill.fixes.words import OTHER_WORDS
from infill.syntax.function_syntax import function_syntax
from infill.syntax.tree import Syntax, ancestors, node_text
from infill.types import Span

_MEMBERS = frozenset({"attribute", "member_expression", "selector_expression", "field_expression", "scoped_identifier",
                      "field_access", "method_invocation"})  # fmt: skip
_OWNERS = {"python": "self", "rust": "self"}  # what an object calls itself; `this` elsewhere
_LEAST = 3  # letters of a name that may be misspelt
_SHORT = 5  # letters up to which only one may be wrong; of the least, they are only exchanged
_MOST_NEAR = 6
_MOST_PACKAGES = 8


def name_edits(syntax: Syntax, report: Report, others: Sequence[str] = ()) -> Iterator[Edit]:
    """Yield edits of the undefined name that a report is about; `others` are texts of other files of the project."""
    name = report.name(syntax)
    span = _place(syntax, report, name) if name else None
    if span is None:
        return
    right = OTHER_WORDS.get(syntax.language.id, {}).get(name)
    if right is not None:
        yield Edit(span, right, "word")
    if report.meant and report.meant != name:
        yield Edit(span, report.meant, "name")
    node = syntax.node_over(span)
    # Who writes a name several times hardly misspells it each time.
    is_repeated = len(re.findall(rf"(?<!\w){re.escape(name)}(?!\w)", syntax.text)) > 1
    most = 1 if is_repeated or len(name) <= _SHORT else 2
    if is_member(node):
        for near, doubt in _near(name, _members(syntax, name), most):
            yield Edit(span, near, "name", doubt)
        return
    for owner, doubt in _owners(syntax, node, name, others):
        yield Edit(Span(span.start, span.start), owner, "name", doubt)
    for near, doubt in _near(name, _in_scope(syntax, node, name), most):
        yield Edit(span, near, "name", doubt)


def _place(syntax: Syntax, report: Report, name: str) -> Span | None:
    """Return where the name is: at the report, else in its lines."""
    pattern = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    first, last = syntax.line(report.span.start), syntax.line(report.span.end)
    places = [Span(m.start(), m.end()) for m in pattern.finditer(syntax.text, first.start, last.end)]
    return min(places, key=lambda one: abs(one.start - report.span.start), default=None)


def is_member(node: tree_sitter.Node) -> bool:
    """Whether a name comes after a dot."""
    parent = node.parent
    return parent is not None and parent.type in _MEMBERS and parent.children[0] != node


def _names(syntax: Syntax) -> Iterator[tree_sitter.Node]:
    prose = syntax.language.comment_types
    for node in syntax.nodes_in(Span(0, len(syntax.text)), prose):
        if not node.children and "identifier" in node.type:
            yield node


def _members(syntax: Syntax, name: str) -> Counter[str]:
    """Return the names after dots, and those of functions in classes, with how often they occur."""
    found = Counter(node_text(node) for node in _names(syntax) if is_member(node))
    types = function_syntax(syntax.language).function_types
    for node in syntax.nodes_in(Span(0, len(syntax.text))):
        own = node.child_by_field_name("name") if node.type in types else None
        found.update([node_text(own)] if own is not None else [])
    del found[name]
    return found


def _in_scope(syntax: Syntax, node: tree_sitter.Node, name: str) -> Counter[str]:
    """Return the names of the text that may be meant: those of the functions around count more than others."""
    types = function_syntax(syntax.language).function_types
    around = [n for n in ancestors(node) if n.type in types]
    outer = around[-1] if around else syntax.root
    found: Counter[str] = Counter()
    for other in _names(syntax):
        if is_member(other) or node_text(other) == name:
            continue
        is_own = outer.start_byte <= other.start_byte < outer.end_byte
        owners = [n for n in ancestors(other) if n.type in types]
        if is_own or not owners or owners[-1].child_by_field_name("name") == other:
            found[node_text(other)] += 1 + 2 * is_own
    for word in syntax.language.builtins:
        found.setdefault(word, 1)
    return found


def _near(name: str, known: Counter[str], most: int) -> list[tuple[str, float]]:
    """Return the known names that differ in at most so many letters, with the doubt about each, best first."""
    if len(name) < _LEAST:
        return []
    alike = (o for o in known if len(name) > _LEAST or sorted(o.lower()) == sorted(name.lower()))
    near = [(distance(name, other, most), -known[other], other) for other in alike]
    near = sorted(each for each in near if each[0] <= most)
    return [(other, 3.0 * (d - near[0][0])) for d, _, other in near[:_MOST_NEAR]]


def _owners(syntax: Syntax, node: tree_sitter.Node, name: str, others: Sequence[str]) -> Iterator[tuple[str, float]]:
    """Yield what may be missing in front of a name, with its dot, and the doubt about it."""
    text, language = syntax.text, syntax.language.id
    if language == "go":
        yield from _go_owners(syntax, node, name, others)
        return
    owner = _OWNERS.get(language, "this")
    used = re.search(rf"(?<!\w){owner}\.{name}(?!\w)", text) is not None
    if (used or _defines_member(syntax, node, name)) and _knows(syntax, node, owner):
        yield f"{owner}.", 0.0
    before = rf"(?<![\w.])([^\W\d]\w*)(\.|::){name}(?!\w)"
    counts = Counter(m[1] + m[2] for m in re.finditer(before, text) if m[1] != owner)
    yield from ((found, 1.0) for found, _ in counts.most_common(2) if re.search(rf"\b{found[:-1].rstrip(':')}\b", text))


def _knows(syntax: Syntax, node: tree_sitter.Node, owner: str) -> bool:
    """Whether there is an object of this name there: a parameter, or any method where it needs none."""
    types = function_syntax(syntax.language).function_types
    headers = [n.child_by_field_name("parameters") for n in ancestors(node) if n.type in types]
    if owner == "this":
        return any(n.type in ("class_body", "class_declaration") for n in ancestors(node))
    return any(h is not None and re.search(rf"\b{owner}\b", node_text(h)) for h in headers)


def _defines_member(syntax: Syntax, node: tree_sitter.Node, name: str) -> bool:
    """Whether the class around has a member of the name."""
    classes = [n for n in ancestors(node) if re.match(r"class|impl|struct", n.type)]
    body = classes[0].child_by_field_name("body") if classes else None
    if body is None:
        return False
    named = (n.child_by_field_name("definition") or n for n in body.named_children)
    own = (n.child_by_field_name("name") for n in named)
    return any(n is not None and node_text(n) == name for n in own)


def _go_owners(syntax: Syntax, node: tree_sitter.Node, name: str, others: Sequence[str]) -> Iterator[tuple[str, float]]:
    """Yield the receiver, and the packages that may have the name; what is used so elsewhere comes first."""
    method = next((n for n in ancestors(node) if n.type == "method_declaration"), None)
    receiver = method.child_by_field_name("receiver") if method is not None else None
    word = re.search(r"[^\W\d]\w*", node_text(receiver)) if receiver is not None else None
    if word is not None and re.search(rf"\.{name}\b|^\s+{name}\s", syntax.text, re.MULTILINE):
        yield f"{word[0]}.", 1.0
    if not name[:1].isupper() or (node.parent is not None and node.parent.type in _MEMBERS):
        return
    packages = re.findall(r"^\s*(?:import\s+)?(?:\w+\s+)?\"(?:[^\"\n]*/)?([\w-]+)\"\s*$", syntax.text, re.MULTILINE)
    for package in packages[:_MOST_PACKAGES]:
        used = re.compile(rf"(?<![\w.]){re.escape(package)}\.{name}\b")
        is_used = any(used.search(text) for text in (syntax.text, *others))
        yield f"{package}.", 0.0 if is_used else 4.0


def distance(one: str, other: str, most: int) -> int:
    """Return how many letters are wrong, missing, too many or exchanged with their neighbour; `most` + 1 for more."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            least = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if earlier and i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                least = min(least, earlier[j - 2] + 1)
            row.append(least)
        if min(row) > most:
            return most + 1
    return row[-1]
