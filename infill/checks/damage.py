"""Checks that find a rewrite which makes right code worse, however probable the model finds it.

A rewrite must keep what other code relies on: names that are used elsewhere, kinds of strings, documentation.
Each check gives its reason as a text for the user.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from infill.syntax.bindings import assigned_names, defined_names
from infill.syntax.tree import Syntax, ancestors, node_text
from infill.types import Span

_WORD = re.compile(r"[^\W\d_]{2,}", re.UNICODE)
_PREFIX = re.compile(r"[A-Za-z]*")
_AROUND_STRINGS = frozenset({"concatenated_string", "parenthesized_expression", "string"})
_LEAST_WORDS = 0.8  # least share of the words of documentation that a new one must have


def damage(before: Syntax, span: Span, text: str, instruction: str | None = None) -> str | None:
    """Return a description of what is worse with `text` in place of `span`; None where nothing is.

    An `instruction` permits more: a name that it mentions may go, and strings and documentation may change.
    """
    after = before.edited(span, text)
    filled = Span(span.start, span.start + len(text))
    defined, mentioned = defined_names(after, filled), _mentioned(instruction)
    if lost := defined_names(before, span) - defined - mentioned:
        return f"{min(lost)} is no longer defined"
    unset = assigned_names(before, span) - assigned_names(after, filled) - defined - mentioned
    if used := {name for name in unset if _is_used(after, filled, name)}:
        return f"{min(used)} is used elsewhere and is no longer assigned"
    checks: tuple[Callable[[Syntax, Span, Syntax, Span], str | None], ...] = (_kinds, _documentation)
    reasons = (check(before, span, after, filled) for check in (checks if instruction is None else ()))
    return next((reason for reason in reasons if reason), None) or _repetition(before.text[span.start : span.end], text)


def _mentioned(instruction: str | None) -> set[str]:
    return set(re.findall(r"\w+", instruction or ""))


def _is_used(syntax: Syntax, but: Span, name: str) -> bool:
    """Whether a name occurs in the code of a text outside a span."""
    pattern = re.compile(rf"(?<![\w]){re.escape(name)}(?![\w])")
    prose = syntax.language.comment_types | syntax.language.string_types
    for match in pattern.finditer(syntax.text):
        if but.start <= match.start() < but.end:
            continue
        if not any(n.type in prose for n in ancestors(syntax.node_over(Span(*match.span())))):
            return True
    return False


def _kinds(before: Syntax, span: Span, after: Syntax, filled: Span) -> str | None:
    """Return the complaint that strings change their kind (plain, formatted, raw, bytes, regex), or None."""
    missing = _literals(before, span) - _literals(after, filled)
    return f"a {min(missing)} became something else" if missing else None


def _literals(syntax: Syntax, span: Span) -> Counter[str]:
    """Count the strings of each kind that a span touches."""
    found: Counter[str] = Counter()
    for node in syntax.nodes_in(span):
        if node.type in syntax.language.string_types:
            prefix = "".join(sorted(_PREFIX.match(node_text(node))[0].lower()))  # type: ignore[index]  # matches always
            kind = node.type.replace("_", " ")
            found[f"{kind} with the prefix {prefix}" if prefix else kind] += 1
    return found


def _documentation(before: Syntax, span: Span, after: Syntax, filled: Span) -> str | None:
    """Return the complaint that documentation or comments become shorter, or None."""
    old, new = _prose_words(before, span), _prose_words(after, filled)
    return "its documentation would say less" if new < old * _LEAST_WORDS else None


def _prose_words(syntax: Syntax, span: Span) -> int:
    """Count the words in a span that are in comments, or in strings that are statements."""
    language, total = syntax.language, 0
    for node in syntax.nodes_in(span):
        parent = next((n for n in ancestors(node) if n != node and n.type not in _AROUND_STRINGS), None)
        is_statement = parent is not None and parent.type == language.expression_statement
        if node.type in language.comment_types or (is_statement and node.type in language.string_types):
            own = syntax.span_of(node)
            total += len(set(_WORD.findall(syntax.text[max(own.start, span.start) : min(own.end, span.end)].lower())))
    return total


def _repetition(old_text: str, text: str) -> str | None:
    """Return the complaint that words are repeated at once which the old text does not repeat, or None."""
    found, known = _repeated(text), _repeated(old_text)
    return f'it repeats "{min(found - known)}"' if found - known else None


def _repeated(text: str) -> set[str]:
    """Return the runs of one to four words or signs that occur twice in a row."""
    tokens = re.findall(r"\w+|[^\w\s]", text)
    found: set[str] = set()
    for n in (1, 2, 3, 4):
        for i in range(len(tokens) - 2 * n + 1):
            run = tokens[i : i + n]
            if run == tokens[i + n : i + 2 * n] and any(token.isidentifier() for token in run):
                found.add(" ".join(run))
    return found
