"""Candidates for a hole from every allowed source: denoised canvases, a left-to-right draft, similar code.

Nothing here ranks them or asks whether they parse.
"""

from __future__ import annotations

import msgspec

from infill.candidates import sources
from infill.candidates.segment_texts import is_unwritten
from infill.candidates.sources import Candidate, fitted_candidate
from infill.checks.aside import is_aside
from infill.checks.damage import damage
from infill.checks.encodable import is_encodable
from infill.checks.marks import foreign_mark
from infill.checks.preservation import is_only_prose, loses_code
from infill.checks.repeated_end import before_repetition
from infill.checks.returning import lacks_return
from infill.checks.second_import import is_second_import
from infill.holes.lost_header import block_without_header
from infill.pipeline import left_to_right
from infill.pipeline.drafts import reporter
from infill.pipeline.job import Job, Pipeline
from infill.prompt.canvas import FREE, build_canvas, hole_canvases, warm_canvas
from infill.retrieval.similar_lines import Retrieved
from infill.retrieval.sure_texts import sure_texts
from infill.syntax.line_breaks import line_break_at
from infill.types import Request
from model.types import Budget, Fill

MAX_WARM_TOKENS = 16  # of what was suggested, to start from
SECOND_FROM = 0.001  # confidence of what a model writes that found nothing to be missing; model/train/LOG.md


class Generated(msgspec.Struct, frozen=True):
    """What the sources propose, as it came, and what the code base says elsewhere.

    `up_to_rest` is a text that ends where the rest of the hole's line begins; it is kept as it is. `steps` counts
    denoising steps; `late` says that the deadline ended the denoising before it wrote anything, `unsure` that a draft
    was given up. A completion below `least_confidence` (0..1) is not worth reading.
    """

    candidates: tuple[Candidate, ...] = ()
    retrieved: tuple[Retrieved, ...] = ()
    up_to_rest: str = ""
    steps: int = 0
    late: bool = False
    unsure: bool = False
    least_confidence: float = 0.0


def generate(pipeline: Pipeline, job: Job[Request]) -> Generated:
    """Ask every allowed source; no candidates when cancelled."""
    engine, request, timings = pipeline.engine, job.request, job.timings
    found: list[Candidate] = []
    retrieved: list[Retrieved] = []
    steps, late, up_to_rest, least = 0, False, "", 0.0
    if "diffusion" in pipeline.sources and engine.info.denoises:
        with timings.stage("denoise"):
            fills = _denoise(pipeline, job)
        steps = max((fill.steps for fill in fills), default=0)
        late = all(fill.stop_reason == "deadline" and not fill.token_ids for fill in fills)
        found += sources.filled(fills, engine.tokenizer, engine.info.is_causal)
    if "left_to_right" in pipeline.sources and engine.info.drafts_left_to_right:
        with timings.stage("draft"):
            draft = left_to_right.draft(engine, job)
            if engine.info.denoises:
                found += sources.drafted(draft.text, job.hole)
            elif left_to_right.is_late(job, draft):
                return Generated(steps=steps, late=True)
            elif draft.stopped == "unsure" and request.trigger == "automatic":
                # What stands elsewhere is seldom right where this model is unsure, and to judge it takes longer.
                return Generated(steps=steps, unsure=True)
            else:
                text = left_to_right.text_up_to_end(engine, job, draft)
                block = block_without_header(job.syntax, job.hole)
                opening = None if block is None else left_to_right.header(engine, job, draft.text, block)
                if opening is not None:
                    text = opening
                elif left_to_right.finds_nothing(job, draft, text):
                    draft, least = left_to_right.draft_of_more(engine, job), SECOND_FROM
                    text = left_to_right.text_up_to_end(engine, job, draft)
                found.append(sources.plain(text, "left_to_right"))
                up_to_rest = left_to_right.text_up_to_rest(job, draft)
    if job.cancel.cancelled:
        return Generated(steps=steps, late=late)
    if "nearby" in pipeline.sources:
        with timings.stage("nearby"):
            retrieved = sources.similar_code(request.text, job.hole, request.context.texts, job.syntax.language)
            retrieved += sure_texts(job.syntax, job.hole)
        found += sources.from_retrieved(retrieved)
    if request.suggested:
        found += sources.suggested(request.suggested, job.hole)
    return Generated(tuple(found), tuple(retrieved), up_to_rest, steps, late, least_confidence=least)


