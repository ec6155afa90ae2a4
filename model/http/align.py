"""Finds what is new in a server's answer: without fences, without what it repeats of the text around the holes.

Blanks are not compared: servers change indentation. Nothing is cut that only looks like a repeat by chance: a
word must be whole, a bracket that the answer opened must stay closed. What remains is for the pipeline to tidy.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from model.http.prompt import Asked

_THOUGHT = re.compile(r"\s*<think>.*?</think>|\s*<\|channel>.*?<channel\|>", re.DOTALL)
_FENCE = re.compile(r"^[ \t]*(```+|~~~+)[^\n]*\n", re.MULTILINE)
_ECHOED_LINES = 40  # of the text before the hole that an answer may begin with
_SOME = 4  # letters and digits of a line above the hole that may be a repeat
_SOME_LINE = 8  # of a line that is not written by chance
_TELLING = 16  # letters and digits that are no coincidence
_GOES_ON = (":", "{", "(", "[", ",", "=>", "->", "=", "\\", "&&", "||", "+", ".", ">")  # on the next line, indented
_OPENERS, _CLOSERS = "([{", ")]}"


class Slice(NamedTuple):
    """Half-open range of characters of an answer."""

    start: int
    end: int


class _Bare(NamedTuple):
    """A text without its blanks, and where each character stood."""

    text: str
    places: list[int]


def align(answer: str, question: Asked, complete: bool = True) -> list[Slice] | None:
    """Where the text of each hole is in the answer; None where that cannot be told.

    Of an answer that is not `complete` the last line is left out, unless the block around it was closed.
    """
    code = code_of(answer, complete)
    if code is None:
        return None
    at, echoed = _after_echo(answer, code, question.left)
    slices: list[Slice] = []
    for fixed in question.fixed[1:-1]:
        bare, wanted = _bare(answer, at, code.end), _bare(fixed).text
        found = bare.text.find(wanted) if wanted else -1
        if found < 0:
            return None
        slices.append(_trimmed(answer, Slice(at, bare.places[found])))
        at = bare.places[found + len(wanted) - 1] + 1
    end = _before_repeat(answer, Slice(at, code.end), question.right, echoed or len(question.fixed) > 2)
    last = Slice(at, end)
    return [*slices, _trimmed(answer, last)] if slices else [_without_blank_end(answer, last)]


def code_of(answer: str, complete: bool = True) -> Slice | None:
    """The first fenced block, or all of an answer without one; None where nothing is left."""
    thought = _THOUGHT.match(answer)
    start = thought.end() if thought else 0
    fence = _fence(answer, start)
    end = len(answer)
    if fence is not None:
        start = fence.end()
        if (closing := _closing(answer, fence)) is not None:
            end, complete = closing.start(), True
    elif answer.lstrip().startswith(("<think>", "<|channel>", "```", "~~~")) and not thought:
        return None  # it has not come to the code yet
    if not complete:
        end = answer.rfind("\n", start, end)
    while end > start and answer[end - 1] == "\n":
        end -= 1
    return Slice(start, end) if end > start and answer[start:end].strip() else None


def closed_at(answer: str) -> int | None:
    """Where the first fenced block of an answer ends; None where it has not come to that."""
    thought = _THOUGHT.match(answer)
    if thought is None and answer.lstrip().startswith(("<think>", "<|channel>")):
        return None
    fence = _fence(answer, thought.end() if thought else 0)
    closing = fence and _closing(answer, fence)
    return closing.end() if closing else None


def between(answer: str, written: Slice, right: str) -> list[Slice]:
    """What is new in an answer that is the text of one hole: without what stands behind it anyway."""
    return [_without_blank_end(answer, Slice(written.start, _before_repeat(answer, written, right, True)))]


def above(answer: str, piece: Slice, right: str) -> Slice:
    """The piece without last lines below which the line that follows cannot stand: it is indented, and nothing opened.

    A model that does not look for the end of a hole writes on, in its own words, what stands below already.
    """
    rest, _, below = right.partition("\n")
    following = next((line for line in below.split("\n") if line.strip()), "")
    lines = answer[piece.start : piece.end].split("\n")
    if rest.strip() or not following:
        return piece
    for n in range(len(lines), 0, -1):
        last = lines[n - 1].rstrip()
        if last and (_indent(following) <= _indent(last) or last.endswith(_GOES_ON)):
            return Slice(piece.start, piece.start + len("\n".join(lines[:n])))
    return piece


def block_end(answer: str, left: str) -> int | None:
    """Where an answer for several lines leaves its block, by indentation; None where it has not."""
    line = left.rpartition("\n")[2]
    at = len(answer) - len(answer.lstrip("\n"))
    least = _indent(line) + 1 if line.strip() else _indent(line + answer[at:])
    while (at := answer.find("\n", at)) >= 0:
        at += 1
        rest = answer[at:].partition("\n")[0]
        if rest.strip() and _indent(rest) < least:
            return at - 1
    return None


def repeat_at(answer: str, present: str, right: str) -> int | None:
    """Where an answer comes to the line below the holes, if that says enough and is not in `present` as well."""
    line = next((line for line in right.partition("\n")[2].split("\n") if line.strip()), "")
    if _says(line) < _SOME_LINE or line in present:
        return None
    found = re.search(rf"^{re.escape(line)}$\n", answer, re.MULTILINE)
    return found.start() if found else None


def bare(text: str) -> str:
    """The text without its blanks."""
    return "".join(text.split())


def _fence(answer: str, start: int) -> re.Match[str] | None:
    """The line that opens the first fenced block; the second of two, where one was begun for the model."""
    fence = _FENCE.search(answer, start)
    again = fence and _FENCE.match(answer, fence.end())
    return again if again and again[0].strip() != again[1] else fence


def _closing(answer: str, fence: re.Match[str]) -> re.Match[str] | None:
    return re.compile(rf"^[ \t]*{fence[1]}[ \t]*$", re.MULTILINE).search(answer, fence.end())


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _after_echo(answer: str, code: Slice, left: str) -> tuple[int, bool]:
    """Where the answer goes on after the lines of `left` that it repeats, and whether it repeats any."""
    written = _bare(answer, code.start, code.end)
    n_echoed, start = 0, len(left)
    for _ in range(_ECHOED_LINES):
        if start < 0:
            break
        start = left.rfind("\n", 0, max(start, 0)) if start else -1
        repeat = bare(left[start + 1 :])
        own_line = "\n" not in left[start + 1 :]
        if (own_line or _says(repeat) >= _SOME) and repeat and written.text.startswith(repeat):
            n_echoed = len(repeat)
    at = written.places[n_echoed - 1] + 1 if n_echoed else code.start
    blanks = left[len(left.rstrip()) :]
    blanks = blanks if n_echoed else blanks.rpartition("\n")[2]  # of the hole's own line
    while blanks and at < code.end and answer[at] == blanks[0]:
        at, blanks = at + 1, blanks[1:]
    return at, n_echoed > 0


def _before_repeat(answer: str, rest: Slice, right: str, echoed: bool) -> int:
    """Where the text behind the holes begins again in the answer: at its end, or where it says enough."""
    written, after = _bare(answer, rest.start, rest.end), bare(right[: 4 * len(answer)])
    if not after:
        return rest.end
    for n, place in enumerate(written.places):
        tail = written.text[n:]
        known = after.startswith(tail)
        if not known:
            shared = _shared(tail, after)
            known = _says(shared) >= _TELLING and _begins_line(answer, place)
        if known and (n or echoed) and _may_cut(answer, rest, place):
            return place
    return rest.end


def _may_cut(answer: str, rest: Slice, place: int) -> bool:
    """Whether a cut there splits no word and opens no bracket."""
    before, here = answer[place - 1 : place] if place > rest.start else "", answer[place]
    if _is_word(before) and _is_word(here):
        return False
    kept, whole = _balance(answer[rest.start : place]), _balance(answer[rest.start : rest.end])
    return kept <= max(whole, 0)


def _begins_line(answer: str, place: int) -> bool:
    """Whether only blanks stand before the place on its line."""
    return not answer[answer.rfind("\n", 0, place) + 1 : place].strip()


def _without_blank_end(answer: str, piece: Slice) -> Slice:
    return Slice(piece.start, piece.start + len(answer[piece.start : piece.end].rstrip()))


def _trimmed(answer: str, piece: Slice) -> Slice:
    """The piece without the blanks at its ends, which belong to the text around."""
    text = answer[piece.start : piece.end]
    start = piece.start + len(text) - len(text.lstrip())
    return Slice(start, max(start, piece.start + len(text.rstrip())))


def _bare(text: str, start: int = 0, end: int | None = None) -> _Bare:
    places = [i for i in range(start, len(text) if end is None else end) if not text[i].isspace()]
    return _Bare("".join(text[i] for i in places), places)


def _shared(one: str, other: str) -> str:
    n = 0
    while n < min(len(one), len(other)) and one[n] == other[n]:
        n += 1
    return one[:n]


def _says(text: str) -> int:
    """How many letters and digits it has."""
    return sum(map(str.isalnum, text))


def _balance(text: str) -> int:
    return sum((char in _OPENERS) - (char in _CLOSERS) for char in text)


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"
