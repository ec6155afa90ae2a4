"""Where nothing is suggested unasked, whatever a model would write; found from the text and its tree, without one.

A request that the user made is never refused here.
"""

from __future__ import annotations

import re

from infill.syntax.indentation import BLANK, indent_of, line_below, width
from infill.syntax.prose import in_text, prose_at
from infill.syntax.quotes import without_strings
from infill.syntax.statements import nothing_is_missing
from infill.syntax.tree import Syntax, ancestors
from infill.syntax.word_chars import is_word_char
from infill.types import Reason, Span

MAX_BYTES = 1_000_000
MAX_MEAN_LINE = 240  # characters; above it the file was generated, minified or is data
ROWS_ABOVE = 2  # rows of literals above the cursor's own that make it data
_HEAD_LINES = 20  # in which a generated file says that it is one

# Said by a comment, as the beginning of its line or behind the name of the file.
_GENERATED = re.compile(
    r"^[ \t]*(?:#|//|/\*|\*|<!--|--|;)[^\n]*?"
    r"(?:@generated\b|\b(?:auto(?:matically)?[- ]?)?generated\b[^\n]*\bdo not (?:edit|modify|change)\b"
    r"|\bdo not (?:edit|modify|change)\b[^\n]*\bgenerated\b|\bauto(?:matically)?[- ]?generated (?:by|from|file|code)\b"
    r"|\bis auto(?:matically)?[- ]?generated\b)",
    re.IGNORECASE | re.MULTILINE,
)
_ALONE = frozenset({"pass", "break", "continue"})
_HEADER = re.compile(r"(?:async|class|def|if|elif|else|for|while|with|try|except|finally|match|case)\b|\)")
# What ends in a brace and takes nothing behind it, other than a condition or a value.
_ENDS_IN_BRACE = re.compile(
    r"(?:function|method|class|interface|enum|constructor)_(?:definition|declaration)"
    r"|(?:function|impl|trait|struct|enum|mod)_item"
    r"|(?:enhanced_for|for_in|for|while|switch|expression_switch|select)_statement|rule_set"
)
_NUMBER = r"[-+]?\d[\w.]*"
_LITERAL = rf"""{_NUMBER}|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\b(?:None|True|False|true|false|null|nil|NULL)\b"""
_ROW = re.compile(rf"\s*[\[({{]*\s*(?:{_LITERAL})(?:[\s\[\](){{}},:]+(?:{_LITERAL}))*[\s\])}}]*,\s*")
_ROW_BEGUN = re.compile(rf"""\s*[\[({{]*\s*(?:(?:{_LITERAL})[\s\[\](){{}},:]*)*(?:"[^"]*|'[^']*)?""")


def refusal(syntax: Syntax, offset: int) -> tuple[Reason, str] | None:
    """Return the reason and detail why an automatic trigger shows nothing here, cheapest test first; None for none."""
    if len(syntax.source) > MAX_BYTES:
        return "file_too_large", f"{len(syntax.source)} bytes, the limit is {MAX_BYTES}"
    if (detail := generated(syntax.text)) is not None:
        return "generated_file", detail
    if is_word_char(syntax.text[offset : offset + 1]):
        return "word_to_the_right", "the cursor is before a word character"
    prose = prose_at(syntax, offset)
    if prose == "comment":
        return "in_comment", "the cursor is in a comment"
    if prose == "string":
        return "in_string", "the cursor is in a string"
    if in_text(syntax, offset):
        return "in_string", "the cursor is in text between tags"
    if (detail := _finished(syntax, offset)) is not None:
        return "finished_line", detail
    if nothing_is_missing(syntax, offset) and not is_word_char(syntax.text[offset - 1 : offset]):
        return "finished_line", "nothing is missing here, and code follows"
    if _is_data(syntax, offset):
        return "data_row", f"this row and the {ROWS_ABOVE} above are literals"
    return None


def generated(text: str) -> str | None:
    """Return what shows that a program wrote the text; None where nothing does."""
    n_lines = max(text.count("\n"), text.count("\r")) + 1
    mean_line = len(text) / n_lines
    if mean_line > MAX_MEAN_LINE:
        return f"lines of {mean_line:.0f} characters on average"
    head = "\n".join(re.split(r"\r\n?|\n", text[: _HEAD_LINES * MAX_MEAN_LINE])[:_HEAD_LINES])
    return "a comment at its top says so" if _GENERATED.search(head) else None


def _finished(syntax: Syntax, offset: int) -> str | None:
    """Return what ends the line at its end; None where something may follow, or where the cursor is not at the end."""
    line, language = syntax.line(offset), syntax.language
    left = syntax.text[line.start : offset].strip(BLANK)
    if not left or syntax.text[offset : line.end].strip(BLANK):
        return None
    if language.statement_end and left.endswith(language.statement_end):
        return None if _is_open(left, language.quotes) else f"{language.statement_end} ends the statement"
    if left in _ALONE:
        return f"nothing follows {left}"
    if language.block_style == "indent":
        opens = left.endswith(":") and _HEADER.match(left) and not _is_open(left.lstrip(")"), language.quotes)
        return "its block begins on the next line" if opens else None
    if left.endswith("{"):
        return "its block begins on the next line" if _has_body_below(syntax, line) else None
    if left.endswith("}"):
        end = len(syntax.text[:offset].rstrip(BLANK))
        byte = syntax.byte_offset(end)
        for node in ancestors(syntax.node_over(Span(end - 1, end))):
            if node.end_byte != byte:
                return None
            if _ENDS_IN_BRACE.fullmatch(node.type) and not node.has_error:
                return "the brace ends it"
    return None


def _has_body_below(syntax: Syntax, line: Span) -> bool:
    """Whether the next line that is not blank is deeper than this one."""
    below = line_below(syntax, line.end)
    if below is None:
        return False
    own, deeper = (width(indent_of(syntax.text[s.start : s.end])) for s in (line, below))
    return deeper > own


def _is_open(left: str, quotes: str) -> bool:
    """Whether a line has opened a bracket that it has not closed."""
    code = without_strings(left, quotes)
    return any(code.count(opening) > code.count(closing) for opening, closing in ("()", "[]"))


def _is_data(syntax: Syntax, offset: int) -> bool:
    """Whether the line up to the cursor, and those above, say nothing but literals: numbers, or several a line."""
    line = syntax.line(offset)
    left = syntax.text[line.start : offset]
    if not left.strip(BLANK) or _ROW_BEGUN.fullmatch(left) is None:
        return False
    rows: list[str] = []
    while line.start and len(rows) < ROWS_ABOVE:
        line = syntax.line(line.start - 1 - syntax.text.startswith("\r\n", line.start - 2))
        rows.append(syntax.text[line.start : line.end])
    return len(rows) == ROWS_ABOVE and all(_ROW.fullmatch(row) and _tells_little(row) for row in rows)


def _tells_little(row: str) -> bool:
    """Whether a row has a number, or more literals than one: a single word in each row often follows from the code."""
    literals = re.findall(_LITERAL, row)
    return len(literals) > 1 or any(re.fullmatch(_NUMBER, literal) for literal in literals)
