"""What becomes of this session's suggestions, counted; the counts go to the file once a minute and at the end.

A suggestion is the answer to one question, with its alternatives; sent again while the user types into it, it
is the same one. It has ended when another is sent for its document, or the document or the session ends.
Then it was *accepted* (the client ran the item's command), *partly* accepted, *typed* (some of it that was
not there when it was sent now stands in its place), or else *dismissed*. One that a client reports as shown
was shown; of clients that report nothing, what was sent is taken to be shown. Holds texts in memory only.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence

import msgspec

from dg_lsp.stats.counts import Counts, Outcome, Tally, Trigger

log = logging.getLogger(__name__)

EVERY_S = 60.0  # between two writings
_REMEMBERED = 64  # items whose events may still come
_RANKS: tuple[Outcome, ...] = ("dismissed", "typed", "partly", "accepted")


class _Suggestion(msgspec.Struct, eq=False):
    """One suggestion until nothing more is heard of it."""

    language: str
    model: str
    start: int  # offset of its span
    text: str
    n_there: int  # how much of it stood there when it was sent
    seen: bool = False  # the client said so
    outcome: Outcome = "dismissed"
    counted: Outcome | None = None


class _Item(msgspec.Struct, eq=False):
    """One item as the client has it."""

    suggestion: _Suggestion
    text: str
    n_taken: int = 0  # characters accepted so far


class Sent(msgspec.Struct, frozen=True):
    """One item that is being sent: its number, the text that it inserts, and the completion it is made of."""

    number: int
    inserted: str
    start: int
    text: str


class Usage:
    """Counts for one client. All methods but `close` are for the event loop's thread."""

    def __init__(self) -> None:
        self.on = True
        self.counts = Counts()
        self._number = 0
        self._open: dict[str, _Suggestion] = {}  # by document
        self._items: OrderedDict[int, _Item] = OrderedDict()
        self._client_reports = False
        self._timer: asyncio.TimerHandle | None = None
        self._writer: threading.Thread | None = None
        self._over = False

    def number(self) -> int:
        """Return a number for an item, by which events name it."""
        self._number += 1
        return self._number

    def sent(self, uri: str, language: str, model: str, text: str, items: Sequence[Sent]) -> None:
        """Items go out as the answer to one question about a document's `text`."""
        if not self.on or not items:
            return
        first, suggestion = items[0], self._open.get(uri)
        if suggestion is not None:
            self._look(suggestion, text)
        if suggestion is None or (suggestion.start, suggestion.text) != (first.start, first.text):
            if suggestion is not None:
                self._end(suggestion)
            n_there = _n_common(text, first.start, first.text)
            suggestion = self._open[uri] = _Suggestion(language, model, first.start, first.text, n_there)
            self._tally(suggestion).sent += 1
        for item in items:
            self._items[item.number] = _Item(suggestion, item.inserted)
        while len(self._items) > _REMEMBERED:
            self._items.popitem(last=False)

    def closed(self, uri: str, text: str) -> None:
        """A document with this text is closed."""
        if (suggestion := self._open.pop(uri, None)) is not None:
            self._look(suggestion, text)
            self._end(suggestion)

    # Events of the client's.

    def shown(self, number: int) -> None:
        """The client shows an item."""
        self._client_reports = True
        if (item := self._items.get(number)) is not None:
            item.suggestion.seen = True
            if item.suggestion not in self._open.values():
                self._end(item.suggestion)

    def partly_accepted(self, number: int, n_units: int) -> None:
        """The user has taken so many UTF-16 units from the item's start, earlier parts included."""
        item = self._items.get(number)
        if item is not None:
            units = item.text.encode("utf-16-le", "surrogatepass")
            n_chars = len(units[: 2 * n_units].decode("utf-16-le", "replace"))
            self._take(item, n_chars, "accepted" if n_chars >= len(item.text) else "partly")

    def accepted(self, number: int) -> None:
        """The user has taken the whole item."""
        if (item := self._items.get(number)) is not None:
            self._take(item, len(item.text), "accepted")

    # What else is counted.

    def answered(self, trigger: Trigger, seconds: float) -> None:
        """The model's answer is shown so long after the key or the request that caused it."""
        if self.on:
            self.counts.add_latency(trigger, seconds * 1000)
            self._write_later()

    def silent(self, reason: str) -> None:
        """A request was answered with nothing."""
        if self.on:
            self.counts.add_silence(reason)
            self._write_later()

    def close(self) -> None:
        """End all suggestions and write what is left; when the session is over, from any thread. Blocks shortly."""
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
        for suggestion in self._open.values():
            self._end(suggestion)
        self._open.clear()
        if self._writer is not None:
            self._writer.join(2.0)
        if self.counts != Counts():
            self._write(self.counts)

    def _look(self, suggestion: _Suggestion, text: str) -> None:
        """See whether the user has written some of it."""
        if _n_common(text, suggestion.start, suggestion.text) > suggestion.n_there:
            self._becomes(suggestion, "typed")

    def _take(self, item: _Item, n_chars: int, outcome: Outcome) -> None:
        n_chars = min(n_chars, len(item.text))
        if n_chars > item.n_taken:
            self._tally(item.suggestion).chars += n_chars - item.n_taken
            item.n_taken = n_chars
        self._becomes(item.suggestion, outcome)
        self._end(item.suggestion)  # that it was shown is certain now; what comes may still outrank this

    def _becomes(self, suggestion: _Suggestion, outcome: Outcome) -> None:
        if _RANKS.index(outcome) > _RANKS.index(suggestion.outcome):
            suggestion.outcome = outcome

    def _end(self, suggestion: _Suggestion) -> None:
        """Count the outcome, in place of one that was counted before."""
        taken = suggestion.outcome in ("partly", "accepted")
        if not (suggestion.seen or taken or not self._client_reports):
            return
        tally = self._tally(suggestion)
        if suggestion.counted is None:
            tally.shown += 1
            tally.assumed += not (suggestion.seen or taken)
        else:
            setattr(tally, suggestion.counted, getattr(tally, suggestion.counted) - 1)
        setattr(tally, suggestion.outcome, getattr(tally, suggestion.outcome) + 1)
        suggestion.counted = suggestion.outcome

    def _tally(self, suggestion: _Suggestion) -> Tally:
        self._write_later()
        return self.counts.tally(suggestion.language, suggestion.model)

    # The file.

    def _write_later(self) -> None:
        self.counts.since = self.counts.since or time.strftime("%Y-%m-%d")
        if self._timer is None and not self._over:
            self._timer = asyncio.get_running_loop().call_later(EVERY_S, self._write_now)

    def _write_now(self) -> None:
        self._timer = None
        counts, self.counts = self.counts, Counts()
        loop = asyncio.get_running_loop()

        def write() -> None:
            if not self._write(counts):
                with contextlib.suppress(RuntimeError):  # the loop has closed
                    loop.call_soon_threadsafe(self.counts.add, counts)

        self._writer = threading.Thread(target=write, name="dg-lsp-counts", daemon=True)
        self._writer.start()

    def _write(self, counts: Counts) -> bool:
        from dg_lsp.stats.counts_file import add_counts  # not at the start, which is precious

        try:
            add_counts(counts)
        except (OSError, RuntimeError) as error:  # RuntimeError: the user has no home
            log.debug("the counts cannot be written: %s", type(error).__name__)
            return False
        return True


def _n_common(text: str, start: int, other: str) -> int:
    """How many characters from `start` on are those of `other`."""
    pairs = zip(text[start : start + len(other)], other, strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
