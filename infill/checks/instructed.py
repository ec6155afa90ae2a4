"""Whether a change may be what an instruction asks for: not nothing, not more than that, and nothing lost.

Each check gives its reason as a text for the user. That a change parses is checked elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from infill.checks.code_tokens import names, new_free_names
from infill.checks.instruction_kinds import Change, Kind, kinds_of
from infill.checks.members import unknown_members
from infill.checks.names_outside import names_lost
from infill.checks.preservation import loses_code
from infill.syntax.bindings import defined_names
from infill.syntax.language_table import keywords
from infill.syntax.tree import Syntax
from infill.types import Span

_REMOVES = re.compile(r"\b(?:remove|delete|drop|without|get rid|strip|inline|simplif\w*|clean)\b", re.IGNORECASE)
_REPLACES = re.compile(r"\b(?:replace|instead|convert|turn|switch|use|using|rewrite|refactor|merge)\b", re.IGNORECASE)
_ADDS_DEFINITION = re.compile(
    r"\b(?:function|method|class|helper|extract|split|test|property|constructor)", re.IGNORECASE
)
_HANDLES = re.compile(r"error|exception|\bcatch|\btry\b|except|fail|handl|safe", re.IGNORECASE)
_EXITS = frozenset({"return", "raise", "throw", "yield", "await"})
_RESTRUCTURED = frozenset({"if", "else", "elif", "not", "and", "or", "=", ":=", "let", "const", "var"})
_LITERAL = re.compile(r"[\d\"'`]|[a-zA-Z]{1,2}[\"']")
_LEAST_KEPT = 0.6  # of the names of the code, where nothing is said of removing any
_LEAST_ADDED = 8  # lines that any change may add
_ALIKE = 0.8  # `SequenceMatcher.ratio` from which a line is one of a neighbour's
_LEAST_ALIKE = 3  # lines
# Words that look like code: in quotes, with a capital, digit, dot or underscore inside.
_QUOTED = re.compile(r"`([^`\n]+)`")
_CODE_WORD = re.compile(r"\b(?:[a-z]+[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*|[a-z]\w*_\w+|[A-Z][A-Z0-9]+_\w+)\b")
_KEYWORD = re.compile(r"\b(?:async|await|const|defer|final|lambda|mut|readonly|static|unsafe|volatile|yield)\b")
_GOES = re.compile(
    r"\b(?:instead of|rather than|not|no|without|remove|replace|drop|delete|rename)\s+(?:the\s+)?$", re.I
)


def objection(before: Syntax, span: Span, text: str, instruction: str, frozen: Sequence[Span] = ()) -> str | None:
    """Return why `text` in place of a span surely is not what the instruction asks for; None where nothing says so."""
    after = before.edited(span, text)
    change = Change(before, span, after, Span(span.start, span.start + len(text)), instruction)
    kinds = kinds_of(instruction)
    checks = (
        _nothing,
        _lost_names,
        _lost_exits,
        _new_definitions,
        _new_handlers,
        _unknown_names,
        _neighbours,
        _asked_words,
    )
    reasons = (check(change) for check in checks)
    return (
        _melted(change, frozen)
        or _too_long(change, kinds)
        or next((reason for reason in reasons if reason), None)
        or _kept(change, kinds)
        or _unmet(change, kinds)
        or _last_return(change)
    )


def most_lines(n_old: int, kinds: list[Kind]) -> int:
    """Return how many lines a change of `n_old` lines may have at most."""
    added = [max(_LEAST_ADDED, n_old) if kind.most_added is None else kind.most_added for kind in kinds]
    return n_old + (sum(added) if kinds else max(_LEAST_ADDED, n_old))


def _nothing(change: Change) -> str | None:
    """Nothing is changed, or only blanks are."""
    same = change.new.split() == change.old.split() and not re.search(
        r"indent|format|whitespace", change.instruction, re.I
    )
    return "nothing is changed" if same else None


def _melted(change: Change, frozen: Iterable[Span]) -> str | None:
    """What is frozen is no longer there, character for character and in order."""
    at = 0
    for span in frozen:
        kept = change.before.text[span.start : span.end]
        found = change.new.find(kept, at)
        if found < 0:
            return "what must stay as it is would change"
        at = found + len(kept)
    return None


def _too_long(change: Change, kinds: list[Kind]) -> str | None:
    """More lines are added than such an instruction asks for."""
    n_old, n_new = change.old.count("\n") + 1, change.new.count("\n") + 1
    if n_new > most_lines(n_old, kinds):
        return f"{n_new - n_old} lines are added, which is more than was asked for"
    return None


def _lost_names(change: Change) -> str | None:
    """A name is gone that is used outside of the selection, or a definition."""
    if lost := names_lost(change.before, change.span, change.after, change.filled):
        return f"{min(lost)} is used outside of the selection and is no longer defined"
    mentioned = set(re.findall(r"\w+", change.instruction))
    if lost := defined_names(change.before, change.span) - defined_names(change.after, change.filled) - mentioned:
        return f"{min(lost)} is no longer defined"
    return "there would be no code left" if _loses_all(change) else None


def _loses_all(change: Change) -> bool:
    return not change.tokens()[1] and loses_code(change.before, change.span, change.new)


def _lost_exits(change: Change) -> str | None:
    """No `return`, `raise` or the like is left where there was one."""
    if _REMOVES.search(change.instruction):
        return None
    before, after = change.tokens()
    if "await" in after and "await" not in before:
        return None  # what was returned may be awaited here
    if lost := (set(before) & _EXITS) - set(after) - set(re.findall(r"\w+", change.instruction)):
        return f"{min(lost)} is lost"
    return None


def _last_return(change: Change) -> str | None:
    """The code no longer ends by returning something."""
    if _REMOVES.search(change.instruction) or re.search(r"\breturn\b", change.instruction):
        return None
    last_old, last_new = (text.rstrip().rpartition("\n")[2].split() for text in (change.old, change.new))
    if last_old[:1] == ["return"] and "return" not in last_new and len(change.new.split("\n")) > 1:
        return "it no longer ends by returning something"
    return None


def _new_definitions(change: Change) -> str | None:
    """A function or a type is there that nobody asked for."""
    if _ADDS_DEFINITION.search(change.instruction):
        return None
    mentioned = set(re.findall(r"\w+", change.instruction))
    new = defined_names(change.after, change.filled) - defined_names(change.before, change.span) - mentioned
    return f"{min(new)} is defined without being asked for" if new else None


def _new_handlers(change: Change) -> str | None:
    """Errors are caught that nobody spoke of: they would be hidden."""
    if _HANDLES.search(change.instruction):
        return None
    n_old, n_new = change.count("^(except_clause|catch_clause)$")
    return "errors are caught without being asked for" if n_new > n_old else None


def _unknown_names(change: Change) -> str | None:
    """A name or a member of the object itself is used that is defined nowhere."""
    text, span = change.before.text, change.span
    others = f"{text[: span.start]}\n{text[span.end :]}\n{change.instruction}"
    if members := unknown_members(change.old, change.new, others):
        return f"{members[0]} is not defined"
    if change.before.language.id != "python":
        return None
    unknown = new_free_names(change.before, change.after, change.filled)
    return f"{min(unknown)} is not defined" if unknown else None


def _neighbours(change: Change) -> str | None:
    """Most of what is new are lines of what stands around, changed."""
    own, new = _lines(change.old), [line for line in _lines(change.new) if line not in _lines(change.old)]
    text, span = change.before.text, change.span
    others = _lines(text[: span.start])[-30:] + _lines(text[span.end :])[:30]

    def alike(line: str, lines: list[str]) -> float:
        return max((SequenceMatcher(None, line, other, autojunk=False).ratio() for other in lines), default=0.0)

    taken = sum(alike(line, others) > max(alike(line, own), _ALIKE) for line in new)
    return "it is like the code beside it" if taken >= _LEAST_ALIKE and taken * 2 > len(new) else None


def _asked_words(change: Change) -> str | None:
    """A word of code that the instruction asks for is not in the change."""
    asked = [(match.start(), match[1]) for match in _QUOTED.finditer(change.instruction)]
    asked += [(match.start(), match[0]) for match in _CODE_WORD.finditer(change.instruction)]
    known = keywords(change.before.language)
    asked += [(match.start(), match[0]) for match in _KEYWORD.finditer(change.instruction) if match[0] in known]
    for at, word in asked:
        wanted = not _GOES.search(change.instruction[:at]) and word not in change.before.text
        if wanted and not re.search(rf"\b{re.escape(word)}\b", change.new) and word not in change.new:
            return f"{word} is asked for and is not there"
    return None


def _kept(change: Change, kinds: list[Kind]) -> str | None:
    """Too many of the names are gone that the code had."""
    old_tokens, new_tokens = change.tokens()
    before, after = names(old_tokens), names(new_tokens)
    mentioned = set(re.findall(r"\w+", change.instruction))
    lost = before - after - mentioned
    if kinds and all(kind.keeps_names for kind in kinds) and (lost - _RESTRUCTURED):
        return f"{min(lost - _RESTRUCTURED)} is lost"
    if kinds and all(kind.only_adds for kind in kinds):
        rest = iter(new_tokens)
        own = (token for token in old_tokens if token not in _RESTRUCTURED and not _LITERAL.match(token))
        if not all(token in rest for token in own):
            return "code is changed that should only be added to"
    may_go = _REMOVES.search(change.instruction) or _REPLACES.search(change.instruction)
    if not kinds and not may_go and len(lost) > len(before) * (1 - _LEAST_KEPT):
        return f"{min(lost)} and {len(lost) - 1} other names are lost"
    return None


def _unmet(change: Change, kinds: list[Kind]) -> str | None:
    """What each kind asks for; together they may do what one alone may not."""
    if len(kinds) == 1:
        return kinds[0].unmet(change)
    reasons = [kind.unmet(change) for kind in kinds]
    return next((reason for reason in reasons if reason and not reason.startswith("more than")), None)


def _lines(text: str) -> list[str]:
    """Return the lines of a text without blanks, those with a few letters."""
    lines = ("".join(line.split()) for line in text.split("\n"))
    return [line for line in lines if sum(map(str.isalnum, line)) >= _LEAST_ALIKE + 1]
