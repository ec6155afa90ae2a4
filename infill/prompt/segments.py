"""A selection as clamped and free segments: to canvases, and back to text.

Frozen text is copied from the document and never decoded from tokens, so no tokenizer and no model can
change a character of it. Refuses to know how canvases are denoised and which fill is best.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from infill.prompt.canvas import LONG_SELECTION, free_ids, rooms
from infill.prompt.context import PromptContext, lf
from infill.types import Part, Span
from model.types import Canvas, Fill, ModelInfo, Tokenizer

VARIANTS = (-2, -1, 0, 1, 2)  # lengths to try: tokens more or less than there are now
FEW_VARIANTS = (-2, 0, 2)


class Segment(msgspec.Struct, frozen=True):
    """A part of the selection with its present tokens; `lengths` (tokens) are those to try where it is free.

    `is_empty` says that its present text is a placeholder.
    """

    span: Span
    ids: tuple[int, ...]
    lengths: tuple[int, ...] = ()
    is_empty: bool = False

    @property
    def free(self) -> bool:
        """Whether the model may write here."""
        return bool(self.lengths)


def lay_out(
    text: str,
    selection: Span,
    frozen: Sequence[Span],
    tokenizer: Tokenizer,
    info: ModelInfo,
    is_placeholder: Callable[[str], bool],
) -> list[Segment]:
    """Return segments that cover the selection, in order; blanks at the ends of a free one are clamped.

    `frozen` spans may overlap, touch, reach out of the selection or come in any order.
    """
    free = free_spans(text, selection, frozen)
    laid: list[Segment] = []
    at = selection.start
    for span in free:
        laid += _clamped(text, Span(at, span.start), tokenizer)
        laid.append(_free(text, span, tokenizer, info, is_placeholder))
        at = span.end
    return laid + _clamped(text, Span(at, selection.end), tokenizer)


def free_spans(text: str, selection: Span, frozen: Sequence[Span]) -> list[Span]:
    """Return the spans of the selection that are not frozen, in order, each without the blanks at its ends."""
    free: list[Span] = []
    at = selection.start
    for span in [*_merged(text, frozen), Span(selection.end, selection.end)]:
        start, end = min(max(span.start, at), selection.end), min(max(span.end, at), selection.end)
        if start > at and (inner := _without_blanks(text, Span(at, start))) is not None:
            free.append(inner)
        at = end
    return free


def joint_canvases(prompt: PromptContext, segments: Sequence[Segment], n_rows: int) -> list[Canvas]:
    """Return canvases over all segments at once; the lengths of each segment are spread over the `n_rows` rows."""
    return [_canvas(prompt, segments, row, n_rows) for row in range(n_rows)]


def row_lengths(segments: Sequence[Segment], row: int, n_rows: int) -> list[int]:
    """Return how many tokens each free segment has in a row."""
    return [s.lengths[row * len(s.lengths) // n_rows] for s in segments if s.free]


def texts_of(fill: Fill, lengths: Sequence[int], tokenizer: Tokenizer) -> list[str]:
    """Return the text of each free segment of a denoised canvas; empty when it was not denoised, or only in part."""
    texts = split_texts(fill.token_ids, lengths, tokenizer) if 0 < len(fill.token_ids) <= sum(lengths) else []
    return texts if all(texts) else []


def split_texts(ids: Sequence[int], lengths: Sequence[int], tokenizer: Tokenizer) -> list[str]:
    """Return the texts of consecutive segments of these lengths (tokens) in `ids`."""
    texts: list[str] = []
    at = 0
    for n in lengths:
        texts.append(tokenizer.decode(ids[at : at + n]))
        at += n
    return texts


def assembled(text: str, selection: Span, segments: Sequence[Segment], texts: Sequence[str]) -> str:
    """Return the selection with `texts` in its free segments, and every other character from `text`."""
    parts: list[str] = []
    at, given = selection.start, iter(texts)
    for segment in segments:
        if segment.free:
            parts += [text[at : segment.span.start], next(given)]
            at = segment.span.end
    return "".join([*parts, text[at : selection.end]])


def changed_parts(text: str, segments: Sequence[Segment], texts: Sequence[str]) -> tuple[Part, ...]:
    """Return the free segments whose text has changed, as parts."""
    free = (s for s in segments if s.free)
    pairs = zip(free, texts, strict=True)
    return tuple(Part(s.span, new) for s, new in pairs if new != text[s.span.start : s.span.end])


def new_spans(text: str, selection: Span, parts: Sequence[Part]) -> list[Span]:
    """Return the spans of the parts' texts in the new selection with LF line breaks, counted from its start."""
    spans: list[Span] = []
    at, n_written = selection.start, 0
    for part in parts:
        start = n_written + len(lf(text[at : part.span.start]))
        spans.append(Span(start, start + len(lf(part.text))))
        at, n_written = part.span.end, spans[-1].end
    return spans


def _canvas(prompt: PromptContext, segments: Sequence[Segment], row: int, n_rows: int) -> Canvas:
    ids, mask = list(prompt.tail_ids), [False] * len(prompt.tail_ids)
    lengths = iter(row_lengths(segments, row, n_rows))
    for segment in segments:
        present = () if segment.is_empty else segment.ids
        own = free_ids(present, next(lengths)) if segment.free else segment.ids
        ids += own
        mask += [segment.free] * len(own)
    ids += prompt.near_suffix_ids
    mask += [False] * len(prompt.near_suffix_ids)
    return Canvas(tuple(ids), tuple(mask))


def _merged(text: str, spans: Sequence[Span]) -> list[Span]:
    r"""Return spans in order, merged where they overlap or touch; none ends inside a `\r\n`."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start, s.end)):
        start, end = max(span.start, 0), min(span.end, len(text))
        start -= text.startswith("\r\n", start - 1) if start else 0
        end += text.startswith("\r\n", end - 1) if end else 0
        if start >= end:
            continue
        if merged and start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, end))
        else:
            merged.append(Span(start, end))
    return merged


def _without_blanks(text: str, span: Span) -> Span | None:
    inner = text[span.start : span.end]
    if not inner.strip():
        return None
    return Span(span.start + len(inner) - len(inner.lstrip()), span.start + len(inner.rstrip()))


def _clamped(text: str, span: Span, tokenizer: Tokenizer) -> list[Segment]:
    if span.start >= span.end:
        return []
    return [Segment(span, tuple(tokenizer.encode(lf(text[span.start : span.end]))))]


def _free(
    text: str, span: Span, tokenizer: Tokenizer, info: ModelInfo, is_placeholder: Callable[[str], bool]
) -> Segment:
    """Return a free segment; a placeholder's length is no evidence, so there the model's own lengths are tried."""
    present = text[span.start : span.end]
    ids = tuple(tokenizer.encode(lf(present)))
    if is_placeholder(present):
        return Segment(span, ids, info.block_lengths if has_own_lines(text, span) else info.line_lengths, True)
    if info.ends_holes:
        return Segment(span, ids, rooms(len(ids), info))
    variants = VARIANTS if len(ids) <= LONG_SELECTION else FEW_VARIANTS
    return Segment(span, ids, tuple(sorted({max(1, len(ids) + d) for d in variants})))


def has_own_lines(text: str, span: Span) -> bool:
    """Whether the span has its lines to itself: only blanks before and after it."""
    start = max(text.rfind("\n", 0, span.start), text.rfind("\r", 0, span.start)) + 1
    ends = [at for at in (text.find("\n", span.end), text.find("\r", span.end)) if at >= 0]
    end = min(ends, default=len(text))
    return not text[start : span.start].strip() and not text[span.end : end].strip()
