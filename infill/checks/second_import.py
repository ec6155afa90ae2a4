"""Imports that a document has already, and future imports where none may stand: neither is offered."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from infill.syntax.quotes import DOCSTRING
from infill.syntax.tree import Syntax
from infill.types import Span

_IMPORT = re.compile(r"(?:from\s+(?P<module>[\w.]+)\s+)?import\s+(?P<names>[^#;]+)")
_BEGINS = re.compile(r"(?:import|export|from|use|using|require|mod|package|#\s*include|@import)\b")
# All that may stand above a future import.
_BEGINNING = re.compile(
    rf"(?:\s|\\\n|;|#[^\n]*|{DOCSTRING}|from\s+__future__\s+import\s+(?:\([^)]*\)|[^\n#;]*))*\ufeff?", re.DOTALL
)
_LONGEST_BEGINNING = 20_000  # characters; a text with more before its future imports is none


def is_second_import(syntax: Syntax, span: Span, text: str) -> bool:
    """Return whether `text` in place of `span` imports what the document imports already, on a line at column 0.

    So does a future import of Python below other code, which would not be permitted there.
    """
    first, last = syntax.line(span.start).start, syntax.line(span.end).end
    line = syntax.text[first : span.start] + text + syntax.text[span.end : last]
    new = [line.rstrip() for line in line.replace("\r", "\n").split("\n")]
    if not any(_BEGINS.match(line) for line in new):
        return False
    above, rest = syntax.text[:first], syntax.text[:first] + syntax.text[last:]
    python = syntax.language.id == "python"
    if python and _is_late(above, new):
        return True
    known = _known(rest, python)
    return any(imported and known.issuperset(imported) for line in new if (imported := [*_imported(line, python)]))


@functools.lru_cache(maxsize=2)
def _known(text: str, python: bool) -> frozenset[str]:
    """Return what a text imports, found once for all the candidates of a hole."""
    return frozenset(found for line in text.replace("\r", "\n").split("\n") for found in _imported(line, python))


def _is_late(above: str, new: list[str]) -> bool:
    """Whether there is code above the first of the new lines that is a future import."""
    for number, line in enumerate(new):
        if re.match(r"from\s+__future__\s+import\b", line):
            text = above + "".join(f"{line}\n" for line in new[:number])
            return len(text) > _LONGEST_BEGINNING or _BEGINNING.fullmatch(text.replace("\r\n", "\n")) is None
    return False


def _imported(line: str, python: bool) -> Iterator[str]:
    """Yield what a line at column 0 imports, one text for each name."""
    line = line.rstrip()
    if not python:
        if _BEGINS.match(line) and not line.endswith(("{", ",", "(")):
            yield line
        return
    found = _IMPORT.match(line)
    if found is None:
        return
    for name in found["names"].strip().strip("()").split(","):
        if name.strip():
            yield f"{found['module'] or ''} {' '.join(name.split())}"
