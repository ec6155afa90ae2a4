"""The members of the object before a dot, where the code says what class it is of: found by patterns, not by types.

Looked for in the file and in what the request has of others. What is not found is unknown, never forbidden.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from infill.retrieval.occurrences import lines_with
from infill.syntax.blanks import indent_of, width

_RECEIVER = re.compile(r"(?P<path>(?:[^\W\d]\w*\s*\.\s*)*[^\W\d]\w*)(?P<called>\([^()\n]*\))?\s*(?:\.|->|\?\.)\s*$")
_OWN = ("self", "this", "cls")
_MAX_LINE = 300  # characters to the left that are read
_MAX_CLASS = 20_000  # characters of a class that are read
_MAX_PARTS = 4  # of a class in one file, such as its implementations
_MAX_BASES = 3  # steps up to base classes
_KINDS = ("class", "struct", "interface", "trait", "enum", "impl")
_KIND = rf"(?:{'|'.join(_KINDS)})"
_ANY_CLASS = re.compile(rf"(?P<indent>[ \t]*)(?:[\w()]+\s)*{_KIND}\s+(?:[\w<>]+\s+for\s+)?(?P<name>\w+)")
_DECLARES = re.compile(r"\b(?:def|fn|func|function)\b")
_WORDS = re.compile(r"[^\W\d]\w*")
# Names that a line of a class gives it, at its own level and deeper.
_MEMBERS = re.compile(
    r"(?:async\s+)?(?:def|fn|fun|func)\s+(?P<function>\w+)|(?:[\w<>\[\],?*&]+\s+)*(?P<method>\w+)\s*\("
    r"|(?:[\w<>\[\],?*&]+\s+)*(?P<field>\w+)\s*[?!]?\s*(?:[:=;,]|$)"
)
_SET = re.compile(r"\b(?:self|this)\.(\w+)\s*(?::[^=\n]+)?=(?!=)")


def members_at(text: str, offset: int, others: Sequence[str]) -> frozenset[str]:
    """Return the names of the members of the object before the dot that ends at `offset`; empty where it is unknown.

    `others` are texts of other files, or parts of them, in which its class may be.
    """
    left = text[max(0, text.rfind("\n", 0, offset) + 1, offset - _MAX_LINE) : offset]
    found = _RECEIVER.search(left)
    if found is None:
        return frozenset()
    path = re.sub(r"\s", "", found["path"]).split(".")
    names = _class_of(text, offset, path, found["called"] is not None, others)
    return frozenset(member for name in names for member in _members(name, (text, *others), _MAX_BASES))


def _class_of(text: str, offset: int, path: list[str], called: bool, others: Sequence[str]) -> list[str]:
    """Return names that the object's class may have, the likeliest first."""
    if path[0] in _OWN and len(path) == 1:
        own = indent_of(text[text.rfind("\n", 0, offset) + 1 : offset])
        found = (_class_above(text, offset, kind, width(own)) for kind in _KINDS)
        above = [each for each in found if each is not None]
        return [max(above)[1]] if above else []
    name = path[-1]
    if called:
        return [name] if name[:1].isupper() else _results(name, (text, *others))
    if name[:1].isupper():
        return [name]
    return _of_variable(text[:offset], name, (text, *others))


def _class_above(text: str, offset: int, kind: str, depth: int) -> tuple[int, str] | None:
    """Return where the nearest class around a line so deep begins, and its name."""
    for start, line in lines_with(text, f"{kind} ", offset):
        match = _ANY_CLASS.match(line)
        if match is not None and width(match["indent"]) < depth:
            return start, match["name"]
    return None


def _of_variable(before: str, name: str, texts: Sequence[str]) -> list[str]:
    word = rf"\b{re.escape(name)}\b"
    before = "\n".join(reversed([line for _, line in lines_with(before, name)]))
    made = [
        *re.finditer(rf"{word}[^=\n]{{0,60}}:?=\s*(?:await\s+|new\s+|&)?(?P<call>\w[\w.:]*)\s*[({{]", before),
        *re.finditer(rf"\bwith\s+(?P<call>[\w.]+)\([^\n]*\)\s+as\s+{word}", before),
    ]
    said = [
        *re.finditer(rf"{word}\s*\??:\s*(?:&|mut\s|\*)*[\"']?(?P<call>[\w.]+)", before),
        *re.finditer(rf"\b(?P<call>[A-Z]\w*)(?:<[^>\n]*>)?[\s*&]+{word}(?!\s*\()", before),
        *re.finditer(rf"{word}\s+\*?(?P<call>[A-Z]\w*)\b", before),
    ]
    for match in sorted((*made, *said), key=lambda m: -m.start()):
        parts = [part for part in re.split(r"[.:]+", match["call"]) if part]
        if capital := [part for part in parts if part[:1].isupper()]:
            return [capital[-1]]
        if parts and (results := _results(parts[-1], texts)):
            return results
    return []


def _results(function: str, texts: Sequence[str]) -> list[str]:
    """Return the class that a function says it returns."""
    said = re.compile(
        rf".*\b(?:def|fn|func|function)\s+{re.escape(function)}\s*\([^{{}}]*?\)\s*(?:->|:)?\s*[\"'&*]*([A-Z]\w*)"
    )
    starts = ((text, start) for text in texts for start, line in lines_with(text, function) if _DECLARES.search(line))
    return [match[1] for text, start in starts if (match := said.match(text, start)) is not None]


def _members(name: str, texts: Sequence[str], n_steps: int) -> set[str]:
    """Return the members of a class and of its bases, as far as the texts have them."""
    head = re.compile(
        rf"(?P<indent>[ \t]*)(?:[\w()]+\s)*{_KIND}\s+(?:[\w<>]+\s+for\s+)?{name}\b(?P<bases>[^\n{{]*)"
        rf"|type\s+{name}\s+(?:struct|interface)"
    )
    method = re.compile(rf"func \(\w+ \*?{name}\) (\w+)")
    found: set[str] = set()
    for text in texts:
        if found:
            break  # the nearest file that defines it
        n_read = 0
        for start, line in lines_with(text, name):
            if of_type := method.match(line):
                found.add(of_type[1])
            if n_read == _MAX_PARTS or (match := head.match(line)) is None:
                continue
            n_read += 1
            end = start + match.end()
            found |= set(_named_in(text[end : end + _MAX_CLASS], width(match["indent"] or "")))
            bases = [base for base in _WORDS.findall(match["bases"] or "") if base[:1].isupper() and base != name]
            for base in bases if n_steps else ():
                found |= _members(base, texts, n_steps - 1)
    return found


def _named_in(rest: str, depth: int) -> Iterator[str]:
    """Yield what the lines of a block deeper than `depth` name: at its first level anything, deeper what `self` has."""
    level: int | None = None
    for line in rest.split("\n")[1:]:
        content = line.strip()
        if not content:
            continue
        own = width(indent_of(line))
        if own <= depth and content not in ("{", "}", ")") and not content.startswith(("}", ")")):
            return
        if own > depth and level is None:
            level = own
        yield from _SET.findall(line)
        match = _MEMBERS.match(content) if own == level else None
        if match is not None and (name := match["function"] or match["method"] or match["field"]):
            yield name
