r"""Strings on one line of text for which there is no tree, such as a fill before it is in the file.

What opens a string is a language's own: an apostrophe is none in `&'a str`, and none after a word's letter, as in
`1'000` or `don't`, unless the letters before it say what kind of string it is, as in `rb'...'`.
"""

from __future__ import annotations

import functools
import re

QUOTES = "\"'`"
_PREFIXED = r"(?:(?<!\w)|(?<=\b[rRbBfFuUtL])|(?<=\b[rRbBfFtT]{2})|(?<=\bu8))"
_CHARACTER = r"(?<!\w)'(?:\\(?:u\{[0-9a-fA-F]+\}|x[0-9a-fA-F]{2}|[uU][0-9a-fA-F]{4,8}|[^\n])|[^'\\\n])'"

_ONE = (
    r"[rRuU]?(?:\"{3}(?:\\.|(?!\"{3}).)*\"{3}|'{3}(?:\\.|(?!'{3}).)*'{3}"
    r"|\"(?:\\.|[^\"\\\n])*\"(?!\")|'(?:\\.|[^'\\\n])*'(?!'))"
)
# A docstring of Python: strings side by side, perhaps in parentheses. To be used with the flag DOTALL.
DOCSTRING = rf"(?:{_ONE}(?:[ \t]*(?:\\\r?\n[ \t]*)?{_ONE})*|\(\s*{_ONE}(?:\s*{_ONE})*\s*\))"


def without_strings(text: str, quotes: str = QUOTES) -> str:
    """Return the text with blanks for every complete string of one line; `quotes` are what opens one."""
    return _string(quotes).sub(lambda found: " " * len(found[0]), text)


def n_quotes(text: str, quote: str, quotes: str = QUOTES) -> int:
    """Return how many quotes of this kind open or close a string in the text; escaped ones and apostrophes do not."""
    if quote not in quotes:
        return 0
    if quote != "'":
        return len(re.findall(rf"(?<!\\){quote}", _quoted_quote(quotes).sub("", text)))
    return len(re.findall(rf"(?<!\\)(?:{_PREFIXED}'|'(?!\w))", text))


@functools.cache
def _string(quotes: str) -> re.Pattern[str]:
    kinds = [rf"{_PREFIXED if quote == chr(39) else ''}{quote}(?:\\.|[^{quote}\\\n])*{quote}" for quote in quotes]
    return re.compile("|".join([_CHARACTER, *kinds]))


@functools.cache
def _quoted_quote(quotes: str) -> re.Pattern[str]:
    """Return a pattern of a character literal that is a quote itself."""
    return re.compile(r"(?<!\w)'\\?[\"`]'" if "'" not in quotes else r"(?!)")
