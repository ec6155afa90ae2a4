"""What another server reports: its words and its place, and what kinds of errors such words are about."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from infill.syntax.tree import Syntax
from infill.types import Span

# What may be mended by one kind of edit.
Trouble = Literal[
    "bracket", "extra bracket", "comma", "quote", "colon", "brace", "word", "indentation", "equals", "unused", "name"
]
# The words of pyright, ruff, tsc, eslint, gopls, rustc, javac and clang. Several may match.
_WORDS: tuple[tuple[Trouble, str], ...] = (
    ("name", r"not defined|undefined|cannot find|can't find|could not find|undeclared|unresolved|not declared"
             r"|not found in this scope|unbound|unknown (?:name|type|identifier|variable)|is not known"
             r"|use of unknown|no attribute|does not exist on|cannot access|failed to resolve|no field|no method"),
    ("unused", r"value is (?:unused|not used)|is not used|expected an assignment or function call|useless expression"
               r"|unused expression|statement has no effect|is not a statement|must be used"),
    ("equals", r"==|assignment|boolean expression|expected `?bool`?|assign to"),
    ("quote", r"unterminated|string literal not terminated|unclosed string|unclosed character|EOL while scanning"
              r"|missing (?:closing|terminating)|newline in string"),
    ("indentation", r"indent"),
    ("extra bracket", r"unmatched|unexpected (?:closing|token|'?[)\]}])|found '?[)\]}]|statement, found"
                      r"|declaration or statement expected|';' expected|expected expression"),
    ("bracket", r"not closed|never closed|unclosed|closing (?:bracket|delimiter|parenthes)"
                r"|['\"`][)\]}]['\"`] expected|expected ['\"`]?[)\]}]|missing [)\]}]|['\"`][)\]}]['\"`]"),
    ("comma", r"['\"`],['\"`]|comma|not closed|never closed"),
    ("colon", r"['\"`]:['\"`]|expected :|missing colon"),
    ("brace", r"['\"`]\{['\"`]|expected \{|opening brace|block"),
)  # fmt: skip
_QUOTED = re.compile(r"[\"'`“‘]([^\"'`“”‘’\n]+)[\"'`”’]")
_MEANT = re.compile(
    r"(?:did you mean|maybe you meant|do you mean|similar name(?: exists)?:?|to use|perhaps)"
    r"(?: the (?:instance|static) member| to write| this)?\W*?[`'\"“]?([^\W\d][\w.]*(?:::\w+)*)",
    re.IGNORECASE,
)
_AFTER_COLON = re.compile(r"(?:undefined|undeclared name|unresolved reference)\s*:?\s*([^\W\d]\w*)", re.IGNORECASE)


class Report(msgspec.Struct, frozen=True):
    """A diagnostic: `message` in one line, `span` of the text that it is about."""

    message: str
    span: Span

    @property
    def troubles(self) -> frozenset[Trouble]:
        """What the words may be about; empty where they tell nothing."""
        return frozenset(
            trouble for trouble, pattern in _WORDS if re.search(pattern, self.message, re.IGNORECASE) is not None
        )

    @property
    def meant(self) -> str:
        """The name that the message itself proposes; empty for none."""
        found = _MEANT.search(self.message)
        return found[1].rstrip(".") if found else ""

    def name(self, syntax: Syntax) -> str:
        """The name in question, which is in the text at the span or in its lines; empty for none."""
        said = [*_QUOTED.findall(self.message), *_AFTER_COLON.findall(self.message)]
        at = word_at(syntax.text, self.span)
        if at and (at in said or not said):
            return at
        first, last = syntax.line(self.span.start), syntax.line(self.span.end)
        lines = syntax.text[first.start : last.end]
        words = (word for word in said if word.isidentifier() and re.search(rf"(?<!\w){word}(?!\w)", lines))
        return next(words, at)


def word_at(text: str, span: Span) -> str:
    """Return the word that a span is; the one that it begins in, where it is empty or longer than a word."""
    start = span.start
    while start > 0 and _in_word(text[start - 1]):
        start -= 1
    end = span.start
    while end < len(text) and _in_word(text[end]):
        end += 1
    word = text[start:end]
    return word if word[:1] and not word[:1].isdigit() else ""


def _in_word(char: str) -> bool:
    return char == "_" or char.isalnum()
