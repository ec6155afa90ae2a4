"""From what a model wrote into a free segment to what can stand there, or nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from infill.candidates.postprocess import postprocess
from infill.candidates.sources import similar_code
from infill.checks.hint_check import hint_fits
from infill.checks.preservation import is_only_prose
from infill.checks.repeated_end import before_repetition
from infill.checks.returning import lacks_return
from infill.prompt.context import lf
from infill.prompt.segments import Segment, has_own_lines
from infill.retrieval.annotations import types_elsewhere
from infill.retrieval.similar_lines import probabilities
from infill.syntax.function_syntax import function_syntax
from infill.syntax.indentation import indent_of
from infill.syntax.languages import placeholder_pattern
from infill.syntax.line_breaks import line_break_at
from infill.syntax.tree import Syntax
from infill.syntax.type_hints import hint_at
from infill.types import Hole, Span


def fitted_texts(
    syntax: Syntax, segments: Sequence[Segment], texts: Sequence[str], as_written: bool, grows: bool = False
) -> tuple[str, ...]:
    """A text for each free segment; what stands there now where the model says nothing that can be used.

    `as_written` only mends line breaks: in a refinement the tokens on both sides stay, so there is nothing
    to fit. What `grows` may become several lines where it has its line to itself.
    """
    free = (s for s in segments if s.free)
    made: list[str] = []
    for segment, text in zip(free, texts, strict=True):
        present = syntax.text[segment.span.start : segment.span.end]
        text = _as_written(syntax, segment.span, text) if as_written else _fitted(syntax, segment, present, text, grows)
        made.append(present if text is None else text)
    return tuple(made)


def is_unwritten(syntax: Syntax, text: str) -> bool:
    """Whether the text is a placeholder, or gives one in place of a value: `pass`, `x = ...`, `return ...`."""
    value = function_syntax(syntax.language).value_placeholder
    pattern = rf"(?:=|\breturn|\byield)[ \t]*{re.escape(value)}[ \t]*(?:{syntax.language.line_comment or '#'}.*)?$"
    return is_placeholder(syntax, text) or bool(value and re.search(pattern, text, re.MULTILINE))


def is_placeholder(syntax: Syntax, text: str) -> bool:
    """Whether the text is only a placeholder, such as `pass`."""
    return placeholder_pattern(syntax.language).fullmatch(text) is not None


def usual_texts(syntax: Syntax, segment: Segment) -> tuple[str, ...]:
    """What is worth trying there whatever the model wrote: the usual types, where a type is wanted."""
    found = hint_at(syntax, segment.span) if segment.is_empty else None
    return () if found is None else found[0].usual


def are_hints(syntax: Syntax, segments: Sequence[Segment]) -> bool:
    """Whether all free segments are types to be written."""
    free = [s for s in segments if s.free]
    return bool(free) and all(s.is_empty and hint_at(syntax, s.span) is not None for s in free)


def retrieved_texts(
    syntax: Syntax, segments: Sequence[Segment], segment: Segment, texts: Sequence[str]
) -> dict[str, float]:
    """What the file and other `texts` say where nothing is written yet, and how probable (0..1) that makes it.

    The other placeholders say nothing of this one.
    """
    if not segment.is_empty:
        return {}
    hole, span = _hole(syntax, segment), segment.span
    unwritten = [s.span for s in segments if s.is_empty and s is not segment]
    before = _without(syntax.text, Span(0, span.start), unwritten)
    after = _without(syntax.text, Span(span.end, len(syntax.text)), unwritten)
    hole = msgspec.structs.replace(hole, span=Span(len(before), len(before)))
    here = similar_code(before + after, hole, texts, syntax.language)
    found = probabilities([*here, *types_elsewhere(syntax, span, texts)])
    present = syntax.text[span.start : span.end]
    retrieved: dict[str, float] = {}
    for text in sorted(found, key=lambda text: -found[text]):
        if (fitted := _fitted(syntax, segment, present, text, grows=False)) is not None:
            retrieved.setdefault(fitted, found[text])
    return retrieved


def _without(text: str, within: Span, spans: Sequence[Span]) -> str:
    """What stands within a span of the text, without other spans of it, which are in order."""
    kept: list[str] = []
    at = within.start
    for span in spans:
        if within.start <= span.start and span.end <= within.end:
            kept.append(text[at : span.start])
            at = span.end
    return "".join([*kept, text[at : within.end]])


def _as_written(syntax: Syntax, span: Span, text: str) -> str | None:
    if "\ufffd" in text or "\0" in text:
        return None
    return lf(text).replace("\n", line_break_at(syntax.text, span.start, span.end))


def _fitted(syntax: Syntax, segment: Segment, present: str, text: str, grows: bool) -> str | None:
    source, span = syntax.text, segment.span
    hole = _hole(syntax, segment)
    is_body, multiline = hole.kind == "block", hole.multiline or (grows and has_own_lines(source, span))
    if grows and not multiline and "\n" in text.strip():
        return None  # its first line alone would lose what the others do
    hole = msgspec.structs.replace(hole, multiline=multiline)
    by_indent, quotes = syntax.language.block_style == "indent", syntax.language.quotes
    text = postprocess(text, hole, source[: span.start], source[span.end :], indent_blocks=by_indent, quotes=quotes)
    text = before_repetition(text) if is_body else text
    if segment.is_empty and (is_unwritten(syntax, text) or not any(char.isalnum() for char in text)):
        return None
    if is_body and (is_only_prose(syntax, span, text) or lacks_return(syntax, span, text)):
        return None
    if segment.is_empty and not hint_fits(syntax, span, text):
        return None
    return text if text.strip() else None


def _hole(syntax: Syntax, segment: Segment) -> Hole:
    """A placeholder with its lines to itself stands for a body; where it shares them, for a word or two."""
    span, line = segment.span, syntax.line(segment.span.start)
    present = syntax.text[span.start : span.end]
    is_body = segment.is_empty and has_own_lines(syntax.text, span)
    multiline = is_body or "\n" in present or "\r" in present
    indent = indent_of(syntax.text[line.start : line.end])
    return Hole(span, "block" if is_body else "selection", indent, multiline)
