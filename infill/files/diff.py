"""Unified diffs, byte-exact for any line end. Knows texts and the name of a path; reads and writes no file."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path

_CONTEXT_LINES = 3


def unified_diff(path: str | Path, before: str, after: str) -> str:
    r"""Return a unified diff for `git apply` and `patch -p1` in the current folder; empty when equal.

    Only \n ends a line, as in both tools: a \r before it is part of the line. There is no
    `diff --git` line because git would then read the names from the top of the repository.
    """
    if before == after:
        return ""
    old, new = _lines(before), _lines(after)
    skipped = _strip_common(old, new)
    label = _label(path)
    parts = [f"--- {_quoted('a/' + label)}\n", f"+++ {_quoted('b/' + label)}\n"]
    matcher = difflib.SequenceMatcher(None, old, new)
    for group in matcher.get_grouped_opcodes(_CONTEXT_LINES):
        old_range = _hunk_range(skipped + group[0][1], skipped + group[-1][2])
        new_range = _hunk_range(skipped + group[0][3], skipped + group[-1][4])
        parts.append(f"@@ -{old_range} +{new_range} @@\n")
        for tag, old_start, old_end, new_start, new_end in group:
            if tag == "equal":
                parts += (_marked(" ", line) for line in old[old_start:old_end])
                continue
            parts += (_marked("-", line) for line in old[old_start:old_end])
            parts += (_marked("+", line) for line in new[new_start:new_end])
    return "".join(parts)


def _strip_common(old: list[str], new: list[str]) -> int:
    """Remove equal lines at both ends, in place, except the context; return how many were removed at the front.

    A fill changes a few lines: without this, difflib would index all of a large file.
    """
    shorter = min(len(old), len(new))
    n_front = next((i for i in range(shorter) if old[i] != new[i]), shorter)
    rest = shorter - n_front
    n_back = next((i for i in range(rest) if old[-1 - i] != new[-1 - i]), rest)
    n_back = max(0, n_back - _CONTEXT_LINES)
    skipped = max(0, n_front - _CONTEXT_LINES)
    for lines in (old, new):
        del lines[len(lines) - n_back :]
        del lines[:skipped]
    return skipped


def _lines(text: str) -> list[str]:
    return [line for line in re.split(r"(?<=\n)", text) if line]


def _marked(mark: str, line: str) -> str:
    return mark + line if line.endswith("\n") else f"{mark}{line}\n\\ No newline at end of file\n"


def _hunk_range(start: int, end: int) -> str:
    if end - start == 1:
        return str(start + 1)
    # An empty range has the number of the line before it.
    return f"{start if start == end else start + 1},{end - start}"


def _label(path: str | Path) -> str:
    """Return `path` as a patch names it: relative to the current folder when inside it, else to the root."""
    try:
        absolute, here = Path(os.path.abspath(path)), Path(os.path.realpath("."))
    except OSError:  # the current folder was deleted
        return str(path).replace(os.sep, "/").lstrip("/")
    inside = absolute.is_relative_to(here)
    return "/".join(absolute.relative_to(here).parts if inside else absolute.parts[1:])


def _quoted(name: str) -> str:
    """Return `name` as git writes it: C-quoted if it has odd characters, with a tab after it if it has a space."""
    if name.isprintable() and not set(name) & {'"', "\\"}:
        return name + "\t" if " " in name else name
    quoted = ""
    for byte in name.encode("utf-8", "surrogateescape"):
        plain = 0x20 <= byte < 0x7F and byte not in b'"\\'
        quoted += chr(byte) if plain else f"\\{byte:03o}"
    return f'"{quoted}"'
