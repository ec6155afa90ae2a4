"""From a server's answer to fills: what it has in each hole, laid out on the canvases that were asked about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from model.http.align import Slice
from model.http.answer import Answer
from model.http.answer_scores import Written
from model.http.code_points import CodePointTokenizer
from model.http.prompt import Asked
from model.http.ways import Request, Way
from model.types import Canvas, Fill, OnStep, StopReason


class Reading(NamedTuple):
    """A question that is asked in one way, and so how its answers are read."""

    question: Asked
    way: Way
    request: Request

    def answers(self, n: int) -> list[Answer]:
        """As many answers, still empty."""
        begun, respelled = self.request.begun, self.request.respelled
        return [Answer(begun, respelled, lambda text: self.way.end(text, self.question)) for _ in range(n)]

    def written(self, answer: Answer, complete: bool) -> Written | None:
        """What an answer has in the holes; None where it has nothing, or cannot be aligned."""
        slices = self.way.slices(answer.text, self.request.begun, self.question, complete)
        if slices is None or not any(start < end for start, end in slices):
            return None
        if self.question.is_line:
            slices = [first_line(answer.text, slices[0])]
        surprisals = answer.surprisals()
        known = None if surprisals is None else tuple(tuple(surprisals[start:end]) for start, end in slices)
        return Written(tuple(answer.text[start:end] for start, end in slices), known)


def shower(
    reading: Reading, canvases: Sequence[Canvas], answers: Sequence[Answer], on_draft: OnStep
) -> Callable[[], None]:
    """What shows the answer that is furthest, whenever it has another line.

    It is shown in every canvas: which of them is watched is not known here.
    """
    n_lines = 0

    def show() -> None:
        nonlocal n_lines
        furthest = max(answers, key=lambda answer: len(answer.text))
        if furthest.text.count("\n") > n_lines:
            n_lines = furthest.text.count("\n")
            if (draft := reading.written(furthest, False)) is not None:
                on_draft(1, [drafted(canvas, draft) for canvas in canvases])

    return show


def first_line(text: str, piece: Slice) -> Slice:
    """The piece up to its first line break, those before any text left out."""
    start = piece.start
    while start < piece.end and text[start] == "\n":
        start += 1
    end = text.find("\n", start, piece.end)
    return Slice(start, piece.end if end < 0 else end)


def drafted(canvas: Canvas, found: Written | None) -> list[int]:
    """The canvas with as much of the answer in its holes as fits, and pads behind it."""
    texts = iter(found.texts if found else ())
    ids: list[int] = []
    rest: list[int] = []
    was_free = False
    for i, free in zip(canvas.canvas_ids, canvas.hole_mask, strict=True):
        if free and not was_free:
            rest = list(map(ord, next(texts, "")))[::-1]
        ids.append((rest.pop() if rest else CodePointTokenizer.pad_id) if free else i)
        was_free = free
    return ids


def fill(canvas: Canvas, found: Written | None, reason: StopReason) -> Fill:
    """The free positions of the canvas, without the pads at their end; nothing where an answer does not fit.

    Servers tell no entropies: a token's surprisal stands in for its entropy, on its first character.
    """
    whole = drafted(canvas, found)
    ids = [i for i, free in zip(whole, canvas.hole_mask, strict=True) if free]
    while ids and ids[-1] == CodePointTokenizer.pad_id:
        ids.pop()
    n_written = sum(i != CodePointTokenizer.pad_id for i in ids)
    if found is None or n_written < sum(map(len, found.texts)):
        return Fill((), (), 0, reason)
    lost = [x for hole in found.surprisals for x in hole] if found.surprisals else [0.0] * n_written
    in_turn = iter(lost)
    return Fill(tuple(ids), tuple(next(in_turn) if i != CodePointTokenizer.pad_id else 0.0 for i in ids), 0, reason)
