"""What is counted of suggestions: numbers by language, model, trigger and reason. No text of the user's, no paths.

Counts add up, so those of several servers and days can be merged in any order. Knows no files and no protocol.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Literal, TypeVar

import msgspec

Outcome = Literal["dismissed", "typed", "partly", "accepted"]  # each outranks those before it
Trigger = Literal["automatic", "manual"]

_Key = TypeVar("_Key", bound=Hashable)

_BUCKETS_PER_OCTAVE = 8  # of milliseconds: a percentile is exact to 9 %


class Tally(msgspec.Struct, rename="camel"):
    """Suggestions of one model in one language. Each one shown has one outcome."""

    sent: int = 0
    shown: int = 0
    assumed: int = 0  # of those shown: only sent, to a client that does not say what it shows
    accepted: int = 0
    partly: int = 0
    typed: int = 0  # the user wrote some of it
    dismissed: int = 0
    chars: int = 0  # accepted, whole or in part

    def add(self, other: Tally) -> None:
        """Add another's numbers."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Counts(msgspec.Struct, rename="camel"):
    """All that is counted; `since` is the day it began, empty before anything was."""

    since: str = ""
    suggestions: dict[str, dict[str, Tally]] = {}  # by language id, by model
    latencies: dict[str, dict[int, int]] = {}  # by trigger: how many in each bucket of milliseconds
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
        """Add another's numbers; the earlier beginning counts."""
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


def _bucket(ms: float) -> int:
    return max(0, math.ceil(_BUCKETS_PER_OCTAVE * math.log2(max(ms, 1.0))))


def _add(into: dict[_Key, int], numbers: dict[_Key, int]) -> None:
    for key, n in numbers.items():
        into[key] = into.get(key, 0) + n
