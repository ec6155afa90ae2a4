"""From a diagnostic of another server to a fix: by code alone where that is sure, else by a model that takes words.

Whatever it is, it must remove what is reported, as far as code can see, and change no more than a statement or add an
import. Where code finds several ways, the model says which text is the most probable.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher

import msgspec

from infill.candidates.sources import Candidate
from infill.checks.code_tokens import code_tokens
from infill.checks.preservation import loses_code
from infill.fixes.edit import Edit
from infill.fixes.proposals import Mending
from infill.pipeline.instruct import Judge
from infill.pipeline.job import Job
from infill.ranking.reranker import rerank
from infill.syntax.language_table import keywords
from infill.syntax.tree import Syntax
from infill.types import Completion, Filled, Hole, NoFill, Part, RewriteRequest, Span
from model.types import CancelToken, Engine

INSTRUCTION = "Fix this error: {}"
SURE = 3.0  # nats of doubt by which an edit must lead the others to need no model
_WORD = re.compile(r"[^\W\d]\w*")
_LEAST_ALIKE = 0.6  # `SequenceMatcher.ratio` of the tokens of a statement and its fix

OpenJob = Callable[[RewriteRequest, Hole], Job[RewriteRequest] | NoFill]


def by_code(
    engine: Engine, request: RewriteRequest, edits: Sequence[Edit], open_job: OpenJob, cancel: CancelToken
) -> Filled | NoFill:
    """Answer with the best of the edits, of which there is at least one."""
    best, confidence = edits[0], 1.0
    if len(edits) > 1 and edits[1].doubt - edits[0].doubt < SURE:
        judged = _judged(engine, request, [e for e in edits if e.doubt - edits[0].doubt < SURE], open_job, cancel)
        if isinstance(judged, NoFill):
            return judged
        best, confidence = judged
    return _filled(request, best, confidence)


def _judged(
    engine: Engine, request: RewriteRequest, edits: Sequence[Edit], open_job: OpenJob, cancel: CancelToken
) -> tuple[Edit, float] | NoFill:
    """Return the edit whose text is the most probable, and how probable (0..1) it is among them."""
    hole = _lines(request.text, edits)
    job = open_job(request, hole)
    if isinstance(job, NoFill):
        return job
    span = hole.span
    texts = {_within(request.text, span, edit): edit for edit in reversed(edits)}
    scored = rerank(engine, job.prompt, [Candidate(text, (), (), 0, "converged", "usual") for text in texts], cancel)
    if cancel.cancelled:
        return NoFill("cancelled", hole=hole)
    if not scored:  # this model judges no texts
        return edits[0], 1.0
    logs = {one.candidate.text: one.log_prob - texts[one.candidate.text].doubt for one in scored}
    best = max(logs, key=lambda text: logs[text])
    total = sum(math.exp(log - logs[best]) for log in logs.values())
    return texts[best], 1 / total


def _lines(text: str, edits: Sequence[Edit]) -> Hole:
    """Return the lines of all edits as a hole."""
    start = text.rfind("\n", 0, min(edit.span.start for edit in edits)) + 1
    end = text.find("\n", max(edit.span.end for edit in edits))
    end = len(text) if end < 0 else end
    content = text[start:end]
    return Hole(Span(start, end), "selection", content[: len(content) - len(content.lstrip())], "\n" in content)


def _within(text: str, span: Span, edit: Edit) -> str:
    return text[span.start : edit.span.start] + edit.text + text[edit.span.end : span.end]


def _filled(request: RewriteRequest, edit: Edit, confidence: float) -> Filled:
    span, text = request.selection, request.text
    if edit.span.start < span.start or edit.span.end > span.end:  # an import, say: then it is another place
        span = edit.span
    completion = Completion(
        span=span,
        text=_within(text, span, edit),
        confidence=round(confidence, 4),
        token_texts=(),
        token_entropies=(),
        steps=0,
        stop_reason="converged",
        source="usual",
        parts=(Part(edit.span, edit.text, round(confidence, 4)),),
    )
    return Filled(Hole(span, "selection", "", "\n" in completion.text), (completion,), request.seed)


def told(request: RewriteRequest) -> RewriteRequest:
    """Return the request to a model that takes words: the statement alone, and what is wrong with it."""
    free = statement_of(request)
    instruction = request.instruction or INSTRUCTION.format(request.diagnostics[0])
    return msgspec.structs.replace(
        request, selection=free, frozen=(), strength=None, instruction=instruction, diagnostics=()
    )


def statement_of(request: RewriteRequest) -> Span:
    """Return the part of the selection that may change."""
    at = request.selection.start
    for frozen in request.frozen:
        if frozen.start > at:
            return Span(at, frozen.start)
        at = frozen.end
    return Span(at, request.selection.end)


def judge_of(mending: Mending, syntax: Syntax, span: Span) -> Judge:
    """Return what says why a text is no fix of a statement; it returns nothing where nothing is against it."""
    before = code_tokens(syntax, span)
    known = {*_WORD.findall(syntax.text), *_WORD.findall(mending.report.message)}
    known |= syntax.language.builtins | keywords(syntax.language)

    def objection(text: str) -> str:
        if not mending.is_mended(span, text):
            return "the error would still be there"
        after, filled = syntax.edited(span, text), Span(span.start, span.start + len(text))
        if loses_code(syntax, span, text):
            return "there would be no code left"
        if SequenceMatcher(None, before, code_tokens(after, filled), autojunk=False).ratio() < _LEAST_ALIKE:
            return "more than the error is changed"
        new = set(_WORD.findall(text)) - known
        return f"{min(new)} is new" if new else ""

    return objection


def checked(answer: Filled | NoFill, mending: Mending) -> Filled | NoFill:
    """Return the answer without the completions that leave the error there."""
    if isinstance(answer, NoFill):
        return answer
    kept = tuple(one for one in answer.completions if mending.is_mended(one.span, one.text))
    if kept:
        return msgspec.structs.replace(answer, completions=kept)
    return NoFill("not_as_asked", "the error would still be there", answer.hole, answer.timings_ms, answer.steps)
