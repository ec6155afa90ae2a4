"""From a selection with frozen parts, or one to be refined, to an answer: the pipeline on one screen.

All free segments are denoised together. What each could become is then tried alone, so that one bad
segment does not spoil the others; whole selections are judged, and the best that parses wins. Nothing is
answered that is worse than what stands there. Refuses to know where the frozen spans come from.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from functools import partial
from itertools import islice

from infill.candidates.segment_texts import is_placeholder, said_elsewhere, tidied
from infill.checks.preservation import writes_others
from infill.pipeline.choose_rewrite import Chooser, Denoised, Ranked
from infill.pipeline.drafts import reporter
from infill.pipeline.refine import least_believed, noised, read
from infill.prompt.context import PromptContext
from infill.prompt.segments import (
    Segment,
    assembled,
    joint_canvases,
    lay_out,
    row_lengths,
    split_texts,
    texts_of,
)
from infill.syntax.tree import Syntax
from infill.timing import Timings
from infill.types import Completion, Filled, FillRequest, Hole, NoFill, OnDraft
from model.types import Budget, CancelToken, Engine

REFINE_ROWS = 4  # canvases of one length, which differ in their noise


def rewrite(
    engine: Engine,
    request: FillRequest,
    syntax: Syntax,
    hole: Hole,
    around: PromptContext,
    cancel: CancelToken,
    timings: Timings,
    on_draft: OnDraft | None = None,
) -> Filled | NoFill:
    """Answer a request with frozen spans or a strength; a reason where nothing is better than what is there."""
    job = _Rewrite(engine, request, syntax, hole, around, cancel, timings)
    with timings.stage("read"):
        nothing = job.lay_out()
    if nothing is not None:
        return job.no_fill(nothing)
    with timings.stage("denoise"):
        chooser = job.denoise(on_draft)
    with timings.stage("singles"):
        wholes = chooser.wholes()
    if not wholes and request.strength is None:
        return job.no_fill(NoFill("empty_fill", f"the model proposes nothing{job.but}"))
    with timings.stage("judge"):
        better, n_worse = chooser.ranked(wholes)
    with timings.stage("gate"):
        passing = (found for found in better if chooser.parses(found.whole.texts))
        passed = list(islice(passing, request.candidates))
    if passed:
        least = request.least_confidence
        sure = [found for found in (chooser.sure(each, least) for each in passed) if found is not None]
        completions = tuple(map(job.completion, sure or passed))
        return Filled(hole, completions, request.seed, timings.ms, completions[0].steps)
    if not better and (n_worse or not wholes):
        return job.no_fill(NoFill("nothing_better", "the present text is the most probable"))
    return job.no_fill(NoFill("breaks_parse", f"none of {len(better)} candidates parses"))


class _Rewrite:
    """One request on its way."""

    def __init__(
        self,
        engine: Engine,
        request: FillRequest,
        syntax: Syntax,
        hole: Hole,
        around: PromptContext,
        cancel: CancelToken,
        timings: Timings,
    ) -> None:
        self._engine, self._request, self._syntax = engine, request, syntax
        self._hole, self._around, self._cancel, self._timings = hole, around, cancel, timings
        self._started = time.monotonic()
        self._stretches: list[Segment] = []
        self.but = ""  # what some of what the model proposed was not

    def no_fill(self, nothing: NoFill) -> NoFill:
        """A reason with the hole and times; that of a cancel comes before any other."""
        nothing = NoFill("cancelled") if self._cancel.cancelled else nothing
        return NoFill(nothing.reason, nothing.detail, self._hole, self._timings.ms)

    def lay_out(self) -> NoFill | None:
        """Cut the selection into segments; a reason where none of them is free."""
        engine, request, text = self._engine, self._request, self._syntax.text
        if self._hole.kind != "selection":
            return NoFill("no_target", "the selection is blank")
        span = self._hole.span
        is_empty = partial(is_placeholder, self._syntax)
        self._stretches = lay_out(text, span, request.frozen, engine.tokenizer, engine.info, is_empty)
        if not any(s.free for s in self._stretches):
            return NoFill("no_target", "nothing in the selection may change")
        if request.strength is not None:
            groups = read(engine, self._around, text, self._stretches, self._cancel)
            if not groups:
                return NoFill(
                    "nothing_better", "this model does not say how likely the tokens are; rewrite the lines instead"
                )
            chosen = least_believed(self._stretches, groups, request.strength)
            if not chosen:
                return NoFill("nothing_better", "at this strength no token would change")
            self._stretches = noised(self._stretches, groups, chosen)
        return None

    def denoise(self, on_draft: OnDraft | None) -> Chooser:
        """Denoise all free segments together, and choose among what they become."""
        engine, request = self._engine, self._request
        most = max(len(s.lengths) for s in self._stretches)
        n_rows = REFINE_ROWS if most == 1 else most
        canvases = joint_canvases(self._around, self._stretches, n_rows)
        share = None if request.deadline_ms is None else request.deadline_ms * engine.info.denoise_share
        budget = Budget(engine.info.block_steps, share)
        shown = row_lengths(self._stretches, n_rows // 2, n_rows)

        def written(free_ids: Sequence[int]) -> str:
            texts = split_texts(free_ids, shown, engine.tokenizer)
            return assembled(self._syntax.text, self._hole.span, self._stretches, texts)

        watching = reporter(on_draft, canvases, budget, written)
        fills = engine.denoise(self._around.prompt_ids, canvases, budget, self._cancel, request.seed, watching)
        rows = [texts_of(f, row_lengths(self._stretches, i, n_rows), engine.tokenizer) for i, f in enumerate(fills)]
        refines = request.strength is not None
        fixes = request.fixes and not refines
        texts = tuple(tidied(self._syntax, self._stretches, row, refines, fixes) for row in rows if row)
        if fixes and (kept := tuple(filter(self._leaves_others, texts))) != texts:
            texts, self.but = kept, " that leaves the lines around as they are"
        denoised = Denoised(texts, max(fill.steps for fill in fills), fills[0].stop_reason)
        said = [{} if fixes else self._said(segment) for segment in self._stretches if segment.free]
        return Chooser(
            engine, self._syntax, self._hole.span, self._around, self._stretches, denoised, said, request,
            self._is_before, self._cancel,
        )  # fmt: skip

    def _said(self, segment: Segment) -> dict[str, float]:
        return said_elsewhere(self._syntax, self._stretches, segment, self._request.context.texts)

    def completion(self, found: Ranked) -> Completion:
        """The answer, with what changed segment by segment; it is as sure as that is."""
        made, judged = found.whole.candidate, found.judged
        return Completion(
            span=self._hole.span,
            text=made.text,
            confidence=round(math.prod(part.confidence for part in found.parts), 4),
            token_texts=judged.token_texts,
            token_entropies=tuple(round(e, 4) for e in judged.token_entropies),
            steps=made.steps,
            stop_reason=made.stop_reason,
            source=made.source,
            parts=found.parts,
            n_left=found.whole.n_left,
        )

    def _leaves_others(self, texts: Sequence[str]) -> bool:
        """Whether none of the texts has lines of what stands around it, changed."""
        free = (s.span for s in self._stretches if s.free)
        return not any(writes_others(self._syntax.text, span, t) for span, t in zip(free, texts, strict=True))

    def _is_before(self, share: float) -> bool:
        """Whether less than this share of the deadline has passed."""
        limit = self._request.deadline_ms
        return limit is None or (time.monotonic() - self._started) * 1000 < limit * share
