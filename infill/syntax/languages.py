"""Finds a language by editor id, path or shebang line, and its pattern of an unwritten body."""

from __future__ import annotations

import functools
import re
from pathlib import PurePath

from infill.syntax.language_ids import plain_id
from infill.syntax.language_table import LANGUAGES, Language
from infill.syntax.quotes import DOCSTRING

__all__ = ["LANGUAGES", "Language", "by_id", "for_path", "placeholder_pattern"]

_BY_ID = {name: row for row in LANGUAGES for name in (row.id, *row.lsp_ids)}
_BY_EXTENSION = {extension: row for row in LANGUAGES for extension in row.extensions}
_BY_NAME = {name: row for row in LANGUAGES for name in row.file_names}
_BY_INTERPRETER = {name: row for row in LANGUAGES for name in row.interpreters}


def by_id(language_id: str) -> Language | None:
    """Return the language of one of our ids or of an LSP language id, also a dotted one; None when it is unknown."""
    return _BY_ID.get(plain_id(language_id))


def for_path(path: str | PurePath, text: str | None = None) -> Language | None:
    """Return the language by file name, then extension, then the shebang line of `text` if given."""
    pure = PurePath(path)
    found = _BY_NAME.get(pure.name) or _BY_EXTENSION.get(pure.suffix.lower())
    if found is None and text is not None and text.startswith("#!"):
        return _by_shebang(text[2:256].splitlines()[0] if len(text) > 2 else "")
    return found


def _by_shebang(line: str) -> Language | None:
    words = [word for word in line.split() if not word.startswith("-") and "=" not in word]
    if words and PurePath(words[0]).name == "env":
        words = words[1:]
    if not words:
        return None
    return _BY_INTERPRETER.get(PurePath(words[0]).name.rstrip("0123456789."))


@functools.cache
def placeholder_pattern(language: Language) -> re.Pattern[str]:
    """Return a pattern that matches a whole body made only of placeholders; group `placeholders` is those.

    A docstring before them is outside the group, because it describes to the model what to write.
    """
    one = rf"(?:{language.placeholder})"
    lead = rf"(?:{DOCSTRING}\s+)?" if language.block_style == "indent" else ""
    return re.compile(rf"\s*{lead}(?P<placeholders>{one}(?:\s+{one})*)\s*", re.DOTALL)
