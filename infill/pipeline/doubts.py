"""What the model disbelieves of a text: tokens that it finds very unlikely, and would write otherwise.

One causal pass finds the unlikely ones; these are noised, all else is clamped, and one canvas says what the
model would have put, seeing both sides. Where it would put the same after all, there is no doubt. A long
span is read in pieces of whole lines.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from infill.pipeline.refine import Group, noised, read
from infill.prompt.context import surroundings
from infill.prompt.instructions import asked_of
from infill.prompt.segments import Stretch, joint_canvases, lf, texts_of
from infill.timing import Timings
from infill.types import Doubt, Doubts, Hole, NoFill, Span
from model.types import Budget, CancelToken, Engine

UNLIKELY = -11.0  # log-probability of a token: 14 in 1,000 of well-written code are less likely to the embedded model
SURE = 0.3  # nats per token: what the model would have put is worth saying only if it is this sure of it
MAX_CHARS = 16_000  # of a span; what comes after is not read
PIECE_CHARS = 1_200


def find_doubts(
    engine: Engine, text: str, selection: Span, seed: int, cancel: CancelToken, language: str = ""
) -> Doubts | NoFill:
    """The doubts about the selection, at most its first `MAX_CHARS` characters."""
    timings = Timings()
    found: list[Doubt] = []
    for piece in _pieces(text, selection):
        found += _of_piece(engine, text, piece, language, seed, cancel, timings)
        if cancel.cancelled:
            return NoFill("cancelled", timings_ms=timings.ms)
    return Doubts(tuple(found), timings.ms)


def _pieces(text: str, selection: Span) -> Iterator[Span]:
    """Spans of whole lines, a little over `PIECE_CHARS` long at most unless one line is longer."""
    at = max(selection.start, 0)
    end = min(selection.end, len(text), at + MAX_CHARS)
    while at < end:
        cut = text.rfind("\n", at, min(at + PIECE_CHARS, end)) + 1
        cut = end if end - at <= PIECE_CHARS or cut <= at else cut
        yield Span(at, min(cut, at + 2 * PIECE_CHARS))
        at = min(cut, at + 2 * PIECE_CHARS)


def _of_piece(
    engine: Engine, text: str, piece: Span, language: str, seed: int, cancel: CancelToken, timings: Timings
) -> list[Doubt]:
    tokenizer = engine.tokenizer
    with timings.stage("read"):
        hole = Hole(piece, "selection", "", multiline=True)
        around = surroundings(text, hole, engine.info, tokenizer, asked=asked_of(text, hole, language, refines=True))
        ids = tuple(tokenizer.encode(lf(text[piece.start : piece.end])))
        whole = [Stretch(piece, ids, (len(ids),))]
        groups = read(engine, around, text, whole, cancel)
    unlikely = [g for own in groups for g in own if g.log_prob < UNLIKELY and text[g.span.start : g.span.end].strip()]
    if not unlikely:
        return []
    with timings.stage("denoise"):
        stretches = noised(whole, groups, {g.span for g in unlikely})
        (canvas,) = joint_canvases(around, stretches, 1)
        budget = Budget(engine.info.line_steps)
        (fill,) = engine.denoise(around.prompt_ids, [canvas], budget, cancel, seed)
    free = [s for s in stretches if s.free]
    lengths = [len(s.ids) for s in free]
    doubts: list[Doubt] = []
    at = 0
    for stretch, suggestion in zip(free, texts_of(fill, lengths, tokenizer), strict=False):
        entropies = fill.token_entropies[at : at + len(stretch.ids)]
        at += len(stretch.ids)
        sure = sum(entropies) / len(entropies) < SURE
        if sure and suggestion.strip() and suggestion != lf(text[stretch.span.start : stretch.span.end]):
            doubts.append(_doubt(stretch, suggestion, unlikely))
    return doubts


def _doubt(stretch: Stretch, suggestion: str, unlikely: list[Group]) -> Doubt:
    within = [g.log_prob for g in unlikely if stretch.span.start <= g.span.start < stretch.span.end]
    return Doubt(stretch.span, round(math.exp(min(within)), 6), suggestion)
