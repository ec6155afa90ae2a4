"""One ignore file in git's syntax: its lines as patterns, and the one that decides about a path.

Knows text, no folders: `rules` says which files count for a path, and in which order. Written out here
because pathspec 1.1.1 lets through what git ignores (its issue 129, and classes as in `[[:alpha:]]`). The
regular expressions never backtrack into a `*` or `**` that has matched, so that no pattern of an untrusted
workspace can keep the server busy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

_DOUBLE = "**"  # as a whole segment: any number of folders
_STAR = "[^/]*"
_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r" \t-\r",
    "upper": "A-Z",
    "xdigit": "0-9a-fA-F",
}


class BrokenPattern(Exception):
    """A line that no path can ever match by git's rules, so it is unknown which files it was meant for."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


class Pattern(msgspec.Struct, frozen=True):
    """One line of an ignore file. `regex` is matched against the entry's path with `of_path`, else against its name."""

    text: str
    line: int  # its number in the file, from 1
    negated: bool
    folder_only: bool
    of_path: bool
    regex: re.Pattern[str]

    def matches(self, path: str, is_folder: bool) -> bool:
        """Whether this line is about the entry at `path`, relative to the ignore file's folder, with `/`."""
        if self.folder_only and not is_folder:
            return False
        return self.regex.fullmatch(path if self.of_path else path[path.rfind("/") + 1 :]) is not None


def parse_ignore_file(text: str, ignore_case: bool = False) -> tuple[Pattern, ...]:
    """Return the patterns of an ignore file in its order; raises `BrokenPattern`."""
    flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
    patterns: list[Pattern] = []
    for number, raw in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        line = _trimmed(raw.removesuffix("\r"))
        if raw.startswith("#") or not line.strip("!/"):
            continue
        body = line.removeprefix("!")
        folder_only = body.endswith("/")
        body = body.removesuffix("/")
        of_path = "/" in body
        try:
            regex = re.compile(_regex(list(_atoms(body.removeprefix("/"))), of_path), flags)
        except (ValueError, re.error):
            raise BrokenPattern(number, line) from None
        patterns.append(Pattern(line, number, line.startswith("!"), folder_only, of_path, regex))
    return tuple(patterns)


def deciding(patterns: Sequence[Pattern], path: str, is_folder: bool) -> Pattern | None:
    """Return the last pattern that is about this entry."""
    return next((pattern for pattern in reversed(patterns) if pattern.matches(path, is_folder)), None)


def _trimmed(line: str) -> str:
    """Return the line without the blanks at its end, except one after a backslash."""
    end = len(line)
    while end and line[end - 1] == " ":
        n_backslashes = end - 1 - len(line[: end - 1].rstrip("\\"))
        if n_backslashes % 2:
            break
        end -= 1
    return line[:end]


def _atoms(body: str) -> Iterator[str]:
    r"""Yield the pattern's atoms: `/`, a run of `*`, and a regular expression for each single character."""
    at = 0
    while at < len(body):
        char = body[at]
        if char == "*":
            end = at + len(body[at:]) - len(body[at:].lstrip("*"))
            yield body[at:end]
            at = end
            continue
        at += 1
        if char == "?":
            yield "[^/]"
        elif char == "[":
            at, expression = _bracket(body, at)
            yield expression
        elif char == "\\":
            if at == len(body):
                raise ValueError
            yield "/" if body[at] == "/" else f"(?:{re.escape(body[at])})"
            at += 1
        else:
            yield "/" if char == "/" else re.escape(char)


def _bracket(body: str, at: int) -> tuple[int, str]:
    """Return the offset after a bracket expression, and its regular expression; `at` is the offset after its `[`."""
    negated = body[at : at + 1] in ("!", "^")
    at += negated
    first, items = at, ""
    while at == first or body[at : at + 1] != "]":
        named = re.compile(r"\[:([^]]*):]").match(body, at)
        if named is not None:
            if named[1] not in _CLASSES:
                raise ValueError
            items += _CLASSES[named[1]]
            at = named.end()
            continue
        at, low = _member(body, at)
        if body[at : at + 1] == "-" and body[at + 1 : at + 2] not in ("]", ""):
            at, high = _member(body, at + 1)
            # Of a backward range git matches only the first character.
            items += f"{re.escape(low)}-{re.escape(max(low, high))}"
        else:
            items += re.escape(low)
    inside = f"[{items}]" if items else "(?!)"
    return at + 1, f"(?:(?!{inside})[^/])" if negated else f"(?:(?!/){inside})"


def _member(body: str, at: int) -> tuple[int, str]:
    """Return the offset after a character of a bracket expression, and the character."""
    at += body[at : at + 1] == "\\"
    if at >= len(body):
        raise ValueError
    return at + 1, body[at]


def _regex(atoms: list[str], of_path: bool) -> str:
    """Return the regular expression for the atoms; it is meant for `fullmatch`."""
    n_plain = next((at for at, atom in enumerate(atoms) if atom[0] in "*[("), len(atoms))
    if of_path and 0 < n_plain < len(atoms) and _is_double(atoms, n_plain):
        # Git compares what comes before the first wildcard on its own, so that `gen**/x` reaches into folders.
        return "".join(atoms[:n_plain]) + _regex(atoms[n_plain:], of_path)
    segments: list[list[str]] = [[]]
    for atom in atoms:
        if atom == "/":
            segments.append([])
        else:
            segments[-1].append(atom)
    runs: list[list[str]] = [[]]  # of segments, with any number of folders between two runs
    for segment in segments:
        if of_path and len(segment) == 1 and segment[0].startswith(_DOUBLE):
            runs.append([])
        else:
            runs[-1].append(_segment(segment))
    joined = ["/".join(run) for run in runs]
    if len(joined) == 1:
        return joined[0]
    first, *middle, last = joined
    any_folders = "(?:[^/]*+/)*?"
    whole = f"{first}/" if runs[0] else ""
    whole += "".join(f"(?>{any_folders}{run}/)" for run in middle if run)
    return whole + (any_folders + last if runs[-1] else ".*")


def _is_double(atoms: list[str], at: int) -> bool:
    """Whether the atom is a `**` with nothing of its segment behind it."""
    return atoms[at].startswith(_DOUBLE) and atoms[at + 1 : at + 2] in ([], ["/"])


def _segment(atoms: list[str]) -> str:
    """Return the regular expression for what is between two slashes; it ends where the segment does."""
    between = [""]  # the stars
    for atom in atoms:
        if atom.startswith("*"):
            between.append("")
        else:
            between[-1] += atom
    if len(between) == 1:
        return between[0]
    first, *middle, last = between
    # The leftmost match of a part is as good as any: another `*` follows.
    inner = "".join(f"(?>{_STAR}?{part})" for part in middle if part)
    return f"{first}{inner}(?>{_STAR}{last}(?=/|\\Z))"
