"""Comments at the ends of lines of text for which there is no tree, such as a line of another file."""

from __future__ import annotations

import re

from infill.syntax.language_table import Language
from infill.syntax.quotes import n_quotes, without_strings

# What tools read belongs to the code beside it, wherever that stands.
_DIRECTIVE = re.compile(
    r"(?:#|//|/\*|<!--)\s*(?:noqa|type:|pragma|pylint|pyright|mypy|ruff|fmt:|isort|nosec|eslint|@?ts-|prettier|NOLINT"
    r"|nolint|clang-format|istanbul|c8\b|go:|lint:|region|endregion|flake8)"
)
# Of what a comment may stand behind, in a shell, where its marker is also a part of words.
_BEFORE_COMMENT = " \t;|&()"


def without_trailing_comments(text: str, language: Language, alone: bool = False) -> str:
    """Return the text without comments behind code on the same line; with `alone` also where no code is before them."""
    return "\n".join(_without(line, language, alone) for line in text.split("\n"))


def is_in_comment_or_string(left: str, language: Language) -> bool:
    """Return whether the end of a line's beginning is in a comment, or in a string that the line opened."""
    return _comment_start(left, language) is not None or any(
        n_quotes(left, quote, language.quotes) % 2 for quote in language.quotes
    )


def _without(line: str, language: Language, alone: bool) -> str:
    start = _comment_start(line, language)
    if start is None or _DIRECTIVE.match(line, start) or not (alone or line[:start].strip()):
        return line
    return line[:start].rstrip()


def _ends_before(char: str, language: Language) -> bool:
    """Whether a comment may begin behind a character; behind a colon, two slashes are an address."""
    return char in _BEFORE_COMMENT if language.id == "bash" else char != ":" or language.line_comment == "#"


def _comment_start(line: str, language: Language) -> int | None:
    """Return where the comment begins that reaches to the end of the line; None without one."""
    marker, block = language.line_comment, language.block_comment
    if (not marker or marker not in line) and (block is None or block[0] not in line):
        return None
    code = without_strings(line, language.quotes)
    at = code.find(marker) if marker else -1
    while at > 0 and not _ends_before(code[at - 1], language):
        at = code.find(marker, at + 1)
    if at >= 0:
        return at
    at = -1 if block is None else code.rfind(block[0])
    if at < 0 or block is None:
        return None
    end = code.find(block[1], at + len(block[0]))
    return at if end < 0 or not code[end + len(block[1]) :].strip() else None
