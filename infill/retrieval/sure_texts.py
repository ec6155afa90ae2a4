"""Texts that are nearly certain at the end of a line: what every such line of the file says, idioms, equal names."""

from __future__ import annotations

import re
from collections import Counter

import msgspec

from infill.prompt.context import lf
from infill.retrieval.occurrences import lines_with
from infill.syntax.blanks import indent_of, width
from infill.syntax.comments import without_trailing_comments
from infill.syntax.languages import Language
from infill.syntax.tree import Syntax
from infill.types import Hole, Span

LEAST_REPEATS = 3
MOST_LINES = 1_000  # that begin like the hole's line; more are no repetition
IDIOM = 0.9  # probability (0..1) of the rest of an idiom, once it is begun
SAME_NAME = 0.6  # of a value that is called like the keyword that it is for, where there is one
_MIN_BEGUN = 3  # letters of a line, before its rest is looked up
_PROPERTY = re.compile(r"(?:^|[{,])\s*(?P<name>[^\W\d]\w*)\s*:\s*$")
_KEYWORD = {
    "python": re.compile(r"(?:^|[(,])\s*(?P<name>[^\W\d]\w*)\s*=\s*$"),
    **dict.fromkeys(("javascript", "typescript", "tsx", "rust", "go"), _PROPERTY),
}
_HEADER = re.compile(
    r"^(?P<indent>[ \t]*)(?:[\w ]*\b(?:def|function|fn|func)\b[^(\n]*|(?:const|let|var)\s+\w+\s*=\s*(?:async\s*)?)"
    r"\((?P<parameters>)",
    re.MULTILINE,
)
_MAX_FUNCTION = 20_000  # characters above a line in which its function is looked for
_MAX_HEADER = 2_000  # characters of a function's header
_ARGUMENTS = frozenset({"argument_list", "arguments", "object", "field_initializer_list", "literal_value"})
_IDIOMS = {
    "python": ('if __name__ == "__main__":', "from __future__ import annotations"),
    "javascript": ('"use strict";',),
    "bash": ("set -euo pipefail", "#!/usr/bin/env bash"),
    "java": ("public static void main(String[] args) {",),
    "c": ("int main(int argc, char *argv[]) {", "#include <stdio.h>"),
    "cpp": ("#include <iostream>",),
    "go": ("package main", "if err != nil {"),
    "html": ("<!DOCTYPE html>", '<meta charset="utf-8">'),
}


class SureText(msgspec.Struct, frozen=True):
    """A text from the code base, or known of the language, and how probable (0..1) it is here by that alone."""

    text: str
    probability: float


def sure_texts(syntax: Syntax, hole: Hole) -> list[SureText]:
    """Return what is nearly certain to fill a hole within a line; nothing where code follows on the line."""
    line = syntax.line(hole.span.start)
    left, right = syntax.text[line.start : hole.span.start], syntax.text[hole.span.end : line.end]
    if hole.multiline or right.strip(" \t)]},;"):
        return []
    found = _same_name(syntax, hole.span, left, right)
    if right.strip():
        return found
    known = _repeated(syntax, line, left)
    return found + known + ([] if known else _idioms(syntax.language, syntax.text, left))


def _repeated(syntax: Syntax, line: Span, left: str) -> list[SureText]:
    """Return the end of the lines that begin as this one does, where at least three of them end so."""
    begun = left.strip()
    if sum(map(str.isalnum, begun)) < _MIN_BEGUN or (left != left.rstrip() and not begun):
        return []
    text, at, endings = syntax.text, syntax.text.find(begun), Counter[str]()
    for _ in range(MOST_LINES):
        if at < 0:
            break
        other = syntax.line(at)
        if other != line and not text[other.start : at].strip():
            endings[without_trailing_comments(text[at + len(begun) : other.end], syntax.language, alone=True)] += 1
        at = text.find(begun, at + len(begun))
    total, after_blank = endings.total(), left != left.rstrip()
    fitting = [(n, end) for end, n in endings.items() if n >= LEAST_REPEATS and end.strip()]
    # after a blank the rest begins with its code; within a word, or behind one, it begins as it stands there
    fitting = [(n, end) for n, end in fitting if not after_blank or end != end.lstrip()]
    return [SureText(end.strip() if after_blank else end.rstrip(), 0.9 * n / (total + 1)) for n, end in fitting[:2]]


