"""What a request has to read before anything can be written: ahead of it, or said to take too long.

Refuses to know who asks for it and when.
"""

from __future__ import annotations

import msgspec

from infill.holes.find_hole import find_hole
from infill.pipeline.job import Job
from infill.pipeline.prompts import brief_job, shorter
from infill.syntax.tree import Syntax
from infill.types import FillRequest, Hole, NoFill, Reason
from model.read_ahead import ReadsAhead, Unread
from model.types import Engine

READ_SHARE = 0.5  # of what is left until the deadline: reading may take it, the rest is for writing
BRIEF_FROM_MS = 400.0  # what takes longer to read is preceded by the brief prompt
FEW = 32  # tokens that a prompt may lack and still be as good as read
NOTHING = Unread(0, 0.0)


def hole_to_read(syntax: Syntax, offset: int) -> Hole | NoFill:
    """Return the hole of the next question at a cursor that rests: where none would be asked, the line's end."""
    found = find_hole(syntax, offset, "automatic")
    if isinstance(found, Hole) or found.reason in ("file_too_large", "generated_file"):
        return found
    return find_hole(syntax, syntax.line(offset).end, "manual")


def unread(engine: Engine, job: Job[FillRequest]) -> Unread:
    """Return what the request has to read first, as far as it is known; nothing for an engine that reads fast."""
    return engine.unread(job.prompt.prompt_ids) if isinstance(engine, ReadsAhead) else NOTHING


def read(engine: Engine, job: Job[FillRequest]) -> NoFill:
    """Read what the request would read; the answer says how many tokens were unread, and `read` once they are not.

    Where that would take long, only the brief prompt is read, if it is not yet, and the answer says `reading`: whoever
    asks again gets the rest read.
    """
    if not isinstance(engine, ReadsAhead):
        return job.no_fill("read", "this model reads nothing ahead")
    read_reason: Reason = "read"
    brief = brief_job(engine, job)
    takes_long = engine.unread(job.prompt.prompt_ids).ms > BRIEF_FROM_MS
    if takes_long and brief and all(unread(engine, other).n_tokens > FEW for other in shorter(engine, job)):
        job, read_reason = brief, "reading"
    first = unread(engine, job)
    with job.timings.stage("read"):
        done = engine.read(job.prompt.prompt_ids, job.cancel)
    return msgspec.structs.replace(job.no_fill(read_reason if done else "cancelled"), unread=first.n_tokens)


def in_time(engine: Engine, job: Job[FillRequest]) -> Job[FillRequest] | NoFill:
    """Return the job if there is time to read its prompt, else with a shorter prompt for which there is.

    Why a request that typing caused is not worth to begin with, where there is none. Whoever asked by hand waits.
    """
    request, left_ms = job.request, job.timings.left_ms(job.request.deadline_ms)
    if left_ms is None or request.trigger != "automatic":
        return job
    most_ms = left_ms * READ_SHARE
    first = unread(engine, job)
    if first.ms <= most_ms:
        return job
    for other in shorter(engine, job):
        if unread(engine, other).ms <= most_ms:
            return other
    told = f"{first.n_tokens} tokens take {first.ms:.0f} ms to read; {left_ms:.0f} are left"
    return msgspec.structs.replace(job.no_fill("reading", told), unread=first.n_tokens)
