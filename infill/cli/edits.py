"""Several fills of one text: positions in, outcomes and the new text out.

Positions and spans, going in and coming out, count characters of the text as it was given; fills run in
document order and each sees the ones before it. Knows the Filler, but no files, arguments or output.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec
from msgspec.structs import replace

from infill.types import Completion, Context, Filled, Filler, FillRequest, NoFill, Span
from model.types import CancelToken


class FillOptions(msgspec.Struct, frozen=True):
    """How to ask for each fill; the same for all positions of a text."""

    language: str  # id
    seed: int = 0
    candidates: int = 1
    deadline_ms: float | None = None
    least_confidence: float = 0.0
    context: Context = Context()


class Outcome(msgspec.Struct, frozen=True):
    """What became of one position. The spans in `result` are those of the original text."""

    offset: int
    result: Filled | NoFill
    milliseconds: float


class FilledText(msgspec.Struct, frozen=True):
    """A text with its fills, and one outcome per position in the order they were given."""

    text: str
    outcomes: tuple[Outcome, ...]


def fill_text(
    filler: Filler,
    text: str,
    offsets: Sequence[int],
    options: FillOptions,
    cancel: CancelToken,
    on_outcome: Callable[[Outcome], None] | None = None,
) -> FilledText:
    """Fill every offset of `text`, first to last; `on_outcome` hears of each as soon as it is known."""
    edited = EditedText(text)
    outcomes: dict[int, Outcome] = {}
    for offset in sorted(set(offsets)):
        started = time.perf_counter()
        result = _fill_one(filler, edited, offset, options, cancel)
        outcome = Outcome(offset, result, (time.perf_counter() - started) * 1000)
        outcomes[offset] = outcome
        if on_outcome:
            on_outcome(outcome)
    return FilledText(edited.text, tuple(outcomes[offset] for offset in offsets))


def fill_nothing(text: str, offsets: Sequence[int], result: NoFill) -> FilledText:
    """Return the unchanged text, with the same `result` for every offset: no filler is needed to know it."""
    return FilledText(text, tuple(Outcome(offset, result, 0.0) for offset in offsets))


def _fill_one(
    filler: Filler, edited: EditedText, offset: int, options: FillOptions, cancel: CancelToken
) -> Filled | NoFill:
    """Ask for one fill in the text as it is by now, and apply the best answer to it."""
    if cancel.cancelled:
        return NoFill("cancelled")
    offset_now = edited.offset_now(offset)
    if offset_now is None:
        return NoFill("superseded", "an earlier fill already replaced this code")
    request = FillRequest(
        text=edited.text,
        language=options.language,
        offset=offset_now,
        candidates=options.candidates,
        seed=options.seed,
        deadline_ms=options.deadline_ms,
        least_confidence=options.least_confidence,
        context=options.context,
    )
    result = filler.fill(request, cancel)
    if isinstance(result, NoFill):
        span = edited.span_in_original(result.hole.span) if result.hole else None
        return replace(result, hole=replace(result.hole, span=span) if result.hole and span else None)
    in_original = [edited.in_original(completion) for completion in result.completions]
    if not in_original or (best := in_original[0]) is None:
        return NoFill("superseded", "it would replace an earlier fill", None, result.timings_ms)
    hole_span = edited.span_in_original(result.hole.span) or best.span
    edited.apply(result.completions[0].span, best.text)
    kept = tuple(completion for completion in in_original if completion is not None)
    return replace(result, hole=replace(result.hole, span=hole_span), completions=kept)


class EditedText:
    """A text under edits that never overlap, and the way from original offsets to present ones and back."""

    def __init__(self, original: str) -> None:
        self.text = original
        self._edits: list[tuple[Span, str]] = []  # spans of the original, in document order

    def apply(self, span: Span, text: str) -> None:
        """Replace `span` of the present text, which must not overlap what an earlier edit wrote."""
        found = self._located(span)
        if found is None:
            raise ValueError(f"{span} overlaps an earlier edit")
        edit_idx, span_in_original = found
        self._edits.insert(edit_idx, (span_in_original, text))
        self.text = self.text[: span.start] + text + self.text[span.end :]

    def offset_now(self, offset: int) -> int | None:
        """Return where an offset of the original is by now; None when an edit replaced the code there."""
        shift = 0
        for span, text in self._edits:
            if span.start <= offset < span.end:
                return None
            if span.end <= offset:
                shift += len(text) - (span.end - span.start)
        return offset + shift

    def span_in_original(self, span: Span) -> Span | None:
        """Return the span of the original that is at `span` by now; None when it overlaps an edit."""
        found = self._located(span)
        return found[1] if found else None

    def in_original(self, completion: Completion) -> Completion | None:
        """Return a completion as one of the original text; None when it would undo an edit."""
        span = self.span_in_original(completion.span)
        return replace(completion, span=span) if span else None

    def _located(self, span: Span) -> tuple[int, Span] | None:
        """Where an edit of the present `span` belongs: its index among the edits, its original span."""
        shift = 0
        for edit_idx, (earlier, text) in enumerate(self._edits):
            start_now = earlier.start + shift
            if span.end <= start_now:
                return edit_idx, Span(span.start - shift, span.end - shift)
            if span.start < start_now + len(text):
                return None
            shift += len(text) - (earlier.end - earlier.start)
        return len(self._edits), Span(span.start - shift, span.end - shift)
