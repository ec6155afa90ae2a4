"""What was suggested where, so that typing into a suggestion, or coming back to one, needs no model.

A suggestion belongs to the text before and after it, not to a version or a position: it fits again
whenever the text is what it was made for plus the beginning of what it says. Pure; knows no protocol.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TypeVar

import msgspec

from infill.types import REFUSALS, Completion, Dismissed, Span

_Kept = TypeVar("_Kept")

_PER_DOCUMENT = 8
_DOCUMENTS = 16  # whose suggestions are kept
# Answers that the same text at the same place would get again.
_LASTING = (REFUSALS - {"ignored_file", "model_loading", "model_failed", "reading"}) | {
    "empty_fill",
    "breaks_parse",
    "not_confident",
}


class _Suggestion(msgspec.Struct, frozen=True):
    """Completions as they were made for `text` with the cursor at `offset`; all replace one span."""

    text: str
    offset: int
    completions: tuple[Completion, ...]

    def typed(self, text: str, offset: int) -> tuple[Span, str] | None:
        """What stands in `text` where the completions belong, and its part before the cursor; None elsewhere."""
        span = self.completions[0].span
        start, end = span.start, len(text) - (len(self.text) - span.end)
        if not start <= offset <= end:
            return None
        if not (text.startswith(self.text[:start]) and text.endswith(self.text[span.end :])):
            return None
        return Span(start, end), text[start:offset]

    def fitting(self, text: str, offset: int) -> tuple[Completion, ...]:
        """The completions that go on from what is typed, for `text` now; empty without one."""
        found = self.typed(text, offset)
        if found is None:
            return ()
        span, typed = found
        ahead, was_ahead = text[offset : span.end], self.text[self.offset : self.completions[0].span.end]
        return tuple(
            msgspec.structs.replace(completion, span=span)
            for completion in self.completions
            if completion.text.startswith(typed)
            and completion.text not in (typed, typed + ahead)  # it says more than what stands there
            # An editor may have typed a closing bracket too: it is the suggestion's if that comes to it.
            and (ahead == was_ahead or _in_order(ahead, completion.text[len(typed) :]))
        )

    def is_dismissed(self, text: str, offset: int) -> bool:
        """Whether the user has written something else than the first completion in its place, and has gone on."""
        start, said = self.completions[0].span.start, self.completions[0].text
        if offset <= start or not text.startswith(self.text[:start]):
            return False
        stands = text[start:offset]
        return not stands.startswith(said) and not said.startswith(stands)

    def as_dismissed(self) -> Dismissed:
        """The first completion, and the line that it would have made."""
        said = self.completions[0].text
        before = self.text[: self.completions[0].span.start].replace("\r", "\n").rpartition("\n")[2]
        return Dismissed(said, before + said.partition("\n")[0])

    def rest(self, text: str, offset: int) -> str | None:
        """What the first completion says beyond as many characters as are typed; None where it never was."""
        found = self.typed(text, offset)
        return None if found is None else self.completions[0].text[len(found[1]) :] or None


def typed_on(before: str, at: int, text: str, offset: int) -> bool:
    """Whether `text` is `before` with something typed at `at` that ends at `offset`, on the same line."""
    typed = text[at:offset]
    return (
        0 <= at <= offset
        and len(text) == len(before) + len(typed)
        and "\n" not in typed
        and text.startswith(before[:at])
        and text.endswith(before[at:])
    )


class SuggestionCache:
    """The last suggestions of each document, and the places where there was none."""

    def __init__(self) -> None:
        self._made: OrderedDict[str, deque[_Suggestion]] = OrderedDict()
        self._silent: OrderedDict[str, deque[tuple[str, int, str]]] = OrderedDict()

    def remember(self, uri: str, text: str, offset: int, completions: tuple[Completion, ...]) -> None:
        """Keep what was suggested for `text` at `offset`; those that replace another span are left out."""
        alike = tuple(c for c in completions if c.span == completions[0].span)
        if alike:
            _row(self._made, uri).appendleft(_Suggestion(text, offset, alike))

    def find(self, uri: str, text: str, offset: int, exactly: bool = False) -> tuple[Completion, ...]:
        """What was suggested and still fits, the last made or found first; completions of one question only.

        `exactly` leaves out what was suggested for another text or place.
        """
        row = self._made.get(uri, deque[_Suggestion]())
        for made in row:
            if exactly and (made.offset, made.text) != (offset, text):
                continue
            if fitting := made.fitting(text, offset):
                row.remove(made)  # what is on show stays on show, though another was made since
                row.appendleft(made)
                return fitting
        return ()

    def left_behind(self, uri: str, text: str, offset: int) -> str | None:
        """What the last suggestion said, less as much as was typed in its place; None if it was not here."""
        made = self._made.get(uri)
        return made[0].rest(text, offset) if made else None

    def dismissed(self, uri: str, text: str, offset: int) -> tuple[Dismissed, ...]:
        """The first completions that were suggested before `offset` lately and stand there no more, the last first."""
        row = self._made.get(uri, deque[_Suggestion]())
        return tuple(made.as_dismissed() for made in row if made.is_dismissed(text, offset))

    def remember_silence(self, uri: str, text: str, offset: int, reason: str) -> None:
        """Keep that there is nothing to suggest here, where the reason would be the same again."""
        if reason in _LASTING:
            _row(self._silent, uri).appendleft((text, offset, reason))

    def silence(self, uri: str, text: str, offset: int) -> str | None:
        """Why nothing was suggested for this very text and place; None if it was not asked."""
        kept = self._silent.get(uri, ())
        return next((why for was, at, why in kept if at == offset and was == text), None)

    def forget(self, uri: str) -> None:
        """Drop all of a document."""
        self._made.pop(uri, None)
        self._silent.pop(uri, None)


def _row(rows: OrderedDict[str, deque[_Kept]], uri: str) -> deque[_Kept]:
    """The document's row, made where it is missing; the document least recently used loses its own."""
    if uri not in rows:
        rows[uri] = deque(maxlen=_PER_DOCUMENT)
        if len(rows) > _DOCUMENTS:
            rows.popitem(last=False)
    rows.move_to_end(uri)
    return rows[uri]


def _in_order(few: str, many: str) -> bool:
    """Whether all characters of `few` are in `many`, in their order."""
    rest = iter(many)
    return all(char in rest for char in few)
