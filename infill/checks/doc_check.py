"""What speaks against a text as documentation, as far as code can say it: false names, numbers, code, half sentences.

Each check gives its reason as a text for the user.
"""

from __future__ import annotations

import builtins
import keyword
import re

from infill.syntax.described import Described

_TODO = re.compile(
    r"\b(?:TODO|FIXME|XXX|TBD|lorem ipsum|placeholder)\b|_(?:summary|description|type)_|<[^<>]*>|\.\.\.|…"
    r"|^(?:the )?(?:descriptions?|summary|documentation|docstring|your code|add description)\b(?! of\b.* of)[^ ]*$",
    re.IGNORECASE,
)
_CODE = re.compile(r"[{}\\=]|;(?!\s\w)|->|\bself\.|\bthis\.|\b(?:def|lambda)\s+\w+\(")
_TICKED = re.compile(r"`{1,2}([^`]*)`{1,2}")
_QUOTED = re.compile(r"(?<!\w)(['\"])([^'\"\s]+)\1(?!\w)")
_NAME = re.compile(r"\b(?:[A-Za-z]\w*_\w+|_\w+|[a-z]+[A-Z]\w*)\b")
_CALLED = re.compile(r"\b([A-Za-z_]\w*)\(")
_ADDRESS = re.compile(r"\b(?:https?://|www\.)\S+|\b\S+@\S+\.\w+")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w-])")
_OPEN_END = re.compile(
    r"\b(?:a|an|the|of|to|for|and|or|with|in|from|by|if|that|which|into|as|not|than|when|where|its|their"
    r"|at|on|using|between)$",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W\d_]")
_SMALL_WORDS = "a an the of to for and is are it its this that in on with from by as or given specified"
_SMALL = frozenset(_SMALL_WORDS.split())
LEAST_WORDS = 2


def complaint(text: str, described: Described, document: str, is_summary: bool = True) -> str | None:
    """Return what is wrong with a sentence about a definition in a `document`; None where nothing is found."""
    said = text.strip().rstrip(".!")
    words = re.findall(r"\w+", said)
    if len(words) < (LEAST_WORDS if is_summary else 1):
        return "it says nothing"
    if found := _TODO.search(said):
        return f"{found[0]!r} is no description"
    plain = _TICKED.sub("name", said)
    if found := _CODE.search(plain):
        return f"{found[0]!r} is code"
    checks = (_false_name(said, plain, document), _false_number(said, described, document))
    if false := next((one for one in checks if one is not None), None):
        return f"{false} is not in the code"
    if _is_unfinished(said):
        return "it is cut off"
    if repeated := _repeated(said):
        return f"it repeats {repeated!r}"
    if not document.isascii() or all(letter.isascii() for letter in _LETTER.findall(said)):
        return None
    return "it is in another language"


def says_only_the_name(text: str, described: Described) -> bool:
    """Whether a sentence has no words but those of the definition's name."""
    said = _stems(text)
    return bool(said) and said <= _stems(described.name)


def n_grounded(text: str, described: Described) -> int:
    """Return how many words of a sentence are in the code of what it describes, without those of its name."""
    return len((_stems(text) & _stems(described.code)) - _stems(described.name))


def _false_name(said: str, plain: str, document: str) -> str | None:
    """Return the first name of code in a text that its document does not have."""
    known = set(re.findall(r"\w+", document)) | set(dir(builtins)) | set(keyword.kwlist)
    ticked = [name for quoted in _TICKED.findall(said) for name in re.findall(r"[^\W\d]\w*", quoted)]
    for _, value in _QUOTED.findall(plain):
        if value not in document:
            return repr(value)
    for name in (*ticked, *_NAME.findall(plain), *_CALLED.findall(plain)):
        if name not in known:
            return name
    return None


def _false_number(said: str, described: Described, document: str) -> str | None:
    """Return the first number or address in a text that the code does not have."""
    for found in _ADDRESS.findall(said):
        if found not in document:
            return found
    numbers = set(_NUMBER.findall(described.code))
    return next((found for found in _NUMBER.findall(said) if found not in numbers), None)


def _is_unfinished(said: str) -> bool:
    pairs = any(said.count(a) != said.count(b) for a, b in ("()", "[]")) or said.count("`") % 2 or said.count('"') % 2
    return bool(pairs) or said.endswith((",", ":", ";", "-", "(")) or _OPEN_END.search(said) is not None


def _repeated(said: str) -> str | None:
    """Return words that follow themselves, or four words that come twice."""
    words = [word.lower() for word in re.findall(r"\w+", said)]
    for n in (1, 2):
        for i in range(len(words) - 2 * n + 1):
            if words[i : i + n] == words[i + n : i + 2 * n]:
                return " ".join(words[i : i + n])
    runs = [" ".join(words[i : i + 4]) for i in range(len(words) - 3)]
    return next((run for i, run in enumerate(runs) if run in runs[:i]), None)


def _stems(text: str) -> set[str]:
    words = re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text.replace("_", " ")).lower())
    return {re.sub(r"(?:ing|es|s|ed|e)$", "", word) for word in words if word not in _SMALL}
