"""Engines whose prompts take so long to read that it is worth doing so before a question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from model.types import CancelToken


class Unread(NamedTuple):
    """What of a prompt would have to be read before anything can be written, and how long that is likely to take."""

    n_tokens: int
    ms: float


@runtime_checkable
class ReadsAhead(Protocol):
    """What such an engine has besides."""

    def read(self, prompt_ids: Sequence[int], cancel: CancelToken) -> bool:
        """Read a prompt ahead of a question; whether all of it is read. Cancelled, what is read stays."""
        ...

    def unread(self, prompt_ids: Sequence[int]) -> Unread:
        """What a question with this prompt would have to read first; computes nothing."""
        ...
