"""The left-to-right draft of a hole: where writing stops, and the text up to where it should.

An embedded model's draft is one source of many, and is cut at every plausible end. A model that writes well is taken
at its word, up to the end of the hole.
"""

from __future__ import annotations

import math
from itertools import accumulate
from typing import Literal

import msgspec

from infill.candidates.overlap import without_second_closers
from infill.candidates.segment_texts import is_unwritten
from infill.holes.lost_header import header_ends, is_one_level
from infill.pipeline.draft_ends import ended, likeliest_end
from infill.pipeline.ends import following_lines, left_at
from infill.pipeline.job import Job
from infill.prompt.context import lf
from infill.types import Request
from model.deadline import cancelled_after
from model.types import Engine

DRAFTED_UNTIL = 0.8  # of a deadline, the denoising before it included
GIVEN_UP = 0.5  # of the confidence from which fills are shown: a draft below cannot rise again
ACROSS_LINES_TOKENS = 96  # at most, of a draft for a hole inside a line that may go over lines
TELLING, MAX_TELLING_CHARS, MAX_TELLING_LINES = 6, 40, 4  # letters, of the text that such a draft must come to
PLACEHOLDERS = ("pass", "...", "raise NotImplemented", "todo!", "TODO")  # what no placeholder is replaced by

Stopped = Literal["left", "unsure", "time", "tokens", "itself"]  # left: of its own, at the end of the hole


class Draft(msgspec.Struct, frozen=True):
    """The ids of a draft and why it stops; `text` is what is new in it, after the tail of the prompt."""

    ids: tuple[int, ...]
    text: str
    stopped: Stopped


def draft(engine: Engine, job: Job[Request], never: tuple[str, ...] = (), begun: str = "") -> Draft:
    """Write on after the prompt up to the end of the line or of the block, or of its time.

    Unasked, it stops where it is too unsure to be shown. It begins with `begun`, and with none of the
    texts `never`.
    """
    info, prompt, hole = engine.info, job.prompt, job.hole
    rest = rest_after(job)
    deadline_ms, stopped = job.request.deadline_ms, list[Stopped]()
    limit_ms = None if deadline_ms is None else deadline_ms * DRAFTED_UNTIL
    following = following_lines(lf(job.request.text[hole.span.end :]))
    least = _least(engine, job)

    def stop(text: str, log_prob: float) -> bool:
        left_ms, new = job.timings.left_ms(limit_ms), text[len(prompt.tail) :]
        left = left_at(new, hole, following)
        if (left is not None and (rest is None or rest.is_in(new))) or closes_again(job, new):
            stopped.append("left")
        elif log_prob < least:
            stopped.append("unsure")
        elif left_ms is not None and left_ms < 0:
            stopped.append("time")
        return bool(stopped)

    if job.present and is_unwritten(job.syntax, job.present):
        never += PLACEHOLDERS
    most = info.draft_tokens[hole.multiline] if rest is None else ACROSS_LINES_TOKENS
    with cancelled_after(job.cancel, job.timings.left_ms(limit_ms)) as cancel:
        ids = engine.draft(prompt.prompt_ids, most, cancel, prompt.tail + begun, stop, never)
    left_ms = job.timings.left_ms(limit_ms)
    if not stopped:
        late = left_ms is not None and left_ms < 0
        stopped.append("time" if late else "tokens" if len(ids) >= most else "itself")
    text = engine.tokenizer.decode(ids)
    return Draft(tuple(ids), text[len(prompt.tail) :] if text.startswith(prompt.tail) else "", stopped[0])


def finds_nothing(job: Job[Request], draft: Draft, text: str) -> bool:
    """Whether a person asked at an empty line, and all of the `text` that was written follows the line anyway."""
    if job.request.trigger == "automatic" or not job.hole.multiline or draft.stopped not in ("left", "itself"):
        return False
    first = text.strip().partition("\n")[0]
    following = following_lines(lf(job.request.text[job.hole.span.end :]))
    return not first or first.rstrip() in (line.strip() for line in following)


def draft_of_more(engine: Engine, job: Job[Request]) -> Draft:
    """Write something else than what follows the hole."""
    following = following_lines(lf(job.request.text[job.hole.span.end :]))
    return draft(engine, job, tuple(line.strip() for line in following))


