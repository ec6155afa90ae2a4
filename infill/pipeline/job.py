"""One request on its way, with what was found out about it before the model is asked.

Made once, by `infill.pipeline.filler`; every later stage reads it and none changes it.
"""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from infill.prompt.context import PromptContext, lf
from infill.ranking.reranker import TimedReranker
from infill.syntax.tree import Syntax
from infill.timing import Timings
from infill.types import Hole, NoFill, OnDraft, Reason, Request, Source
from model.types import CancelToken, Engine

R = TypeVar("R", bound=Request, covariant=True)

ALL_SOURCES: frozenset[Source] = frozenset(("diffusion", "left_to_right", "nearby"))


class Pipeline(msgspec.Struct, frozen=True):
    """What answers are made with: the engine, the reranker over it, and the allowed sources of candidates.

    `known_length` is how many tokens the right answer has, for benchmarks.
    """

    engine: Engine
    reranker: TimedReranker
    sources: frozenset[Source] = ALL_SOURCES
    known_length: int | None = None


class Job(msgspec.Struct, Generic[R], frozen=True):
    """A request, its parsed text, its hole and what the model reads around that.

    `timings` counts from when the request came in; `on_draft` hears of every denoising step.
    """

    request: R
    syntax: Syntax
    hole: Hole
    prompt: PromptContext
    cancel: CancelToken
    timings: Timings
    on_draft: OnDraft | None = None

    @property
    def present(self) -> str:
        """The text that stands in the hole now."""
        return self.request.text[self.hole.span.start : self.hole.span.end]

    @property
    def line_before(self) -> str:
        """The text before the hole in its line."""
        return lf(self.request.text[: self.hole.span.start]).rpartition("\n")[2]

    def no_fill(self, reason: Reason, detail: str = "") -> NoFill:
        """A reason, with the hole and the times so far."""
        return NoFill(reason, detail, self.hole, self.timings.ms)
