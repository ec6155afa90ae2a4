"""Renaming: finds which names differ between two segments of code, and rewrites one with the names of the other.

Words are compared one by one; keywords of a language are not names. Where `max_width` became `max_height`, `width`
becomes `height` in other names too, in any of the usual cases.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from infill.syntax.word_chars import has_marks, names_in, words

PART = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![^\W\d_A-Z])|\d+|_+|\w")

CASES: tuple[Callable[[str], str], ...] = (str, str.lower, str.upper, str.capitalize)
Pairs = list[tuple[str, str]]


def is_name(word: str, keywords: frozenset[str]) -> bool:
    """Whether a word is a name that programmers choose, and no keyword."""
    return names_in(word).fullmatch(word) is not None and word not in keywords


def exchanged(there: str, here: str, keywords: frozenset[str]) -> Pairs | None:
    """Return the pairs (there, here) of names that differ; None where the texts differ in more, or have no words."""
    old, new = words(there), words(here)
    if not old or len(old) != len(new):
        return None
    pairs = [(a, b) for a, b in zip(old, new, strict=True) if a != b]
    return pairs if all(is_name(word, keywords) for pair in pairs for word in pair) else None


def renaming(pairs: Pairs) -> Callable[[str], str]:
    """Return a function that replaces the first name of each pair by the second, and their differing parts too."""
    names: dict[str, str] = {}
    parts: dict[str, str] = {}
    for old, new in pairs:
        if old == new:
            continue
        names[old] = new
        shorter = _difference(PART.findall(old), PART.findall(new))
        if shorter is not None:
            parts |= {cased(shorter[0]): cased(shorter[1]) for cased in CASES}

    def renamed(match: re.Match[str]) -> str:
        own: list[str] = [match[0]] if has_marks(match[0]) else PART.findall(match[0])
        return names.get(match[0]) or "".join(parts.get(part, part) for part in own)

    return lambda text: names_in(text).sub(renamed, text) if names else text


def _difference(old: Sequence[str], new: Sequence[str]) -> tuple[str, str] | None:
    """Return the parts (old, new) in which two names differ, between their common prefix and suffix."""
    first, last, shortest = 0, 0, min(len(old), len(new))
    while first < shortest and old[first] == new[first]:
        first += 1
    while last < shortest - first and old[-1 - last] == new[-1 - last]:
        last += 1
    gone, come = "".join(old[first : len(old) - last]), "".join(new[first : len(new) - last])
    return (gone, come) if len(gone) > 1 and come else None  # a single letter is a part of too many names
