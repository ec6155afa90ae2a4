"""What became of a planted fault, decided by the text that was there before it."""

from __future__ import annotations

import ast
import difflib
import re
from typing import Literal

from infill.bench.fix.planted import NAME_KINDS, Planted, is_well_formed
from infill.bench.instruct.checks import normalised
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Span

Verdict = Literal["mended", "otherwise", "broken", "refused"]


def verdict(planted: Planted, text: str | None) -> tuple[Verdict, bool]:
    """Return what the whole new text comes to, and whether it changes other lines than that of the fault.

    mended: it says what it said before. otherwise: the error is gone, but something else is said. broken: the error,
    or another one, is there.
    """
    if text is None or text == planted.broken:
        return "refused", False
    if planted.kind == "missing import":
        return _imported(planted, text)
    touches = _touches(planted, text)
    if _says_the_same(planted.language, planted.text, text):
        return "mended", touches
    return ("otherwise" if _is_gone(planted, text) else "broken"), touches


def _touches(planted: Planted, text: str) -> bool:
    before, after = planted.broken[: planted.line.start], planted.broken[planted.line.end :]
    return not (text.startswith(before) and text.endswith(after) and len(text) >= len(before) + len(after))


def _says_the_same(language: str, one: str, other: str) -> bool:
    if one == other:
        return True
    if not is_well_formed(language, other):
        return False
    if language == "python":
        return ast.dump(ast.parse(one)) == ast.dump(ast.parse(other))
    row = by_id(language)
    assert row is not None
    a, b = (normalised(parse(row, text), Span(0, len(text))) for text in (one, other))
    return a == b


def _is_gone(planted: Planted, text: str) -> bool:
    """Whether the text is well formed, and the name that had no meaning is no longer in the fault's lines."""
    if not is_well_formed(planted.language, text):
        return False
    if planted.kind not in NAME_KINDS:
        return True
    rest = len(planted.broken) - planted.line.end
    lines = text[planted.line.start : len(text) - rest]
    return re.search(rf"(?<![\w.]){re.escape(planted.name)}\b", lines) is None


def _imported(planted: Planted, text: str) -> tuple[Verdict, bool]:
    """The same for a line that is missing: where it goes does not matter."""
    old, new = planted.broken.splitlines(), text.splitlines()
    touches, added = False, list[str]()
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        added += new[j1:j2] if tag in ("insert", "replace") else []
        touches |= any(line.strip() for line in old[i1:i2]) and tag in ("delete", "replace")
    if not is_well_formed(planted.language, text):
        return "broken", touches
    if planted.gone.strip() in (line.strip() for line in added):
        return "mended", touches
    imports = [line for line in added if re.search(rf"\b(import|use|from)\b.*\b{re.escape(planted.name)}\b", line)]
    return ("otherwise" if imports else "broken"), touches
