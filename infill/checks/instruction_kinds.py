"""What a change must have done, and what it may not have done, by the kind of the instruction.

The words of an instruction tell its kind; one that tells none gets the bounds of any change. A kind says nothing about
whether the change is right: it finds what surely is not what was asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec
import tree_sitter

from infill.checks.code_tokens import code_tokens
from infill.syntax.tree import Syntax
from infill.types import Span


class Change(msgspec.Struct, frozen=True):
    """A selection and what is to stand in its place, each in its parsed text."""

    before: Syntax
    span: Span
    after: Syntax
    filled: Span
    instruction: str

    @property
    def old(self) -> str:
        """The selection's text."""
        return self.before.text[self.span.start : self.span.end]

    @property
    def new(self) -> str:
        """What is to stand there."""
        return self.after.text[self.filled.start : self.filled.end]

    def tokens(self, skip: frozenset[str] = frozenset()) -> tuple[list[str], list[str]]:
        """The tokens of the code, before and after, without nodes in `skip`."""
        return code_tokens(self.before, self.span, skip), code_tokens(self.after, self.filled, skip)

    def count(self, *words: str) -> tuple[int, int]:
        """How many nodes have one of these words in their type, before and after."""
        pattern = re.compile("|".join(words))
        sides = ((self.before, self.span), (self.after, self.filled))
        n_old, n_new = (sum(bool(pattern.search(n.type)) for n in syntax.nodes_in(span)) for syntax, span in sides)
        return n_old, n_new


class Kind(msgspec.Struct, frozen=True):
    """One kind of instructions: what its words match, and what a change of it must and may do.

    `most_added` is how many lines it may add; None: about as many as there are. `keeps_names` says that every name of
    the code is still there, `only_adds` that all of the code is, in its order, but for literals. `unmet` returns what a
    change has not done or has done too much, None where it is fine.
    """

    name: str
    pattern: str
    unmet: Callable[[Change], str | None]
    most_added: int | None = None
    keeps_names: bool = False
    only_adds: bool = False


RENAME = re.compile(r"\brename\s+(?:the\s+)?(?:\w+\s+)??[`'\"]?(\w+)[`'\"]?\s+(?:to|into|as)\s+[`'\"]?(\w+)", re.I)
_HINTS = frozenset({"type", "type_annotation"})


def renamed(change: Change) -> str | None:
    """Every token but the name must be as it was."""
    found = RENAME.search(change.instruction)
    if found is None:
        return None
    old, new = found.groups()
    word = re.compile(rf"\b{re.escape(old)}\b")
    before, after = change.tokens()
    if old in after:
        return f"{old} is still there"
    same = [word.sub(new, t) for t in before] == [word.sub(new, t) for t in after]
    return None if same else "more than the name is changed"


def hinted(change: Change) -> str | None:
    """Types are added, and the code without them is the same."""
    n_old, n_new = change.count(*(f"^{name}$" for name in _HINTS))
    if change.before.language.id not in ("python", "typescript", "tsx"):
        return None
    if n_new <= n_old:
        return "no type is added"
    before, after = ([t for t in side if t not in (":", "->")] for side in change.tokens(_HINTS))
    return None if _without_imports(before) == _without_imports(after) else "more than types is changed"


def documented(change: Change) -> str | None:
    """Words are added in comments or strings, and the code is the same."""
    before, after = change.tokens()
    if before != after:
        return "more than comments is changed"
    return None if len(change.new) > len(change.old) else "nothing is explained"


def formatted(change: Change) -> str | None:
    """A string with code in it is new."""
    n_old, n_new = change.count("^interpolation$", "^template_substitution$")
    known = change.before.language.id in ("python", "javascript", "typescript", "tsx")
    return "no string has values in it" if known and n_new <= n_old else None


def comprehended(change: Change) -> str | None:
    """A comprehension takes the place of a loop."""
    if change.before.language.id != "python":
        return None
    n_old, n_new = change.count("comprehension$", "^generator_expression$")
    return None if n_new > n_old else "there is no comprehension"


