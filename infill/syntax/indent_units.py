"""One level of indentation: as the file has it, and as one block has it; and which lines open a block."""

from __future__ import annotations

import functools
import re
from collections import Counter

from infill.syntax.blanks import BLANK, indent_of
from infill.syntax.languages import Language

_MAX_LINES_SEEN = 400  # lines that are read to find a file's indentation unit


def indent_unit(text: str, language: Language) -> str:
    """Return one level of indentation as the file has it: a tab, or its most frequent run of spaces."""
    return _detect_unit(text, language) or language.indent_unit


def block_unit(indent: str, outer: str) -> str | None:
    """Return by how much `indent` is deeper than the indentation around it; None where that is no usual step."""
    step = indent[len(outer) :]
    return step if indent.startswith(outer) and _is_unit(step) else None


def opens_block(language: Language, code: str) -> bool:
    """Whether a line of code opens a block, so that the next line is indented more."""
    if code.endswith(("{", "(", "[", "=", "=>")) or (code.endswith(":") and language.id != "css"):
        return True
    return bool(language.opener) and re.search(language.opener, code) is not None


@functools.lru_cache(maxsize=8)
def _detect_unit(text: str, language: Language) -> str | None:
    steps: Counter[str] = Counter()
    above, opened = "", False
    for line in re.split(r"\r\n|\n|\r", text, maxsplit=_MAX_LINES_SEEN)[:_MAX_LINES_SEEN]:
        if not line.strip(BLANK):
            continue
        indent = indent_of(line)
        if opened and len(indent) > len(above) and indent.startswith(above):
            steps[indent[len(above) :]] += 1
        # only under a header: continuation lines are indented by taste, or aligned with the line above
        above, opened = indent, opens_block(language, line.rstrip(BLANK)) or line.endswith(">")
    usual = [(count, step) for step, count in steps.items() if _is_unit(step)]
    return max(usual)[1] if usual else None


def _is_unit(step: str) -> bool:
    return step == "\t" or (2 <= len(step) <= 8 and not step.strip(" "))
