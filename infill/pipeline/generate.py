"""Candidates for a hole from every allowed source: denoised canvases, a left-to-right draft, similar code.

Nothing here ranks them or asks whether they parse.
"""

from __future__ import annotations

import math

import msgspec

from infill.candidates import sources
from infill.candidates.segment_texts import is_unwritten
from infill.candidates.sources import Candidate, fitted_candidate
from infill.checks.aside import is_aside
from infill.checks.damage import damage
from infill.checks.encodable import is_encodable
from infill.checks.marks import foreign_mark
from infill.checks.preservation import is_only_prose, loses_code
from infill.checks.second_import import is_second_import
from infill.pipeline.draft_ends import ended
from infill.pipeline.drafts import reporter
from infill.pipeline.ends import following_lines, left_at
from infill.pipeline.job import Job, Pipeline
from infill.prompt.canvas import FREE, build_canvas, hole_canvases, warm_canvas
from infill.prompt.context import lf
from infill.retrieval.similar_lines import Retrieved
from infill.retrieval.sure_texts import sure_texts
from infill.types import Request
from model.deadline import cancelled_after
from model.types import Budget, Engine, Fill

DRAFTED_UNTIL = 0.8  # of a deadline, the denoising before it included
PLACEHOLDERS = ("pass", "...", "raise NotImplemented", "todo!", "TODO")  # what no placeholder is replaced by
MAX_WARM_TOKENS = 16  # of what was suggested, to start from


class Generated(msgspec.Struct, frozen=True):
    """What the sources propose, as it came, and what the code base says elsewhere.

    `steps` counts denoising steps; `late` says that the deadline ended the denoising before it wrote anything.
    """

    candidates: tuple[Candidate, ...] = ()
    retrieved: tuple[Retrieved, ...] = ()
    steps: int = 0
    late: bool = False


def generate(pipeline: Pipeline, job: Job[Request]) -> Generated:
    """Ask every allowed source; no candidates when cancelled."""
    engine, request, timings = pipeline.engine, job.request, job.timings
    found: list[Candidate] = []
    retrieved: list[Retrieved] = []
    steps, late = 0, False
    if "diffusion" in pipeline.sources and engine.info.denoises:
        with timings.stage("denoise"):
            fills = _denoise(pipeline, job)
        steps = max((fill.steps for fill in fills), default=0)
        late = all(fill.stop_reason == "deadline" and not fill.token_ids for fill in fills)
        found += sources.filled(fills, engine.tokenizer, engine.info.is_causal)
    if "left_to_right" in pipeline.sources and engine.info.drafts_left_to_right:
        with timings.stage("draft"):
            draft_ids = _draft(engine, job)
            if not engine.info.denoises and _is_late(job, draft_ids):
                return Generated((), (), steps, late=True)
            end = None if engine.info.denoises else _end(engine, job, draft_ids)
        found += sources.drafted(draft_ids, job.prompt.tail, job.hole, engine.tokenizer, end)
    if job.cancel.cancelled:
        return Generated((), (), steps, late)
    if "nearby" in pipeline.sources:
        with timings.stage("nearby"):
            retrieved = sources.similar_code(request.text, job.hole, request.context.texts, job.syntax.language)
            retrieved += sure_texts(job.syntax, job.hole)
        found += sources.from_retrieved(retrieved)
    if request.suggested:
        found += sources.suggested(request.suggested, job.hole)
    return Generated(tuple(found), tuple(retrieved), steps, late)


def fitted(job: Job[Request], found: tuple[Candidate, ...]) -> list[Candidate]:
    """The candidates cut to fit the hole, some also with brackets closed, without those that cannot stand there."""
    request, syntax, hole = job.request, job.syntax, job.hole
    prefix, suffix = request.text[: hole.span.start], request.text[hole.span.end :]
    language = syntax.language
    closed = sources.closed(sources.distinct(found), prefix, suffix, language.quotes)
    every = sources.distinct(
        fitted_candidate(c, own, prefix, suffix, language)
        for c in (*found, *closed)
        for own in sources.own_indents(c, hole, prefix)
    )
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
        return not is_unwritten(syntax, text) and not is_only_prose(syntax, span, text)
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


def _end(engine: Engine, job: Job[Request], draft_ids: list[int]) -> str | None:
    """The text of a draft up to its end, for a model that writes well; None for a draft that spells another tail."""
    draft, tail = engine.tokenizer.decode(draft_ids), job.prompt.tail
    if not draft.startswith(tail):
        return None
    draft = draft[len(tail) :]
    following = lf(job.request.text[job.hole.span.end :])
    left = left_at(draft, job.hole, following_lines(following))
    if not job.hole.multiline and left is not None and following.startswith("\n"):
        return draft[:left]  # the line has ended by itself
    return ended(engine, job.prompt, job.hole, draft[:left], following, job.cancel).text


def _is_late(job: Job[Request], draft_ids: list[int]) -> bool:
    """Whether the time ended before the draft did: half a line is worth less than none, unless someone waits for it.

    To rank anything else, the rest of the prompt would have to be read first.
    """
    limit_ms = job.request.deadline_ms
    left_ms = None if limit_ms is None else job.timings.left_ms(limit_ms * DRAFTED_UNTIL)
    return left_ms is not None and left_ms < 0 and (not draft_ids or job.request.trigger == "automatic")


def _draft(engine: Engine, job: Job[Request]) -> list[int]:
    """Left-to-right draft up to the end of the line or of the block, or of its time."""
    info = engine.info
    deadline_ms, multiline, prompt = job.request.deadline_ms, job.hole.multiline, job.prompt
    limit_ms = None if deadline_ms is None else deadline_ms * DRAFTED_UNTIL
    following = following_lines(lf(job.request.text[job.hole.span.end :]))

    least = -math.inf if multiline or not info.least_line else math.log(info.least_line)
    never = PLACEHOLDERS if job.present and is_unwritten(job.syntax, job.present) else ()

    def stop(text: str, log_prob: float) -> bool:
        left_ms = job.timings.left_ms(limit_ms)
        late = left_ms is not None and left_ms < 0
        return late or log_prob < least or left_at(text[len(prompt.tail) :], job.hole, following) is not None

    with cancelled_after(job.cancel, job.timings.left_ms(limit_ms)) as cancel:
        return engine.draft(prompt.prompt_ids, info.draft_tokens[multiline], cancel, prompt.tail, stop, never)
