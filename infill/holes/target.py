"""A target: a text with holes to fill, perhaps inserted ones, and the answer as changes of the original document.

A function without a docstring has no hole to fill: `Inserted` text (quotes around a placeholder) makes one.
Only filled holes change the document, each with the inserted text around it. Knows no grammar, so that
the server can use it on its protocol thread.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import Literal

import msgspec

from infill.types import Completion, FillRequest, LeftHole, Part, Request, RewriteRequest, Span

_DEFAULT = re.compile(r"[ \t]*=(?!=)[ \t]*")

TargetKind = Literal["rewrite", "refine", "fix", "body", "holes", "docstring", "type_hints"]

_NO_REASON = "no proposal passes the checks"


class Inserted(msgspec.Struct, frozen=True):
    """Text that is only in the target: `at` is its offset in the document, `span` its range in the target."""

    at: int
    span: Span


class Frame(msgspec.Struct, frozen=True):
    """What stands around all that is inserted at an offset of the document, where anything is."""

    at: int
    before: str
    after: str


class _BaseTarget(msgspec.Struct, frozen=True):
    """A text to fill. `inserted` is in the order of the text, each with one hole in it, or part of a frame."""

    text: str
    inserted: tuple[Inserted, ...] = ()
    frames: tuple[Frame, ...] = ()

    def in_document(self, offset: int) -> int:
        """Return the document's offset of an offset in the target; inside inserted text, where that text goes."""
        shift = 0
        for inserted in self.inserted:
            if offset >= inserted.span.end:
                shift += inserted.span.end - inserted.span.start
            elif offset > inserted.span.start:
                return inserted.at
        return offset - shift

    def changes(self, completion: Completion) -> tuple[Part, ...]:
        """Return the completion as changes of the document: one for each segment, in order, none overlapping."""
        parts = completion.parts or (Part(completion.span, completion.text, completion.confidence),)
        changes = [self._in_document(part) for part in parts]
        for frame in self.frames:
            own = [change for change in changes if change.span == Span(frame.at, frame.at)]
            if own:
                whole = frame.before + "".join(change.text for change in own) + frame.after
                at = changes.index(own[0])
                changes[at : at + len(own)] = [Part(own[0].span, whole, min(change.confidence for change in own))]
        return tuple(changes)

    def _in_document(self, part: Part) -> Part:
        span = part.span
        for inserted in self.inserted:
            around = inserted.span
            if around.start <= span.start and span.end <= around.end:
                before, after = self.text[around.start : span.start], self.text[span.end : around.end]
                # PEP 8: blanks around the `=` of a default when the parameter has a type
                default = _DEFAULT.match(self.text, around.end) if before.startswith(":") else None
                sign, n_replaced = ("", 0) if default is None else (" = ", len(default[0]))
                changed = Span(inserted.at, inserted.at + n_replaced)
                return Part(changed, before + part.text + after + sign, part.confidence)
        return msgspec.structs.replace(part, span=Span(self.in_document(span.start), self.in_document(span.end)))


class HoleTarget(_BaseTarget, frozen=True, kw_only=True):
    """A text with one hole: the model is asked at `offset`, and its answer replaces `hole`."""

    offset: int
    hole: Span

    @property
    def replaced(self) -> Span:
        """The span of the document that an answer, or a draft on the way to it, replaces."""
        return self.hole

    def request(self, language: str, strength: float | None = None, fixes: bool = False) -> Request:
        """Return a request for the hole, without context or limits; there is nothing in it to refine or to fix."""
        return FillRequest(self.text, language, offset=self.offset)


class SelectionTarget(_BaseTarget, frozen=True, kw_only=True):
    """A text of which the model rewrites the `selection`, without the `frozen` spans in it.

    `documents` says that the rest of it is documentation; `problem` is what a fix is about.
    """

    selection: Span
    frozen: tuple[Span, ...] = ()
    problem: Span | None = None
    documents: bool = False

    @property
    def replaced(self) -> Span:
        """The span of the document that an answer, or a draft on the way to it, replaces."""
        return Span(self.in_document(self.selection.start), self.in_document(self.selection.end))

    def left_by(self, completion: Completion) -> list[LeftHole]:
        """Return the free parts of the selection that an answer leaves as they are, in the document, and why."""
        whys = {left.span: left.why for left in completion.left}
        new = {part.span for part in completion.parts if part.text != self.text[part.span.start : part.span.end]}
        left: list[LeftHole] = []
        at = self.selection.start
        for span in (*self.frozen, Span(self.selection.end, self.selection.end)):
            hole = Span(at, span.start)
            if hole.start < hole.end and hole not in new:
                start, end = self.in_document(hole.start), self.in_document(hole.end)
                left.append(LeftHole(Span(start, end), whys.get(hole, _NO_REASON)))
            at = max(at, span.end)
        return left

    def request(self, language: str, strength: float | None = None, fixes: bool = False) -> Request:
        """Return a request for the selection, without context or limits. `strength` (0..1) is that of a refinement."""
        return RewriteRequest(
            self.text,
            language,
            selection=self.selection,
            frozen=self.frozen,
            strength=strength,
            fixes=fixes,
            problem=self.problem if fixes else None,
            documents=self.documents,
        )


Target = HoleTarget | SelectionTarget


def all_but(text: str, selection: Span, holes: Sequence[Span], inserted: tuple[Inserted, ...] = ()) -> SelectionTarget:
    """Return a target for the selection in which everything but the holes is frozen."""
    frozen: list[Span] = []
    at = selection.start
    for hole in holes:
        if hole.start > at:
            frozen.append(Span(at, hole.start))
        at = hole.end
    if at < selection.end:
        frozen.append(Span(at, selection.end))
    return SelectionTarget(text, inserted, selection=selection, frozen=tuple(frozen))


def with_inserted(text: str, insertions: Sequence[tuple[int, str]]) -> tuple[str, tuple[Inserted, ...]]:
    """Return the text with each insertion (offset, text) made, and their spans in it; offsets ascend."""
    parts: list[str] = []
    inserted: list[Inserted] = []
    at = length = 0
    for offset, new in insertions:
        parts += [text[at:offset], new]
        length += offset - at
        inserted.append(Inserted(offset, Span(length, length + len(new))))
        at, length = offset, length + len(new)
    return "".join([*parts, text[at:]]), tuple(inserted)


def overlap(one: Part, other: Part) -> bool:
    """Return whether two changes touch the same characters, or insert at the same offset."""
    a, b = one.span, other.span
    return a == b or (a.start < b.end and b.start < a.end)


def overlaps_any(one: Part, others: Sequence[Part]) -> bool:
    """Return whether a change touches one of `others`, which are in order and do not touch each other."""
    first = bisect_left(others, one.span.start, key=lambda part: part.span.start)
    for other in others[max(first - 1, 0) :]:
        if other.span.start > one.span.end:
            break
        if overlap(one, other):
            return True
    return False


def applied(text: str, changes: Sequence[Part]) -> str:
    """Return the text with the changes made; they are in order. Raises ValueError where two overlap."""
    parts: list[str] = []
    at = 0
    for change in changes:
        if change.span.start < at:
            raise ValueError(f"two changes overlap at character {change.span.start}")
        parts += [text[at : change.span.start], change.text]
        at = change.span.end
    return "".join([*parts, text[at:]])
