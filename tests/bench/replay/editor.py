"""What an editor does with suggestions, as VS Code does it: pure, with the time given from outside.

It asks some time after a key, cancels what it asked before when the next key comes, shows an item that fits
the text now, shrinks it when the user types into it, drops it when it no longer fits, and puts a newer answer in
its place, even an empty one. Knows offsets only, no protocol and no clock.
"""

from __future__ import annotations

import re

import msgspec

from tests.bench.replay.counts import Counts
from tests.bench.replay.episodes import End, Episode
from tests.bench.replay.recording import Accept, Cause, Edit

DEBOUNCE_MS = 50.0  # the least that VS Code waits after a key before it asks
_WORD = re.compile(r"\s*(?:\w+|[^\w\s]+)")


class Item(msgspec.Struct, frozen=True):
    """An answer's item: put `text` in place of `start` to `end`; it follows the edits inside its range."""

    start: int
    end: int
    text: str

    def rest(self, cursor: int) -> str:
        """What it puts behind the cursor."""
        return self.text[cursor - self.start :]

    def drawn(self, text: str, cursor: int) -> str:
        """What is new of that: text that stands there already is not drawn."""
        return self.rest(cursor).removesuffix(text[cursor : self.end])

    def fits(self, text: str, cursor: int) -> bool:
        """Whether it may be shown: it says again what is before the cursor, keeps what is behind, adds something.

        The range is on the cursor's line, as in VS Code, which shows no other items.
        """
        if not self.start <= cursor <= self.end <= len(text):
            return False
        before, behind = text[self.start : cursor], text[cursor : self.end]
        if "\n" in before + behind or "\r" in before + behind or not self.text.startswith(before):
            return False
        rest = self.rest(cursor)
        return rest != behind and _is_within(behind, rest)


class Asked(msgspec.Struct, frozen=True):
    """A question on its way."""

    number: int
    text: str
    version: int
    cursor: int
    key_ms: float
    at_ms: float


class Editor:
    """One document in one editor."""

    def __init__(self, text: str, counts: Counts, debounce_ms: float = DEBOUNCE_MS) -> None:
        self.text = text
        self.cursor = 0
        self.version = 1
        self.shown: Item | None = None
        self.due_ms: float | None = None  # when the next question is to be asked
        self.open: dict[int, Asked] = {}
        self.cancelled: set[int] = set()
        self.episodes: list[Episode] = []
        self._counts = counts
        self._debounce_ms = debounce_ms
        self._key_ms = 0.0
        self._now_ms = 0.0

    def edit(self, edit: Edit, now_ms: float, cursor: int | None = None, cause: Cause = "key") -> list[int]:
        """Change the text; the questions to cancel. An undo asks only while something is shown."""
        into, self._now_ms = self.shown, now_ms
        self._change(edit, cursor, "typed over")
        if cause == "key":
            self._counts.keys += 1
            if into is not None and edit.text:
                self._counts.typed_into += self.shown is not None
                self._counts.departed += self.shown is None
        self._key_ms = now_ms
        if cause != "undo" or into is not None:
            self.due_ms = now_ms + self._debounce_ms
        return self._outdated()

    def move(self, cursor: int, now_ms: float | None = None) -> list[int]:
        """Put the cursor elsewhere, which hides what is shown; the questions to cancel."""
        self._now_ms = self._now_ms if now_ms is None else now_ms
        if cursor != self.cursor:
            self.cursor, self.due_ms = cursor, None
            self._put(None, "left")
            return self._outdated()
        return []

    def taking(self, how: Accept) -> Edit | None:
        """The edit that accepting would make; None with nothing on show."""
        if self.shown is None:
            return None
        item = self.shown
        if how == "whole":
            return Edit(item.start, item.end, item.text)
        new = item.drawn(self.text, self.cursor)
        word = _WORD.match(new)
        return Edit(self.cursor, self.cursor, word[0] if word else new)

    def accept(self, edit: Edit, how: Accept, now_ms: float) -> list[int]:
        """Apply what `taking` gave; the questions to cancel. After a word the rest stays on show."""
        self._now_ms = now_ms
        if how == "whole":
            self._put(None, "taken")
            self._counts.accepted_whole += 1
        else:
            self._counts.accepted_words += 1
        self._change(edit, None, "taken")
        self._key_ms, self.due_ms = now_ms, now_ms + self._debounce_ms
        return self._outdated()

    def ask(self, now_ms: float) -> Asked:
        """Ask now; `due_ms` has come."""
        self.due_ms = None
        self._counts.requests += 1
        asked = Asked(self._counts.requests, self.text, self.version, self.cursor, self._key_ms, now_ms)
        self.open[asked.number] = asked
        return asked

    def answered(self, number: int, items: list[Item] | None, now_ms: float, crossed: bool = False) -> None:
        """Take the answer; None for an error. `crossed`: it was sent before the server could know of the change."""
        asked, counts = self.open.pop(number), self._counts
        counts.answered += 1
        if items is None:
            counts.refused += 1
            return
        counts.answer_ms.append(now_ms - asked.at_ms)
        counts.answers_with_items += bool(items)
        fitting = [item for item in items if item.fits(asked.text, asked.cursor)]
        counts.misfits += len(items) - len(fitting)
        if asked.version != self.version:
            counts.crossed += bool(items) and crossed
            counts.stale += bool(items) and not crossed
            return
        if number not in self.cancelled and asked.cursor == self.cursor:
            self._show(fitting[0] if fitting else None, asked, now_ms)

    def _show(self, item: Item | None, asked: Asked, now_ms: float) -> None:
        counts, old = self._counts, self.shown
        if old is not None and item is None:
            counts.vanished += 1
        elif old is not None and item is not None and not self._extends(item, old):
            counts.flickers += 1
        if old is None and item is not None:
            counts.shown += 1
            counts.ghost_ms.append(now_ms - asked.key_ms)
        self._now_ms = now_ms
        goes_on = old is not None and item is not None and self._extends(item, old)
        if goes_on:
            self.shown = item
        else:
            self._put(item, "replaced" if item is not None else "withdrawn")

    def _put(self, item: Item | None, end: End) -> None:
        """Show an item in place of what is shown, which ends so."""
        if self.shown is not None:
            self.episodes[-1].ended_ms, self.episodes[-1].end = self._now_ms, end
        self.shown = item
        if item is not None:
            line = self.text[self.text.rfind("\n", 0, self.cursor) + 1 : self.cursor]
            self.episodes.append(Episode(self._now_ms, line, item.drawn(self.text, self.cursor)))

    def _extends(self, item: Item, old: Item) -> bool:
        return item.drawn(self.text, self.cursor).startswith(old.drawn(self.text, self.cursor))

    def _change(self, edit: Edit, cursor: int | None, end: End) -> None:
        self.text = edit.applied(self.text)
        self.cursor = edit.start + len(edit.text) if cursor is None else cursor
        self.version += 1
        item = self.shown
        if item is None:
            return
        grown = Item(item.start, item.end + len(edit.text) - (edit.end - edit.start), item.text)
        inside = item.start <= edit.start and edit.end <= item.end
        if inside and grown.fits(self.text, self.cursor):
            self.shown = grown
        else:
            out = inside and self.text[grown.start : grown.end] == item.text
            self._put(None, "typed out" if out else end)

    def _outdated(self) -> list[int]:
        numbers = [number for number in self.open if number not in self.cancelled]
        self.cancelled.update(numbers)
        return numbers


def _is_within(behind: str, rest: str) -> bool:
    """Whether the characters of `behind` come in `rest` in their order."""
    chars = iter(rest)
    return all(char in chars for char in behind)
