"""From a selection with frozen parts, or one to be refined, to an answer: the pipeline on one screen.

All free segments are denoised together. What each could become is then tried alone, so that one bad
segment does not spoil the others; whole selections are scored, and the best that parses wins. Nothing is
answered that is worse than what stands there. Refuses to know where the frozen spans come from.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from functools import partial
from itertools import islice

import msgspec

from infill.candidates.segment_texts import are_hints, fitted_texts, is_placeholder, retrieved_texts
from infill.checks.preservation import writes_others
from infill.pipeline.choose_rewrite import Chooser, Denoised, Ranked
from infill.pipeline.drafts import reporter
from infill.pipeline.job import Job
from infill.pipeline.refine import least_probable, noised, read
from infill.prompt.segments import (
    Segment,
    assembled,
    joint_canvases,
    lay_out,
    row_lengths,
    split_texts,
    texts_of,
)
from infill.types import Completion, Filled, NoFill, RewriteRequest
from model.types import Budget, Engine

REFINE_ROWS = 4  # canvases of one length, which differ in their noise
HINT_ROWS = 3  # the first is what is most probable


def rewrite(engine: Engine, job: Job[RewriteRequest]) -> Filled | NoFill:
    """Answer a request with frozen spans or a strength; a reason where nothing is better than what is there."""
    request, timings = job.request, job.timings
    rewriter = _Rewriter(engine, job)
    with timings.stage("read"):
        segments = rewriter.segments()
    if isinstance(segments, NoFill):
        return rewriter.no_fill(segments)
    with timings.stage("denoise"):
        denoised = rewriter.denoise(segments)
        chooser = rewriter.chooser(segments, denoised)
    with timings.stage("singles"):
        wholes = chooser.wholes()
    if not wholes and request.strength is None:
        but = " that leaves the lines around as they are" if denoised.n_dropped else ""
        return rewriter.no_fill(NoFill("empty_fill", f"the model proposes nothing{but}"))
    with timings.stage("judge"):
        better, n_worse = chooser.ranked(wholes)
    with timings.stage("gate"):
        passing = (found for found in better if chooser.parses(found.whole.texts))
        passed = list(islice(passing, request.candidates))
    if passed:
        least = request.least_confidence
        sure = [found for found in (chooser.sure(each, least) for each in passed) if found is not None]
        completions = tuple(rewriter.completion(found, chooser) for found in sure or passed)
        return Filled(job.hole, completions, request.seed, timings.ms, completions[0].steps)
    if not better and (n_worse or not wholes):
        return rewriter.no_fill(NoFill("nothing_better", "the present text is the most probable"))
    return rewriter.no_fill(NoFill("breaks_parse", f"none of {len(better)} candidates parses"))


class _Rewriter:
    """The stages of one rewrite; each returns what the next one needs."""

    def __init__(self, engine: Engine, job: Job[RewriteRequest]) -> None:
        self._engine, self._job = engine, job
        self._request, self._syntax, self._hole = job.request, job.syntax, job.hole
        self._started = time.monotonic()

    def no_fill(self, nothing: NoFill) -> NoFill:
        """A reason with the hole and times; that of a cancel comes before any other."""
        nothing = NoFill("cancelled") if self._job.cancel.cancelled else nothing
        return self._job.no_fill(nothing.reason, nothing.detail)

    def segments(self) -> list[Segment] | NoFill:
        """Cut the selection into segments; a reason where none of them is free."""
        engine, request, text = self._engine, self._request, self._syntax.text
        if self._hole.kind != "selection":
            return NoFill("no_target", "the selection is blank")
        is_empty = partial(is_placeholder, self._syntax)
        segments = lay_out(text, self._hole.span, request.frozen, engine.tokenizer, engine.info, is_empty)
        if not any(s.free for s in segments):
            return NoFill("no_target", "nothing in the selection may change")
        if request.strength is None:
            return segments
        groups = read(engine, self._job.prompt, text, segments, self._job.cancel)
        if not groups:
            detail = "this model does not say how likely the tokens are; rewrite the lines instead"
            return NoFill("nothing_better", detail)
        chosen = least_probable(segments, groups, request.strength)
        if not chosen:
            return NoFill("nothing_better", "at this strength no token would change")
        return noised(segments, groups, chosen)

    def denoise(self, segments: list[Segment]) -> Denoised:
        """Denoise all free segments together, and make the results fit."""
        engine, job, request = self._engine, self._job, self._request
        most = max(len(s.lengths) for s in segments)
        n_rows = REFINE_ROWS if most == 1 else most
        if engine.info.is_causal and are_hints(self._syntax, segments):
            n_rows = HINT_ROWS  # such a model ends a type by itself: rows differ by chance, not by their room
            segments = [msgspec.structs.replace(s, lengths=s.lengths[-1:]) for s in segments]
        canvases = joint_canvases(job.prompt, segments, n_rows)
        share = None if request.deadline_ms is None else request.deadline_ms * engine.info.denoise_share
        budget = Budget(engine.info.block_steps, share)
        shown = row_lengths(segments, n_rows // 2, n_rows)

        def written(free_ids: Sequence[int]) -> str:
            texts = split_texts(free_ids, shown, engine.tokenizer)
            return assembled(self._syntax.text, self._hole.span, segments, texts)

        watching = reporter(job.on_draft, canvases, budget, written)
        fills = engine.denoise(job.prompt.prompt_ids, canvases, budget, job.cancel, request.seed, watching)
        rows = [texts_of(f, row_lengths(segments, i, n_rows), engine.tokenizer) for i, f in enumerate(fills)]
        as_written = request.strength is not None
        texts = tuple(fitted_texts(self._syntax, segments, row, as_written, self._fixes) for row in rows if row)
        kept = tuple(row for row in texts if not self._fixes or self._leaves_others(segments, row))
        return Denoised(kept, max(fill.steps for fill in fills), fills[0].stop_reason, len(texts) - len(kept))

    def chooser(self, segments: list[Segment], denoised: Denoised) -> Chooser:
        """What chooses among the ways to write the selection."""
        texts = self._request.context.texts
        free = (s for s in segments if s.free)
        retrieved = [{} if self._fixes else retrieved_texts(self._syntax, segments, s, texts) for s in free]
        return Chooser(self._engine, self._job, segments, denoised, retrieved, self._is_before)

    def completion(self, found: Ranked, chooser: Chooser) -> Completion:
        """The answer, with what changed segment by segment; it is as sure as that is."""
        made, scored = found.whole.candidate, found.scored
        return Completion(
            span=self._hole.span,
            text=made.text,
            confidence=round(math.prod(part.confidence for part in found.parts), 4),
            token_texts=scored.token_texts,
            token_entropies=tuple(round(e, 4) for e in scored.token_entropies),
            steps=made.steps,
            stop_reason=made.stop_reason,
            source=made.source,
            parts=found.parts,
            n_left=found.whole.n_left,
            left=chooser.left(found.whole),
        )

    @property
    def _fixes(self) -> bool:
        """Whether it writes anew what diagnostics report."""
        return self._request.fixes and self._request.strength is None

    def _leaves_others(self, segments: list[Segment], texts: Sequence[str]) -> bool:
        """Whether none of the texts has lines of what stands around it, changed."""
        free = (s.span for s in segments if s.free)
        return not any(writes_others(self._syntax.text, span, t) for span, t in zip(free, texts, strict=True))

    def _is_before(self, share: float) -> bool:
        """Whether less than this share of the deadline has passed."""
        limit = self._request.deadline_ms
        return limit is None or (time.monotonic() - self._started) * 1000 < limit * share
