"""A person at a keyboard: types a text into a document, key by key, with what people and editors do on the way.

Gaps between keys are log-normal (median 130 ms), quicker inside a word, with pauses to think; there are typos that are
noticed late, undo, looks elsewhere, brackets that the editor closes, and indentation that it makes.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping

import msgspec

from tests.bench.replay.recording import Accept, Edit, Event

MEDIAN_GAP_MS = 130.0
_CLOSERS = {"(": ")", "[": "]", "{": "}", '"': '"', "'": "'"}
_NEIGHBOURS = dict(zip("abcdefghijklmnopqrstuvwxyz", "svxswdfuhjkjnbiowtdyivecuz", strict=True))
SHARES: Mapping[str, float] = {
    "typo": 0.02, "undo": 0.003, "look": 0.004, "accept": 0.12, "think": 0.02, "blind": 0.1
}  # fmt: skip


class Style(msgspec.Struct, frozen=True):
    """What a language's editor does: one unit of indentation, and what ends a line that is followed by a deeper one."""

    unit: str = "    "
    openers: tuple[str, ...] = (":", "(", "[", "{")


class Typist:
    """Types text into a document at the cursor; `events` is the recording."""

    def __init__(
        self, text: str, draw: random.Random, style: Style | None = None, shares: Mapping[str, float] = SHARES
    ) -> None:
        self.text = text
        self.cursor = 0
        self.events: list[Event] = []
        self.n_keys = 0
        self._draw = draw
        self._style = style or Style()
        self._shares = shares
        self._at_ms = 0.0
        self._closing = ""  # what the editor closed by itself, right behind the cursor

    def look(self, offset: int) -> None:
        """Put the cursor somewhere, after a pause."""
        self._wait(self._gap(900, 0.5))
        self.cursor = offset
        self.events.append(Event(self._at_ms, cursor=offset))

    def type(self, wanted: str) -> None:
        """Type all of it, with what people do on the way; the text is then there exactly."""
        at = 0
        while at < len(wanted):
            char = wanted[at]
            if char == "\n":
                at += self._over_closing(wanted[at:]) or self._line_break(wanted[at:])
                continue
            self._distraction(wanted[:at])
            self._wait(self._key_gap(wanted[at - 1 : at + 1]))
            if char in _NEIGHBOURS and self._chance("typo"):
                at += self._typo(wanted[at:])
            else:
                self._char(char, wanted[at + 1 : at + 3])
                at += 1
            if self._chance("accept"):
                self._take_suggestion()
        if self._closing:  # the text ends inside the brackets
            self._key(self.cursor, self.cursor + len(self._closing), "")
            self._closing = ""

    def _char(self, char: str, following: str) -> None:
        """One key: over a bracket that stands there already, with its closing one, or as it is."""
        below = self._closing[: len(self._closing) - len(self._closing.lstrip())]
        if below and self._closing[len(below) :].startswith(char) and char in ")]}":
            self._key(self.cursor, self.cursor + len(below), "")  # back up to where it is wanted
            self._closing = self._closing[len(below) :]
        right = self.text[self.cursor + len(self._closing) : self.cursor + len(self._closing) + 1]
        if self._closing.startswith(char):
            self._key(self.cursor, self.cursor + 1, char)
            self._closing = self._closing[1:]
        elif char in _CLOSERS and right in ("", "\n") and self._closes(char, following):
            self._key(self.cursor, self.cursor, char + _CLOSERS[char], back=1)
            self._closing = _CLOSERS[char] + self._closing
        else:
            self._key(self.cursor, self.cursor, char)

    def _closes(self, char: str, following: str) -> bool:
        inside_string = self._closing[:1] in ("'", '"')
        if char in "([{":
            return not inside_string
        before = self.text[self.cursor - 1 : self.cursor]
        return not inside_string and following[:1] != char and not re.match(r"[\w\"'\\]", before)

    def _line_break(self, wanted: str) -> int:
        """Enter, with the editor's indentation put right where it is another; how much of `wanted` that was."""
        self._wait(self._gap(260, 0.5) + (self._gap(1200, 0.6) if self._draw.random() < 0.25 else 0.0))
        start = self.text.rfind("\n", 0, self.cursor) + 1
        line = self.text[start : self.cursor]
        indent = line[: len(line) - len(line.lstrip())]
        blank_from = start if line and not line.strip() else self.cursor  # blanks on an empty line go
        made = indent + (self._style.unit if line.rstrip().endswith(self._style.openers) else "")
        if self._closing and line and _CLOSERS.get(line[-1]) == self._closing[0] and line[-1] in "([{":
            below = "\n" + indent  # the editor puts the closing bracket on a line of its own
            self._key(blank_from, self.cursor, "\n" + made + below, back=len(below))
            self._closing = below + self._closing
        else:
            self._key(blank_from, self.cursor, "\n" + made)
        found = re.match(r"\n([ \t]*)", wanted)
        assert found is not None
        target = found[1]
        if wanted[found.end() : found.end() + 1] == "\n":
            return 1  # an empty line: the next Enter takes the blanks away
        while len(self._indent()) > len(target):
            self._wait(self._gap(160, 0.4))
            fewer = min(len(self._style.unit), len(self._indent()) - len(target))
            self._key(self.cursor - fewer, self.cursor, "")
        if missing := len(target) - len(self._indent()):
            self._wait(self._gap(160, 0.4))
            self._key(self.cursor, self.cursor, target[-missing:])
        return found.end()

    def _over_closing(self, wanted: str) -> int:
        """Go to behind the closing bracket that the editor has put below, where that is what is wanted; its length."""
        below = self._closing[: len(self._closing) - len(self._closing.lstrip()) + 1]
        if not below.startswith("\n") or not wanted.startswith(below):
            return 0
        self._wait(self._gap(300, 0.4))
        self.cursor += len(below)
        self._closing = self._closing[len(below) :]
        self.events.append(Event(self._at_ms, cursor=self.cursor))
        return len(below)

    def _indent(self) -> str:
        return self.text[self.text.rfind("\n", 0, self.cursor) + 1 : self.cursor]

    def _typo(self, wanted: str) -> int:
        """A neighbouring key, perhaps a letter more before it is seen, and back; what was typed in the end: 0."""
        more = wanted[1:2] if self._draw.random() < 0.5 and wanted[1:2].isalpha() else ""
        for char in _NEIGHBOURS[wanted[0]] + more:
            self._key(self.cursor, self.cursor, char)
            self._wait(self._gap(MEDIAN_GAP_MS, 0.4))
        self._wait(self._gap(250, 0.4))
        for _ in range(1 + len(more)):
            self._key(self.cursor - 1, self.cursor, "")
            self._wait(self._gap(90, 0.3))
        return 0

    def _distraction(self, typed: str) -> None:
        """Undo the last word and type it again, or look elsewhere and come back."""
        if self._chance("undo") and (word := re.search(r"[a-z]{3,}$", typed)) and not self._closing:
            self._wait(self._gap(500, 0.4))
            self._edit(self.cursor - len(word[0]), self.cursor, "", cause="undo")
            for char in word[0]:
                self._wait(self._key_gap("aa"))
                self._key(self.cursor, self.cursor, char)
        elif self._chance("look"):
            here = self.cursor
            self.look(self._draw.randrange(len(self.text)))
            self.look(here)

    def _take_suggestion(self) -> None:
        how: Accept = "whole" if self._draw.random() < 0.75 else "word"
        self._wait(self._gap(420, 0.4))
        self.events.append(Event(self._at_ms, accept=how, blind=self._chance("blind")))

    def _key(self, start: int, end: int, text: str, back: int = 0) -> None:
        self.n_keys += 1
        self._edit(start, end, text, back)

    def _edit(self, start: int, end: int, text: str, back: int = 0, cause: str = "key") -> None:
        edit = Edit(start, end, text)
        self.text = edit.applied(self.text)
        self.cursor = start + len(text) - back
        cursor = self.cursor if back else None
        self.events.append(Event(self._at_ms, edit, cursor, cause="undo" if cause == "undo" else "key"))

    def _chance(self, of: str) -> bool:
        return self._draw.random() < self._shares[of]

    def _key_gap(self, pair: str) -> float:
        gap = self._gap(MEDIAN_GAP_MS * (0.85 if pair.isalpha() else 1.15), 0.45)
        return gap + (self._gap(1000, 0.6) if self._chance("think") else 0.0)

    def _gap(self, median_ms: float, sigma: float) -> float:
        return median_ms * self._draw.lognormvariate(0.0, sigma)

    def _wait(self, ms: float) -> None:
        self._at_ms = round(self._at_ms + ms, 1)