def header(engine: Engine, job: Job[Request], draft_text: str, block: str) -> str | None:
    """Return a draft up to the line that opens the block below the hole, or such a line alone; None without any.

    `block` is that block's indentation. Where the draft does not open it, a person waits while the model is told to
    begin a header, with the word of the language's that it finds likeliest.
    """
    before, syntax, hole = job.line_before, job.syntax, job.hole
    if ends := header_ends(draft_text, before, syntax.language, block):
        following = lf(job.request.text[hole.span.end :])
        return likeliest_end(engine, job.prompt, ends, draft_text, following, job.cancel)
    if job.request.trigger == "automatic" or not is_one_level(syntax, hole, block):
        return None
    lead = hole.indent.removeprefix(before) if hole.indent.startswith(before) else ""
    words, encode = syntax.language.headers, engine.tokenizer.encode
    rows = [encode(job.prompt.tail + lead + word) for word in words]
    scores = engine.score(job.prompt.prompt_ids, rows, job.cancel)
    sums = [sum(score.log_probs) if score.log_probs else -math.inf for score in scores]
    word = words[sums.index(max(sums))]
    begun = draft(engine, job, begun=lead + word).text
    return next(iter(header_ends(begun, before, syntax.language, block)), None)


def closes_again(job: Job[Request], text: str) -> bool:
    """Return whether a text closes what the rest of the line, which only closes brackets, closes already."""
    before, after = lf(job.request.text[: job.hole.span.start]), lf(job.request.text[job.hole.span.end :])
    right = after.partition("\n")[0]
    if not right.strip() or any(map(str.isalnum, right)):
        return False
    left, quotes = before.rpartition("\n")[2], job.syntax.language.quotes
    return without_second_closers(text, left, right, after, quotes) != text


class Rest(msgspec.Struct, frozen=True):
    """What follows a hole inside a line: the rest of that line, and as much more as says enough to be told again."""

    of_line: str
    telling: str

    def is_in(self, text: str) -> bool:
        """Whether a text has come to it, in its first line or beyond."""
        return self.of_line in text.partition("\n")[0] or self.telling in text


def rest_after(job: Job[Request]) -> Rest | None:
    """Return what follows the hole, where a person asks for a text that may go over lines until it comes to that."""
    right = lf(job.request.text[job.hole.span.end :])
    of_line = right.partition("\n")[0].strip()
    if job.request.trigger == "automatic" or job.hole.kind != "token" or not of_line:
        return None
    ends = accumulate(map(len, right.splitlines(keepends=True)[:MAX_TELLING_LINES]))
    n = next((n for n in ends if sum(map(str.isalnum, right[:n])) >= TELLING), None)
    return None if n is None else Rest(of_line, right[: min(n, MAX_TELLING_CHARS)])


def text_up_to_rest(job: Job[Request], draft: Draft) -> str:
    """Return the draft, be it of several lines, up to the rest of the line that the hole is in; empty without that."""
    rest = rest_after(job)
    return draft.text[: max(0, draft.text.find(rest.telling))] if rest is not None else ""


def _least(engine: Engine, job: Job[Request]) -> float:
    """The log-probability (nats) below which a draft is given up."""
    info, request = engine.info, job.request
    if not info.denoises and request.trigger == "automatic":
        shown_from = max(request.least_confidence, info.threshold(job.syntax.language.id))
        return math.log(shown_from * GIVEN_UP) if shown_from > 0 else -math.inf
    return -math.inf if job.hole.multiline or not info.least_line else math.log(info.least_line)


def is_late(job: Job[Request], draft: Draft) -> bool:
    """Whether the time ended before the draft did: half a line is worth less than none, unless someone waits for it.

    To rank anything else, the rest of the prompt would have to be read first.
    """
    if draft.stopped != "time":
        return False
    return not draft.ids or (job.request.trigger == "automatic" and not whole(job, draft))


def whole(job: Job[Request], draft: Draft) -> str:
    """The text of a draft without the line that it was in when its time, its tokens or its certainty ended.

    Of a draft that had only one line to write nothing is left then.
    """
    if draft.stopped in ("left", "itself"):
        return draft.text
    return draft.text.rpartition("\n")[0] if job.hole.multiline else ""


def text_up_to_end(engine: Engine, job: Job[Request], draft: Draft) -> str:
    """The text of a draft up to the end of the hole, for a model that writes well."""
    automatic, hole = job.request.trigger == "automatic", job.hole
    text = whole(job, draft) if automatic or hole.multiline else draft.text
    following = lf(job.request.text[hole.span.end :])
    left = left_at(text, hole, following_lines(following))
    if automatic and hole.multiline:
        return text[:left]  # only its first lines are shown
    if not hole.multiline and left is not None and following.startswith("\n"):
        return text[:left]  # the line has ended by itself
    return ended(engine, job.prompt, hole, text[:left], following, job.cancel).text
