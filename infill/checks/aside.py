"""What a line does not need: a comment behind its code, a second statement, more in its middle where nothing lacks."""

from __future__ import annotations

import re

from infill.syntax.indentation import BLANK
from infill.syntax.statements import nothing_is_missing, statement_ending_at
from infill.syntax.tree import Syntax
from infill.types import Span

_GOES_ON = re.compile(r"[\w.(\[{<:!?]")


def is_aside(syntax: Syntax, span: Span, text: str) -> bool:
    """Return whether `text`, put in place of `span` behind code of its line, is more than that line needs.

    So is a comment, another statement, and in front of code that lacks nothing all that does not go on with the word
    before it.
    """
    line, said = syntax.line(span.start), text.lstrip(BLANK)
    left = syntax.text[line.start : span.start]
    if not left.strip(BLANK) or not said:
        return False
    language = syntax.language
    markers = (language.line_comment, *(language.block_comment or ())[:1])
    if any(marker and said.startswith(marker) for marker in markers):
        blank_before = said != text or left != left.rstrip(BLANK)
        return blank_before or language.id != "bash"  # in a shell `#` begins a comment only behind a blank
    if nothing_is_missing(syntax, span.end):
        return _GOES_ON.match(text) is None
    if not said.startswith(";") or not said.strip("; \t"):
        return False
    return statement_ending_at(syntax, line.start + len(left.rstrip(BLANK))) is not None
