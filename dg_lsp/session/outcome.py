"""What became of a request: handlers return it, and `Session.request` alone logs and remembers it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

import msgspec

from infill.ignore.rules import Verdict

T = TypeVar("T", covariant=True)
U = TypeVar("U")


class Outcome(msgspec.Struct, Generic[T], frozen=True):
    """What a request, or a step of it, came to, and the reason.

    `detail` is for the user and not for the log, because it may name what is in the text; `counts` are for the log.
    `ignored` is the verdict of the rule by which the document may not be read.
    """

    value: T
    reason: str
    detail: str = ""
    ignored: Verdict | None = None
    counts: Mapping[str, object] = {}

    def with_value(self, value: U) -> Outcome[U]:
        """Return the same with what the next step made of its value."""
        return Outcome(value, self.reason, self.detail, self.ignored, self.counts)


class OpenRequest:
    """A request until it is answered. Its handler alone writes here: counts at the start, the outcome at the end."""

    def __init__(self) -> None:
        self.counts: Mapping[str, object] = {}
        self.outcome: Outcome[object] = Outcome(None, "failed")

    def end(self, reason: str) -> None:
        """Take another reason than the outcome's, for a request that was cut off."""
        self.outcome = msgspec.structs.replace(self.outcome, reason=reason)
