"""Finds what a fill repeats of the text that follows it. All texts here have LF line breaks.

The rule throughout: cut only what is certainly there already, and never so that a bracket which the fill
itself opened stays open. A fill that repeats in some other way is left for the parse check.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from infill.syntax.indentation import BLANK, indent_of, width
from infill.syntax.quotes import QUOTES, n_quotes, without_strings
from infill.syntax.word_chars import is_word_char

_PAIRS = {")": "(", "]": "[", "}": "{"}
_TELLING = 24  # letters and digits in two or more lines
_MARKS = set(_PAIRS) | set(QUOTES) | set(";,: >/")


def without_next_lines(fill: str, left: str, suffix: str, quotes: str = QUOTES) -> str:
    """Return the fill without the lines at its end, or from a line on, that are the next of the suffix.

    Lines are compared with their indentation. One line is enough if the fill ends there; in the middle
    it takes two that say enough not to be like by chance, as lines of data often are.
    """
    below = list(islice(filled_lines(suffix, suffix.find("\n") + 1 or len(suffix)), 20))
    lines = fill.split("\n")
    if not below:
        return fill
    for at in range(len(lines)):
        line = (left + lines[at] if at == 0 else lines[at]).rstrip()
        if line != below[0]:
            continue
        rest = [line, *(other.rstrip() for other in lines[at + 1 :] if other.strip())]
        same = 0
        while same < min(len(rest), len(below)) and rest[same] == below[same]:
            same += 1
        ends_there = same == len(rest)
        telling = sum(char.isalnum() for char in "".join(below[:same]))
        cut = "\n".join(lines[:at])
        if (ends_there or (same >= 2 and telling >= _TELLING)) and unclosed(cut, quotes) <= unclosed(fill, quotes):
            return cut
    return fill


def filled_lines(text: str, start: int = 0) -> Iterator[str]:
    """Yield the lines from `start` on that are not blank, without the blanks at their ends."""
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if line := text[start:end].rstrip():
            yield line
        start = end + 1


def without_overlap(fill: str, left: str, right: str, quotes: str = QUOTES) -> str:
    """Return the fill without what it ends with and the rest of the line begins with."""
    right = right.rstrip()
    for length in range(min(len(fill), len(right)), 0, -1):
        shared = right[:length]
        if fill.endswith(shared) and _is_repeat(shared, fill[:-length], fill, (left, right), quotes):
            return fill[:-length]
    return fill


def without_second_closers(fill: str, left: str, right: str, suffix: str, quotes: str = QUOTES) -> str:
    """Return the fill up to a closing bracket or quote that the suffix already has.

    That is one which closes nothing in the fill, is not what the line lacks, and is the next thing in
    the suffix; on a line of its own it must also stand as deep as the suffix's.
    """
    below = right if right.strip() else next(filled_lines(suffix), "")
    following = below.lstrip()[:1]
    if following and following in quotes:
        return _without_second_quote(fill, left, following, quotes)
    if following not in _PAIRS:
        return fill
    # A bracket that is indented less than the line ends something around it, and none that the line opened.
    around = not right.strip(BLANK) and width(indent_of(below)) < width(indent_of(left))
    lacking = max(0, _balance(left if around else left + below, following, quotes))
    if lacking + _balance(fill, following, quotes) >= 0:
        return fill
    depth = lacking
    for at, char in enumerate(without_strings(fill, quotes)):
        depth += (char == _PAIRS[following]) - (char == following)
        if depth < 0:
            line = (left + fill)[: len(left) + at].rpartition("\n")[2]
            elsewhere = not line.strip(BLANK) and line != indent_of(below)
            return fill if elsewhere and not right.strip() else fill[:at]
    return fill


def _without_second_quote(fill: str, left: str, quote: str, quotes: str) -> str:
    """Return the fill up to its closing quote, where the cursor stands inside quotes that are closed."""
    inside = n_quotes(left, quote, quotes) % 2 == 1 and n_quotes(fill, quote, quotes) % 2 == 1
    found = re.search(rf"(?<!\\){quote}", fill)
    return fill[: found.start()] if inside and found is not None else fill


def unclosed(text: str, quotes: str = QUOTES) -> int:
    """Return how many brackets the text opens and does not close; strings are skipped."""
    waiting: list[str] = []
    for char in without_strings(text, quotes):
        if char in _PAIRS.values():
            waiting.append(char)
        elif waiting and _PAIRS.get(char) == waiting[-1]:
            waiting.pop()
    return len(waiting)


def _is_repeat(shared: str, kept: str, fill: str, line: tuple[str, str], quotes: str) -> bool:
    """Say whether cutting `shared` off the fill, in the middle of the line, removes a repeat and nothing needed."""
    left, right = line
    if not shared.strip(BLANK) or unclosed(kept, quotes) > unclosed(fill, quotes):
        return False
    if kept.endswith("\\") and shared[0] in QUOTES:
        return False  # an escaped quote ends nothing
    for quote in quotes:
        if quote in shared and n_quotes(kept, quote, quotes) % 2 != 0 and n_quotes(fill, quote, quotes) % 2 == 0:
            return False  # the quote closes one that the fill opened
    if any(_still_needed(closer, fill, line, quotes) for closer in set(shared) & set(_PAIRS)):
        return False
    bare = shared.strip(BLANK)
    if bare == ":":
        return right.strip(BLANK) == ":"  # else perhaps a slice or a path
    if bare == ">":
        return fill.count(">") - len(re.findall("[-=]>", fill)) > fill.count("<")
    if not any(char.isalnum() for char in shared):
        return set(shared) <= _MARKS
    before, after = kept[-1:] or left[-1:], right[len(shared) :][:1]
    splits_first = is_word_char(before) and is_word_char(shared[0])
    return not splits_first and not (is_word_char(after) and is_word_char(shared[-1]))


def _still_needed(closer: str, fill: str, line: tuple[str, str], quotes: str) -> bool:
    """Say whether the line with all of the fill in it closes no more than the line did without it."""
    left, right = line
    return _balance(left + fill + right, closer, quotes) >= min(0, _balance(left + right, closer, quotes))


def _balance(text: str, closer: str, quotes: str) -> int:
    """Return how many of the closer's openers the text has beyond the closers; negative for fewer."""
    code = without_strings(text, quotes)
    return code.count(_PAIRS[closer]) - code.count(closer)
