"""From a model's answer about a selection to texts that could stand in its place."""

from __future__ import annotations

import re
from collections.abc import Set

from infill.prompt.shown import Shown
from infill.syntax.blanks import BLANK

_IMPORT = re.compile(r"(?:import|from|use|using|package|#\s*include|const \w+ = require)\b")
_NAMED = re.compile(r"([^\W\d]\w*)\s*[(<\[{:=]")
_OPENS = ":{(["  # ends a line that goes on below
_LAST_WORD = re.compile(r"(\w+)\W*$")


def ended(text: str, fence: str) -> bool:
    """Whether the answer has come to the fence that closes it."""
    return f"\n{fence}" in text or text.startswith(fence)


def head_of(line: str, keywords: Set[str]) -> str:
    """Return the beginning of a line up to the name that it defines; empty where it seems to define none."""
    named = (match for match in _NAMED.finditer(line) if match[1] not in keywords)
    match = next(named, None)
    return line[: match.end(1)] if match else ""


def strays(answer: str, shown: Shown, keywords: Set[str]) -> bool:
    """Return whether an answer begins with another definition of the file, whose first line the model was shown."""
    known, first = shown.outline.split("\n"), shown.selected.partition("\n")[0]
    heads = {head_of(line, keywords) for line in known} - {"", head_of(first, keywords)}
    for line in answer.split("\n")[:-1]:
        if line.strip(BLANK) and (line not in known or line[-1] in _OPENS):
            return (line in known and line != first) or head_of(line, keywords) in heads
    return False


def texts_of(answer: str, shown: Shown, fence: str, line_break: str) -> list[str]:
    """Return what the answer may mean for the selection, likeliest first; nothing where it does not fit there.

    An answer may go on with the lines below the selection, or begin anew with those above it.
    """
    code = "" if answer.startswith(fence) else answer.split(f"\n{fence}", 1)[0]
    lines = [line.rstrip(BLANK) if not line.strip(BLANK) else line for line in code.split("\n")]
    above = shown.begun.split("\n")[:-1]
    if above and lines[: len(above)] == above:
        lines = lines[len(above) :]
    found: list[str] = []
    for n_below in _repeated(lines, shown.after):
        own = _trimmed(lines[: len(lines) - n_below])
        own = own if shown.begun else _without_known_lines(own, shown)
        text = None if _repeats_below(own, shown) else _placed(own, shown)
        if text is not None and text.strip():
            found.append(text.replace("\n", line_break))
    return list(dict.fromkeys(found))


def _repeated(lines: list[str], after: tuple[str, ...]) -> list[int]:
    """Return how many of the last lines may be those below the selection: all of these, none, or the first few."""
    bare = [line.rstrip() for line in lines]
    below = [line.rstrip() for line in after]
    fitting = [n for n in range(len(below), 0, -1) if bare[-n:] == below[:n]]
    return [*(n for n in fitting if n == len(below)), 0, *(n for n in fitting if n < len(below))]


def _repeats_below(lines: list[str], shown: Shown) -> bool:
    """Whether the first line below the selection is among the lines, so that it would stand there twice."""
    below = next((line.rstrip() for line in shown.after if any(map(str.isalnum, line))), None)
    return below is not None and below not in shown.selected.split("\n") and below in [line.rstrip() for line in lines]


def _without_known_lines(lines: list[str], shown: Shown) -> list[str]:
    """Return the lines without others above them that the file has, and without imports that nothing below uses."""
    known = set(shown.outline.split("\n")) - set(shown.selected.split("\n"))
    while lines and (not lines[0].strip(BLANK) or (lines[0] in known and lines[0][-1] not in _OPENS)):
        lines = lines[1:]  # the file's top, copied
    n = next((i for i, line in enumerate(lines) if line.strip(BLANK) and not _IMPORT.match(line)), 0)
    below = "\n".join(lines[n:])

    def is_used(line: str) -> bool:
        name = _LAST_WORD.search(line)
        return name is None or re.search(rf"\b{re.escape(name[1])}\b", below) is not None

    kept = [line for line in lines[:n] if not line.strip(BLANK) or (line not in known and is_used(line))]
    kept = kept if any(line.strip(BLANK) for line in kept) else []
    return [*_trimmed(kept), *([""] if kept and not _IMPORT.match(lines[n]) else []), *lines[n:]] if n else lines


def _trimmed(lines: list[str]) -> list[str]:
    """Return the lines without blank ones at both ends."""
    while lines and not lines[0].strip(BLANK):
        lines = lines[1:]
    while lines and not lines[-1].strip(BLANK):
        lines = lines[:-1]
    return lines


def _placed(lines: list[str], shown: Shown) -> str | None:
    """Return the lines at the selection's indentation, without what shares its first and last line."""
    placed = "\n".join(shown.indent + line if line else line for line in lines)
    if not placed.startswith(shown.head) or not placed.endswith(shown.tail):
        return None
    text = placed[len(shown.head) : len(placed) - len(shown.tail)]
    return None if text[:1] in (" ", "\t") and not shown.head.strip() else text.rstrip()
