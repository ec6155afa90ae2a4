"""What a model wrote into a field of documentation, tidied: one sentence in the file's own way of writing."""

from __future__ import annotations

import re

from infill.candidates.doc_layout import Field
from infill.syntax.doc_style import VERBS, DocStyle, base_form, third_person

_END = re.compile(r"\"\"\"|'''|\*/|\n|<\||(?:^|\s)[@\\](?:param|returns?)\b|(?:^|\s):(?:param|returns?)\b")
# A sentence ends at a full stop before a capital, unless that is an abbreviation's.
_SENTENCE = re.compile(r"(?<!\be\.g)(?<!\bi\.e)(?<!\betc)(?<!\bvs)[.!?](?=\s+[A-Z`\"'])")
_ABOUT_ITSELF = re.compile(
    r"(?:this|the) (?:async )?(?:function|method|class|module|decorator|constructor|file|property|generator)"
    r"(?: is (?:used to|responsible for)| will| can be used to)? (?=\w)",
    re.IGNORECASE,
)
_STOPS = (".", "!", "?", ":")


def tidied(text: str, field: Field, style: DocStyle, begins_inside: bool = False) -> str:
    """Return a field's text in one line, as the file writes such; `begins_inside`: a name stands before it.

    The first sentence only, with or without its full stop, its verb in the usual form.
    """
    found = _END.search(text.lstrip())
    text = text.lstrip()[: found.start() if found else None]
    text = " ".join(text.split()).strip("\"' ") if text.count('"') % 2 else " ".join(text.split())
    if field.kind == "type":
        return text.rstrip(".,;: ")
    text = re.sub(r"^(?:[-:–—*]+\s+|\([^)]*\):\s+)", "", text)
    sentence = _SENTENCE.search(text)
    text = text[: sentence.end()] if sentence else text
    if field.kind == "summary":
        text = text if begins_inside else _in_form(_ABOUT_ITSELF.sub("", text, count=1), style)
        return _with_stop(text if begins_inside else _capital(text), style.full_stop)
    text = _capital(text) if style.entry_capital else _small(text)
    return _with_stop(text, style.entry_stop)


def _in_form(text: str, style: DocStyle) -> str:
    """Return the text with its first verb in the form that the file uses."""
    first, blank, rest = text.partition(" ")
    base = base_form(first)
    if style.imperative and base is not None:
        rest = re.sub(r"\band (\w+)\b", lambda m: f"and {base_form(m[1]) or m[1]}", rest, count=1)
        return base.capitalize() + blank + rest
    if style.imperative is False and first.lower() in VERBS:
        return third_person(first.lower()).capitalize() + blank + rest
    return text


def _with_stop(text: str, wanted: bool) -> str:
    text = text.rstrip()
    if not wanted:
        return text[:-1] if text.endswith(".") and not text.endswith(("..", "etc.")) else text
    return text if not text or text.endswith(_STOPS) else text.rstrip(",;") + "."


def _capital(text: str) -> str:
    """Return the text with a capital at its beginning, unless it begins with a name of the code."""
    first = re.match(r"\S*", text)
    word = first[0] if first else ""
    is_name = not word.rstrip(",.:;").isalpha() or word != word.lower()
    return text if is_name else text[:1].upper() + text[1:]


def _small(text: str) -> str:
    first = re.match(r"[A-Z][a-z]*\b", text)
    return text[:1].lower() + text[1:] if first and (len(first[0]) > 1 or first[0] == "A") else text
