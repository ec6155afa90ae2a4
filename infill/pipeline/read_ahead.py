"""What a request has to read before anything can be written: ahead of it, or said to take too long.

Refuses to know who asks for it and when.
"""

from __future__ import annotations

from infill.holes.find_hole import find_hole
from infill.pipeline.job import Job
from infill.syntax.tree import Syntax
from infill.types import FillRequest, Hole, NoFill
from model.read_ahead import ReadsAhead, Unread
from model.types import Engine

READ_SHARE = 0.5  # of what is left until the deadline: reading may take it, the rest is for writing
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
    """Read what the request would read; the answer says how many tokens were unread, and `read` once none is."""
    if not isinstance(engine, ReadsAhead):
        return job.no_fill("read", "this model reads nothing ahead")
    with job.timings.stage("read"):
        done = engine.read(job.prompt.prompt_ids, job.cancel)
    return job.no_fill("read" if done else "cancelled")


def reads_too_long(job: Job[FillRequest], unread: Unread) -> NoFill | None:
    """Return why a request that typing caused is not worth to begin with; None where there is time to read."""
    request, left_ms = job.request, job.timings.left_ms(job.request.deadline_ms)
    if left_ms is None or request.trigger != "automatic" or unread.ms <= left_ms * READ_SHARE:
        return None
    return job.no_fill("reading", f"{unread.n_tokens} tokens take {unread.ms:.0f} ms to read; {left_ms:.0f} are left")