def flattened(change: Change) -> str | None:
    """Nothing is nested deeper than it was, and something less, or there is one exit more."""
    n_old, n_new = change.count("^return_(statement|expression)$", "^continue_", "^break_")
    deep_old, deep_new = _depth(change.old), _depth(change.new)
    return None if deep_new < deep_old or (deep_new <= deep_old and n_new > n_old) else "it is nested as it was"


def guarded(change: Change) -> str | None:
    """One condition more, or one that says more."""
    n_old, n_new = change.count("^if_|^conditional_|^match_|^assert|^guard|^ternary|^boolean_operator$")
    return None if n_new > n_old else "no condition is added"


def handled(change: Change) -> str | None:
    """One place more that handles errors."""
    if change.before.language.id not in ("python", "javascript", "typescript", "tsx", "java"):
        return None
    n_old, n_new = change.count("^(except_clause|catch_clause|with_item)$")
    return None if n_new > n_old else "no error is caught"


def logged(change: Change) -> str | None:
    """One call more of something that logs."""
    n_old, n_new = (len(re.findall(r"(?i)\blog\w*\s*[.(!:]|console\.\w+\(|\w*log\w*\.\w+\(", t)) for t in _both(change))
    return None if n_new > n_old else "nothing is logged"


def with_parameter(change: Change) -> str | None:
    """A list of parameters is longer."""
    n_old, n_new = (sum(len(n.named_children) for n in _parameters(s, span)) for s, span in _sides(change))
    return None if n_new > n_old else "no parameter is added"


KINDS = (
    Kind("rename", r"\brename\b", renamed, 0),
    Kind("type hints", r"\btype[- ]?(?:hint|annotation)|\bannotat|\badd (?:the )?types?\b", hinted, 3, True, True),
    Kind("comment", r"\bdocstring|\b(?:add|write) (?:a |an |some )?(?:\w+ )?(?:comment|javadoc|jsdoc|doc)|\bdocument\b",
         documented, 16, True, True),
    Kind("format", r"\bf-?strings?\b|\btemplate (?:literal|string)", formatted, 1),
    Kind("comprehension", r"\bcomprehension", comprehended, 0),
    Kind("parameter", r"\badd (?:an? |another )?(?:\w+ )*?(?:parameter|argument)\b", with_parameter, 4, True, True),
    Kind("errors", r"\bcatch\b|\btry\b.*\b(?:except|catch)|\bhandl\w+ .*(?:error|exception)|\berror handling", handled,
         8, True),
    Kind("logging", r"\blog(?:s|ging)?\b", logged, 4, True, True),
    Kind("early return", r"\bearly (?:return|exit)|\breturn early|\bguard clause|\bnest(?:ed|ing)|\bflatten", flattened,
         6, True),
    Kind("guard", r"\b(?:raise|throw|return|skip|panic)\b.*\b(?:if|when|unless)\b|\bcheck (?:that|if|for|whether)",
         guarded, 8, True, True),
)  # fmt: skip


def kinds_of(instruction: str) -> list[Kind]:
    """Return the kinds that an instruction is of; none for one that its words do not tell."""
    return [kind for kind in KINDS if re.search(kind.pattern, instruction, re.IGNORECASE)]


def _both(change: Change) -> tuple[str, str]:
    return change.old, change.new


def _sides(change: Change) -> tuple[tuple[Syntax, Span], tuple[Syntax, Span]]:
    return (change.before, change.span), (change.after, change.filled)


def _parameters(syntax: Syntax, span: Span) -> list[tree_sitter.Node]:
    return [n for n in syntax.nodes_in(span) if re.search(r"parameter(s|_list)$", n.type)]


def _depth(text: str) -> int:
    """Return by how much the deepest line of a text is indented more than its least indented one, in columns."""
    lines = text.expandtabs(4).split("\n")
    return max((len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()), default=0)


def _without_imports(tokens: list[str]) -> list[str]:
    """Return the tokens from the first that begins a definition on, where there is one."""
    start = next((i for i, token in enumerate(tokens) if token in ("def", "function", "class", "async", "@")), 0)
    return tokens[start:]