def fitted(job: Job[Request], generated: Generated) -> list[Candidate]:
    """The candidates cut to fit the hole, some also with brackets closed, without those that cannot stand there."""
    request, syntax, hole, found = job.request, job.syntax, job.hole, generated.candidates
    prefix, suffix = request.text[: hole.span.start], request.text[hole.span.end :]
    language = syntax.language
    closed = sources.closed(sources.distinct(found), prefix, suffix, language.quotes)
    every = sources.distinct(
        fitted_candidate(c, own, prefix, suffix, language)
        for c in (*found, *closed)
        for own in sources.own_indents(c, hole, prefix)
    )
    if generated.up_to_rest:
        written = generated.up_to_rest.replace("\n", line_break_at(request.text, hole.span.start))
        every.append(sources.plain(written, "left_to_right"))
    if hole.kind == "block" and job.present.strip():
        every = sources.distinct([*every, *(sources.plain(before_repetition(c.text), c.source) for c in every)])
    return [c for c in every if can_stand(job, c.text)]


def can_stand(job: Job[Request], text: str) -> bool:
    """Return whether a text passes every check but the parser's. What is cut back must pass them again."""
    request, syntax, span, present = job.request, job.syntax, job.hole.span, job.present.strip()
    if foreign_mark(text, request.text) or not is_encodable(text, request.text):
        return False
    if is_second_import(syntax, span, text):
        return False
    if request.trigger == "automatic" and not job.hole.multiline and is_aside(syntax, span, text):
        return False
    if job.hole.kind == "selection":
        if text.strip() == present or loses_code(syntax, span, text):
            return False
        gives_up = is_unwritten(syntax, text) and not is_unwritten(syntax, present)
        return not gives_up and damage(syntax, span, text, request.instruction) is None
    if job.hole.kind == "block" and present:  # a body, not a line on the way
        if is_unwritten(syntax, text) or is_only_prose(syntax, span, text) or text != before_repetition(text):
            return False
        # Where nobody asked, its first lines alone may be shown.
        return request.trigger == "automatic" or not lacks_return(syntax, span, text)
    return True


def _denoise(pipeline: Pipeline, job: Job[Request]) -> list[Fill]:
    """A batch of hole lengths, denoised together."""
    engine, info, request, hole, prompt = pipeline.engine, pipeline.engine.info, job.request, job.hole, job.prompt
    canvases = hole_canvases(prompt, hole, engine.tokenizer.encode(job.present), info)
    if pipeline.known_length is not None:
        canvases = [build_canvas(prompt, pipeline.known_length)]
    if request.suggested and not hole.multiline:
        draft_ids = engine.tokenizer.encode(request.suggested.partition("\n")[0]) or [FREE]
        canvases.append(warm_canvas(prompt, draft_ids[:MAX_WARM_TOKENS]))
    share = None if request.deadline_ms is None else request.deadline_ms * info.denoise_share
    n_steps = info.block_steps if hole.multiline else info.line_steps
    # A selection's lengths are all about what it has.
    n_kept = None if hole.kind == "selection" else info.keep_best
    budget = Budget(min(n_steps, request.max_steps or n_steps), share, n_kept)
    watching = reporter(job.on_draft, canvases, budget, engine.tokenizer.decode)
    return engine.denoise(prompt.prompt_ids, canvases, budget, job.cancel, request.seed, watching)
