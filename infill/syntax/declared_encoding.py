"""The encoding that a source file declares in its own text, as PEP 263 says; other languages' comments may, too."""

from __future__ import annotations

import codecs
import re

from infill.types import InputError

UTF_8 = "utf-8"
HEAD = 1024  # characters in which a declaration may be
# A comment in the first two lines: Python's own rule, and what Emacs and Vim read in any language.
_COOKIE = re.compile(r"[ \t\f\ufeff]*(?:#|//|/\*|<!--|--|;).*?coding[:=][ \t]*([-\w.]+)")
_CHARSET = re.compile(r'\ufeff?@charset "([-\w.]+)";|<meta\s[^>]*charset=["\']?([-\w.]+)', re.IGNORECASE)
_MARKUP = re.compile(r"\s*(?:<!doctype|<html|<head|<meta|@charset)", re.IGNORECASE)
_BREAK = re.compile(r"\r\n|\n|\r")


def declared_encoding(text: str) -> str:
    """Return the name of the codec that the text declares for itself, by Python's name of it; `utf-8` for none.

    Raises `InputError` where the declared encoding is unknown here, or is none of text.
    """
    name = _declared(text[:HEAD])
    if name is None:
        return UTF_8
    try:
        codec = codecs.lookup(re.sub(r"-(?:unix|dos|mac)\Z", "", name))
    except LookupError:
        raise InputError(f"declares the encoding {name}, which is unknown here") from None
    if not getattr(codec, "_is_text_encoding", True):
        raise InputError(f"declares the encoding {name}, which is none of text")
    return UTF_8 if codec.name == "utf-8-sig" else codec.name


def _declared(head: str) -> str | None:
    lines = _BREAK.split(head, maxsplit=2)[:2]
    for number, line in enumerate(lines):
        if (found := _COOKIE.match(line)) is not None:
            return found[1]
        if number == 0 and line.strip(" \t\f\ufeff") and not re.match(r"[ \t\f\ufeff]*(?:#|//|/\*|<!|--|;)", line):
            break  # a declaration in the second line counts only under a blank or a comment
    found = _CHARSET.search(head) if _MARKUP.match(head.lstrip("\ufeff")) else None
    return None if found is None else found[1] or found[2]
