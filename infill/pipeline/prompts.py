"""What the model reads around a hole: as much as helps, and less where there is no time to read all of that.

A slow model keeps what it has read. Typing appends to that, but a bracket that the editor closes, a block that is
opened or a jump elsewhere changes the prompt from its middle or its beginning on, and to read it anew takes seconds.
The shorter prompts are what it has read already, or can read at once.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from infill.pipeline.job import Job
from infill.prompt.context import Preamble, PromptContext, prompt_context
from infill.prompt.excerpts import last_that_fit, prompt_files
from infill.prompt.instructions import instructions_for, thinker
from infill.retrieval.window_files import window_files
from infill.syntax.tree import Syntax
from infill.timing import Timings
from infill.types import FillRequest, Hole, Request, RewriteRequest
from model.prompt_parts import Asked, PromptFile
from model.types import CancelToken, Engine

WINDOWS_SHARE = 0.5  # of the prompt, at most; the rest is for the file itself
MAX_CLOSED = 4  # lines that only close, which stand after the hole since the last reading
BRIEF_SUFFIX = 0.2  # of a brief prompt, at most
BRIEF_TYPED = 0.2  # of a brief prompt: see `typed_tokens`


def usual_prompt(
    engine: Engine, request: Request, syntax: Syntax, hole: Hole, cancel: CancelToken, timings: Timings
) -> PromptContext:
    """Return the prompt for a request: the file around its hole, other files, and what it asks for."""
    asked = _asked(engine, request, syntax, hole)
    think = thinker(engine, asked, request.deadline_ms, cancel, timings)
    preamble = Preamble(_other_files(engine, request, syntax, hole), asked, think)
    return prompt_context(request.text, hole, engine.info, engine.tokenizer, preamble)


def shorter(engine: Engine, job: Job[FillRequest]) -> Iterator[Job[FillRequest]]:
    """Yield the job with other prompts: those that were read before a block was opened, then the brief one."""
    request, hole, info = job.request, job.hole, engine.info
    if info.suffix_from_hole:
        preamble = Preamble(_other_files(engine, request, job.syntax, hole), _asked(engine, request, job.syntax, hole))
        for n_closed in range(1, MAX_CLOSED + 1):
            prompt = prompt_context(request.text, hole, info, engine.tokenizer, preamble, n_closed)
            yield msgspec.structs.replace(job, prompt=prompt)
    if (brief := brief_job(engine, job)) is not None:
        yield brief


def brief_job(engine: Engine, job: Job[FillRequest]) -> Job[FillRequest] | None:
    """Return the job with a few lines on either side to read; None for a model that reads fast."""
    n_tokens = engine.info.brief_tokens
    if not n_tokens:
        return None
    few = msgspec.structs.replace(
        engine.info,
        max_prompt_tokens=n_tokens,
        far_suffix_tokens=int(n_tokens * BRIEF_SUFFIX),
        typed_tokens=int(n_tokens * BRIEF_TYPED),
    )
    prompt = prompt_context(job.request.text, job.hole, few, engine.tokenizer)
    return msgspec.structs.replace(job, prompt=prompt)


def _asked(engine: Engine, request: Request, syntax: Syntax, hole: Hole) -> Asked:
    """Return the instructions for the hole, for a model that takes any, and the file's path."""
    own = request if engine.info.takes_instructions else None
    refines = isinstance(request, RewriteRequest) and request.strength is not None
    asked = instructions_for(request.text, hole, syntax.language.id, own, refines)
    return msgspec.structs.replace(asked, path=request.context.path)


def _other_files(engine: Engine, request: Request, syntax: Syntax, hole: Hole) -> tuple[PromptFile, ...]:
    """Return what other files say, outlines first, then the windows that are most like the lines before the hole."""
    info, tokenizer, language = engine.info, engine.tokenizer, syntax.language
    outlines = prompt_files(request.context.excerpts, language, info.context_tokens, tokenizer)
    windows = window_files(request.text, hole, request.context, language, info.similar_windows)
    return (*outlines, *last_that_fit(windows, int(info.max_prompt_tokens * WINDOWS_SHARE), tokenizer))
