"""The layout of documentation in a style: clamped text with fields in it, which the model fills from left to right.

Names of parameters are clamped, so none can be told of that is not there.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Literal

import msgspec

from infill.syntax.described import Described
from infill.syntax.doc_comments import DocSyntax
from infill.syntax.doc_style import DocStyle

FieldKind = Literal["summary", "parameter", "result", "type"]
ROOM: dict[FieldKind, int] = {"summary": 40, "parameter": 32, "result": 32, "type": 12}  # tokens
UNIT = "    "  # of indentation in sections


class Field(msgspec.Struct, frozen=True):
    """A place to be filled with one line; `about` is the parameter that it is about."""

    kind: FieldKind
    about: str = ""


class DocLayout(msgspec.Struct, frozen=True):
    """Clamped texts and fields in turn, with LF for line breaks.

    What is wrapped goes on in a line that begins with `next_line`, and for an entry with more blanks.
    """

    pieces: tuple[str | Field, ...]
    next_line: str

    @property
    def fields(self) -> list[Field]:
        """The fields in order."""
        return [piece for piece in self.pieces if isinstance(piece, Field)]

    def written(self, texts: Sequence[str], first_column: int, width: int) -> str:
        """Return the documentation with a text in each field, wrapped to `width` columns.

        `first_column` is where it begins.
        """
        given, parts = iter(texts), list[str]()
        for piece in self.pieces:
            if isinstance(piece, str):
                parts.append(piece)
                continue
            line = "".join(parts).rpartition("\n")[2]
            column = len(line) + (first_column if "\n" not in "".join(parts) else 0)
            deeper = "" if piece.kind == "summary" else _deeper(line, self.next_line)
            parts.append(_wrapped(next(given), column, self.next_line + deeper, width))
        return "".join(parts)


def layout(described: Described, style: DocStyle, row: DocSyntax, indent: str, is_string: bool) -> DocLayout:
    """Return the layout for a definition; `indent` is that of its documentation."""
    if is_string:
        return DocLayout(tuple(_string(described, style, indent)), indent)
    if not row.closing or style.line_comments:
        marker = row.opening if not row.closing else "///"
        return DocLayout(tuple(_lines(described, style, row, indent + marker)), f"{indent}{marker} ")
    return DocLayout(tuple(_block(described, style, row, indent)), f"{indent} * ")


def summary_only(style: DocStyle) -> DocStyle:
    """Return the same style without sections."""
    return msgspec.structs.replace(style, sections="none")


def _string(described: Described, style: DocStyle, indent: str) -> list[str | Field]:
    below = f"\n{indent}" if style.begins_below else ""
    pieces: list[str | Field] = [below, Field("summary")]
    sections = {"google": _google, "numpy": _numpy, "rest": _rest}.get(style.sections)
    own = sections(described, style, indent) if sections is not None and described.kind == "function" else []
    return [*pieces, *own, f"\n{indent}" if own or below else ""]


def _google(described: Described, style: DocStyle, indent: str) -> list[str | Field]:
    pieces: list[str | Field] = []
    inner = f"\n{indent}{UNIT}"
    if described.parameters:
        pieces.append(f"\n\n{indent}Args:")
    for one in described.parameters:
        typed = f" ({one.type})" if style.types and one.type else ""
        pieces += [f"{inner}{one.mark}{one.name}{typed}: ", Field("parameter", one.name)]
    if described.gives:
        pieces += [f"\n\n{indent}{described.gives.capitalize()}:{inner}", Field("result")]
    return pieces


def _numpy(described: Described, style: DocStyle, indent: str) -> list[str | Field]:
    pieces: list[str | Field] = []
    line, inner = f"\n{indent}", f"\n{indent}{UNIT}"
    if described.parameters:
        pieces.append(f"\n{line}Parameters{line}{'-' * 10}")
    for one in described.parameters:
        optional = ", optional" if one.has_default and one.type else ""
        typed: list[str | Field] = [one.type + optional] if one.type else [Field("type", one.name)]
        pieces += [f"{line}{one.mark}{one.name} : ", *typed, inner, Field("parameter", one.name)]
    if described.gives:
        head = described.gives.capitalize()
        known = described.result_type
        typed = [known] if known else [Field("type")]
        pieces += [f"\n{line}{head}{line}{'-' * len(head)}{line}", *typed, inner, Field("result")]
    return pieces


def _rest(described: Described, style: DocStyle, indent: str) -> list[str | Field]:
    pieces: list[str | Field] = []
    before = f"\n\n{indent}"
    for one in described.parameters:
        pieces += [f"{before}:param {one.name}: ", Field("parameter", one.name)]
        before = f"\n{indent}"
        if style.types and one.type:
            pieces.append(f"{before}:type {one.name}: {one.type}")
    if described.gives == "returns":
        pieces += [f"{before}:{style.returns or 'returns'}: ", Field("result")]
    return pieces


def _tags(described: Described, style: DocStyle, row: DocSyntax, line: str) -> list[str | Field]:
    """Return the entries of a comment with tags; `line` is what each begins with."""
    pieces: list[str | Field] = []
    if described.kind != "function" or style.sections != "tags":
        return pieces
    before = line.rstrip() + line
    dash = "- " if style.dash else ""
    for one in described.parameters:
        typed = f"{{{one.type}}} " if style.types and one.type else ""
        pieces += [f"{before}{style.mark}param {typed}{one.name} {dash}", Field("parameter", one.name)]
        before = line
    if described.gives == "returns":
        tag = style.mark + (style.returns or row.returns[1:])
        pieces += [f"{before}{tag} ", Field("result")]
    return pieces


def _block(described: Described, style: DocStyle, row: DocSyntax, indent: str) -> list[str | Field]:
    line = f"\n{indent} * "
    brief = f"{style.mark}brief " if style.brief else ""
    tags = _tags(described, style, row, line)
    if style.one_line and not tags:
        return [f" {brief}", Field("summary"), " "]
    return [f"{line}{brief}", Field("summary"), *tags, f"\n{indent} "]


def _lines(described: Described, style: DocStyle, row: DocSyntax, start: str) -> list[str | Field]:
    name = f"{described.name} " if row.begins_with_name else ""
    brief = f"{style.mark}brief " if style.brief else ""
    return [f" {name}{brief}", Field("summary"), *_tags(described, style, row, f"\n{start} "), ""]


def _deeper(line: str, next_line: str) -> str:
    """Return how much deeper than the documentation the lines of an entry are that begins with `line`."""
    own = line.removeprefix(next_line)
    blanks = own[: len(own) - len(own.lstrip())]
    return blanks if not own.strip() else blanks + UNIT


def _wrapped(text: str, column: int, next_line: str, width: int) -> str:
    room = max(width - column, 1)
    if len(text) <= room:
        return text
    lines = textwrap.wrap(
        text,
        width=max(width, len(next_line) + 20),
        initial_indent="x" * column,
        subsequent_indent=next_line,
        break_long_words=False,
        break_on_hyphens=False,
    )
    first = lines[0][column:] if lines else ""
    return "\n".join([first, *lines[1:]])
