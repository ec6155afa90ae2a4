"""Counts suggestions that were sent, shown and accepted, the latency of answers, and the reasons for silence.

Counts hold numbers by language, model, trigger and reason; no text and no path. They add up, so the counts of
several servers and days can be merged in any order. Nothing here knows files or the protocol.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Literal, TypeVar

import msgspec

Trigger = Literal["automatic", "manual"]

_Key = TypeVar("_Key", bound=Hashable)

_BUCKETS_PER_OCTAVE = 8  # of milliseconds: a percentile is exact to 9 %
_REMEMBERED = 64  # items whose events may still come


class Tally(msgspec.Struct, rename="camel"):
    """Suggestions of one model in one language. Older files have more fields; they are ignored."""

    sent: int = 0
    shown: int = 0  # as the client reports it; many clients report nothing
    accepted: int = 0  # whole or in part

    def add(self, other: Tally) -> None:
        """Add another's numbers."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Counts(msgspec.Struct, rename="camel"):
    """All that is counted; `since` is the day of the first count, empty before it."""

    since: str = ""
    suggestions: dict[str, dict[str, Tally]] = {}  # by language id, by model
    latencies: dict[str, dict[int, int]] = {}  # by trigger: how many answers in each bucket of milliseconds
    silences: dict[str, int] = {}  # by reason

    def tally(self, language: str, model: str) -> Tally:
        """Return the tally of a language and a model, made where there is none."""
        return self.suggestions.setdefault(language, {}).setdefault(model, Tally())

    def add_latency(self, trigger: Trigger, ms: float) -> None:
        """Count an answer that took so long."""
        _add(self.latencies.setdefault(trigger, {}), {_bucket(ms): 1})

    def add_silence(self, reason: str) -> None:
        """Count a request that was answered with nothing."""
        _add(self.silences, {reason: 1})

    def add(self, other: Counts) -> None:
        """Add another's numbers; the earlier of the two days is kept."""
        self.since = min(filter(None, (self.since, other.since)), default="")
        for language, models in other.suggestions.items():
            for model, tally in models.items():
                self.tally(language, model).add(tally)
        for trigger, buckets in other.latencies.items():
            _add(self.latencies.setdefault(trigger, {}), buckets)
        _add(self.silences, other.silences)

    def total(self) -> Tally:
        """Return the sum over all languages and models."""
        total = Tally()
        for models in self.suggestions.values():
            for tally in models.values():
                total.add(tally)
        return total

    def percentile_ms(self, trigger: Trigger, share: float) -> float | None:
        """Return the milliseconds within which this share (0..1) of the answers came; None without any."""
        buckets = self.latencies.get(trigger, {})
        wanted = share * sum(buckets.values())
        reached = 0
        for bucket, n in sorted(buckets.items()):
            reached += n
            if reached >= wanted:
                return round(2 ** (bucket / _BUCKETS_PER_OCTAVE), 1)
        return None


class Suggestion(msgspec.Struct, eq=False):
    """The answer to one question, with its alternatives. Sent again while the user types into it, it is the same."""

    language: str
    model: str
    start: int  # offset of the text that it replaces
    text: str  # of the best alternative; kept in memory only
    is_shown: bool = False
    is_accepted: bool = False


class UsageStats:
    """The counts of one client since they were last taken. For the event loop's thread."""

    def __init__(self) -> None:
        self.on = True  # the setting `stats`
        self.on_count: Callable[[], None] = lambda: None  # called after each count
        self.counts = Counts()
        self._last_number = 0
        self._last_sent: dict[str, Suggestion] = {}  # by document
        self._by_item: OrderedDict[int, Suggestion] = OrderedDict()

    def next_number(self) -> int:
        """Return a number for an item, by which the client's events name it."""
        self._last_number += 1
        return self._last_number

    def sent(self, uri: str, suggestion: Suggestion, items: Sequence[int]) -> None:
        """Count a suggestion that goes out for a document as the items of these numbers."""
        if not self.on or not items:
            return
        last = self._last_sent.get(uri)
        if last is not None and (last.start, last.text) == (suggestion.start, suggestion.text):
            suggestion = last
        else:
            self._last_sent[uri] = suggestion
            self._tally(suggestion).sent += 1
            self._counted()
        self._by_item.update(dict.fromkeys(items, suggestion))
        while len(self._by_item) > _REMEMBERED:
            self._by_item.popitem(last=False)

    def closed(self, uri: str) -> None:
        """Forget the last suggestion of a document that is closed; events of its items still count."""
        self._last_sent.pop(uri, None)

    def shown(self, item: int) -> None:
        """Count, once for each suggestion, that the client shows one of its items."""
        suggestion = self._by_item.get(item)
        if suggestion is not None and not suggestion.is_shown:
            suggestion.is_shown = True
            self._tally(suggestion).shown += 1
            self._counted()

    def accepted(self, item: int) -> None:
        """Count, once for each suggestion, that the user took an item or the beginning of one."""
        suggestion = self._by_item.get(item)
        if suggestion is not None and not suggestion.is_accepted:
            suggestion.is_accepted = True
            self._tally(suggestion).accepted += 1
            self._counted()

    def answered(self, trigger: Trigger, seconds: float) -> None:
        """Count an answer of the model that came so long after the key or the request that caused it."""
        if self.on:
            self.counts.add_latency(trigger, seconds * 1000)
            self._counted()

    def silent(self, reason: str) -> None:
        """Count a request that was answered with nothing."""
        if self.on:
            self.counts.add_silence(reason)
            self._counted()

    def take(self) -> Counts:
        """Return the counts and begin new ones."""
        counts, self.counts = self.counts, Counts()
        return counts

    def _tally(self, suggestion: Suggestion) -> Tally:
        return self.counts.tally(suggestion.language, suggestion.model)

    def _counted(self) -> None:
        self.counts.since = self.counts.since or time.strftime("%Y-%m-%d")
        self.on_count()


def _bucket(ms: float) -> int:
    return max(0, math.ceil(_BUCKETS_PER_OCTAVE * math.log2(max(ms, 1.0))))


def _add(into: dict[_Key, int], numbers: dict[_Key, int]) -> None:
    for key, n in numbers.items():
        into[key] = into.get(key, 0) + n
