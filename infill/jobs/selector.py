"""Selectors: the words, names and queries that say which places of a file are meant."""

from __future__ import annotations

import re
from typing import Literal, cast

import msgspec

from infill.files.decode import printable
from infill.jobs.job import TODO_BODIES, JobSpec
from infill.types import InputError

Kind = Literal["todo-bodies", "no-docstring", "no-type-hints", "calls", "marker", "query"]
PLAIN = (TODO_BODIES, "no-docstring", "no-type-hints")
FROZEN = ("signatures", "comments", "strings")
KNOWN = f"{', '.join(PLAIN)}, calls:NAME, marker:WORD, or a tree-sitter query in brackets"


class Selector(msgspec.Struct, frozen=True):
    """What is selected; `what` is the name of calls, the word of a marker, or the text of a query."""

    kind: Kind
    what: str = ""


def parse_selector(text: str) -> Selector:
    """Return what a selector means; raises `InputError` that names it and lists those that there are."""
    text = text.strip()
    if is_query(text):
        return Selector("query", text)
    kind, _, what = text.partition(":")
    if text in PLAIN:
        return Selector(cast("Kind", text))
    if kind == "calls" and re.fullmatch(r"[\w$.:!]+", what):
        return Selector("calls", what)
    if kind == "marker" and re.fullmatch(r"[\w$@-]+", what):
        return Selector("marker", what)
    raise InputError(f"selector {printable(text)!r}: is not one of {KNOWN}")


def is_query(text: str) -> bool:
    """Return whether a text can only be a tree-sitter query."""
    return text.startswith(("(", "[", "_", ";"))


def check_spec(spec: JobSpec) -> None:
    """Raise `InputError` for a job whose parts do not fit together; languages are checked where they are used."""
    selector = parse_selector(spec.select.selector)
    told = (spec.instruct.text or "").strip()
    if spec.instruct.text is not None and not told:
        raise InputError("instruct.text: is empty; say what to do, or leave it out")
    if told and spec.action != "rewrite":
        raise InputError(f'instruct.text: the action {spec.action} takes no instruction; set action = "rewrite"')
    if selector.kind == "calls" and spec.action == "fill":
        raise InputError(f'select.selector {selector.kind}: nothing is missing there; set action = "rewrite"')
    if selector.kind == "marker" and spec.action != "fill":
        raise InputError(f'select.selector marker: is for action = "fill", not {spec.action}')
    for part in spec.freeze.parts:
        if part not in FROZEN and not is_query(part.strip()):
            raise InputError(f"freeze.parts {printable(part)!r}: is not one of {', '.join(FROZEN)}, nor a query")
    if spec.verify.junit is not None and spec.verify.command is None:
        raise InputError("verify.junit: needs verify.command, which writes it")
    if not spec.select.paths:
        raise InputError("select.paths: is empty; name files or folders")