def _idioms(language: Language, text: str, left: str) -> list[SureText]:
    """Return the rest of the idiom that the line begins with, unless the text has it elsewhere."""
    begun, found = left.lstrip(), list[SureText]()
    for idiom in _IDIOMS.get(language.id, ()):
        like = idiom.replace('"', "'") if text.count("'") > text.count('"') else idiom
        n_letters = sum(map(str.isalnum, begun))
        enough = n_letters >= _MIN_BEGUN and begun.rstrip() not in (idiom.split(" ")[0], like.rstrip())
        if enough and like.startswith(begun) and idiom not in text and like not in text:
            found.append(SureText(like[len(begun) :], IDIOM))
    return found


def _same_name(syntax: Syntax, span: Span, left: str, right: str) -> list[SureText]:
    """Return the name of the keyword that a value is wanted for, where a variable or parameter is called so."""
    pattern = _KEYWORD.get(syntax.language.id)
    match = None if pattern is None or not left.rstrip().endswith(("=", ":")) else pattern.search(left)
    if match is None or not _is_argument(syntax, left, match.start("name"), span.start):
        return []
    name = match["name"]
    if not _is_in_scope(syntax.text, syntax.line(span.start).start, name):
        return []
    alone = not left[: match.start("name")].strip() and not right.strip()
    texts = (f"{name},", name) if alone else (name,)
    return [SureText(text, SAME_NAME if text == texts[0] else SAME_NAME / 3) for text in texts]


def _is_argument(syntax: Syntax, left: str, start: int, offset: int) -> bool:
    """Whether the keyword at column `start` is in brackets, by the tree, or by its own line where that is broken."""
    if left[:start].rstrip().endswith(("(", ",", "{")):
        return True
    at = syntax.line(offset).start + start
    if syntax.enclosing(at, _ARGUMENTS) is not None:
        return True
    above = lf(syntax.text[: syntax.line(offset).start]).rstrip()
    return above.endswith(("(", "{", ",")) and bool(syntax.problems)


def _is_in_scope(text: str, line_start: int, name: str) -> bool:
    """Whether a variable or parameter of this name stands in the function around a line, or in its module."""
    own = indent_of(text[line_start : line_start + 200])
    found = re.escape(name)
    binds = rf"(?:(?:let|const|var|mut|for|as|import)\s+(?:[\w\s,]+,\s*)?|^[ \t]*(?:[\w.]+,\s*)*){found}\b"
    local = re.compile(
        rf"{binds}(?:\s*(?::[^=\n]+)?:?=(?!=)|\s*,[\w\s,]*=(?!=)|\s+(?:in|of)\b|[ \t]*(?:,|:|$))", re.MULTILINE
    )
    headers = [
        m
        for m in _HEADER.finditer(text, max(0, line_start - _MAX_FUNCTION), line_start)
        if width(indent_of(m["indent"])) < width(own)
    ]
    header = headers[-1] if headers else None
    if header is not None:
        parameters = text[header.start("parameters") : min(line_start, header.start("parameters") + _MAX_HEADER)]
        parameters = re.split(r"\)\s*(?:->[^:\n]*)?[:{]|\)\s*=>|\)[^\n(]*\{", parameters, maxsplit=1)[0]
        if re.search(rf"(?:^|[(,*&]|\s)\s*{found}(?=[\s,:=)]|$)", parameters):
            return True
        if local.search(text, header.end(), line_start):
            return True
    module = re.compile(rf"(?:(?:let|const|var|static)\s+)?{found}\s*(?::[^=\n]+)?=(?!=)")
    return any(module.match(line) for _, line in lines_with(text, name, line_start))
