"""Documentation: a layout in the file's style, whose fields the model fills, checked by code; the best is answered.

What is between the quotes is a hole of one line, or several with names clamped between them. No answer is better than
a bad one. Refuses to know where the documentation is to stand and how such is written there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import islice

import msgspec
from msgspec.structs import replace

from infill.candidates.doc_layout import ROOM, Field
from infill.candidates.doc_text import tidied
from infill.checks.doc_check import complaint, n_grounded, says_only_the_name
from infill.checks.encodable import is_encodable
from infill.checks.marks import foreign_mark
from infill.checks.parse_check import ParseCheck
from infill.holes.opened_doc import OpenedDoc
from infill.pipeline.doc_job import DocJob, doc_job
from infill.pipeline.job import Job
from infill.prompt.canvas import FREE
from infill.ranking.completions import confident
from infill.syntax.line_breaks import line_break_at
from infill.types import Completion, Filled, Hole, NoFill, Part, RewriteRequest, Trigger
from model.deadline import cancelled_after
from model.types import Budget, CancelToken, Canvas, Engine, ModelInfo

SHOWN_FROM = 0.4  # mean probability of a token from which a summary is shown unasked
ROWS = 3  # canvases: the most probable text, and others by chance
WRITTEN_UNTIL = 0.8  # of a deadline
AGREEMENT = 0.5  # nats for a text that has all words in common with the others
ONLY_NAME = 2.0  # nats off for a summary that says the name in other words
GROUNDED, MAX_GROUNDED = 0.1, 2  # nats for a word of the code, and how many count
SEEN_AFTER = 3  # characters of the closing mark behind a summary that are judged with it
SECOND_LINE = 0.3  # nats off for a summary that does not fit into its line


class _Row(msgspec.Struct, frozen=True):
    """The texts of all fields as one canvas has them, tidied; how probable (mean of nats) and good the summary is."""

    texts: tuple[str, ...]
    log_prob: float = 0.0
    score: float = 0.0


def writes_documentation(info: ModelInfo) -> bool:
    """Whether a model writes prose well enough for it: one that continues text, and judges any text."""
    return info.is_causal and info.reads_texts and not info.denoises


def summary(engine: Engine, job: Job[RewriteRequest], opened: OpenedDoc, trigger: Trigger) -> Filled | NoFill:
    """Answer for documentation that was just opened: only what it does, and unasked only if that is sure enough.

    The confidence is a mean over the tokens: prose can be put in many ways, so that of all of them says little.
    """
    automatic = trigger == "automatic"
    answer = docstring(engine, job, is_short=True, n_rows=1 if automatic else ROWS)
    if isinstance(answer, NoFill):
        return answer
    least = max(job.request.least_confidence, SHOWN_FROM if automatic else 0.0)
    completions = tuple(opened.at_cursor(completion) for completion in answer.completions)
    hole = Hole(opened.replaced, "line_end", job.hole.indent, multiline=True)
    return confident(replace(answer, hole=hole, completions=completions), least)


def docstring(engine: Engine, job: Job[RewriteRequest], is_short: bool = False, n_rows: int = ROWS) -> Filled | NoFill:
    """Answer a request for documentation; a reason where nothing can be said for sure."""
    timings, request = job.timings, job.request
    with timings.stage("read"):
        doc = doc_job(engine, job, is_short)
    if doc is None:
        return job.no_fill("no_target", "what is to be documented does not parse")
    limit_ms = None if request.deadline_ms is None else request.deadline_ms * WRITTEN_UNTIL
    with timings.stage("denoise"), cancelled_after(job.cancel, timings.left_ms(limit_ms)) as cancel:
        rows = _written(engine, doc, n_rows, request.seed, cancel)
    if job.cancel.cancelled:
        return job.no_fill("cancelled")
    if not rows:
        return job.no_fill("deadline", "the model has not finished its text")
    with timings.stage("judge"):
        ranked = _ranked(engine, doc, rows, job.cancel)
    whys = [_wrong_summary(doc, row.texts[0], request.text) for row in ranked]
    good = [row for row, why in zip(ranked, whys, strict=True) if why is None]
    if not good:
        return job.no_fill("empty_fill", f"no proposal can stand: {whys[0]}")
    with timings.stage("gate"):
        found = (c for row in good if (c := _completion(job, doc, row, ranked)) is not None)
        passed = tuple(islice(found, request.candidates))
    if not passed:
        return job.no_fill("breaks_parse", "no proposal parses there")
    return Filled(job.hole, passed, request.seed, timings.ms, 1)


def _written(engine: Engine, doc: DocJob, n_rows: int, seed: int, cancel: CancelToken) -> list[_Row]:
    """What the model writes into the fields, canvas by canvas; nothing when its time ended before."""
    tokenizer, canvas = engine.tokenizer, _canvas(engine, doc)
    fills = engine.denoise(doc.prompt.prompt_ids, [canvas] * n_rows, Budget(1), cancel, seed)
    rows: list[_Row] = []
    for fill in fills:
        if fill.stop_reason in ("cancelled", "deadline"):
            continue
        texts, at = list[str](), 0
        for field in doc.layout.fields:
            ids = [i for i in fill.token_ids[at : at + ROOM[field.kind]] if i != tokenizer.pad_id]
            texts.append(tidied(tokenizer.decode(ids), field, doc.style, doc.begins_inside))
            at += ROOM[field.kind]
        rows.append(_Row(tuple(texts)))
    return list(dict.fromkeys(rows))


def _canvas(engine: Engine, doc: DocJob) -> Canvas:
    """The layout between the end of the prompt and what follows; a blank before a field is the model's to write."""
    encode = engine.tokenizer.encode
    ids: list[int] = []
    free: list[bool] = []

    def clamp(text: str) -> None:
        own = encode(text) if text else []
        ids.extend(own)
        free.extend([False] * len(own))

    clamped = doc.prompt.tail
    for piece in doc.layout.pieces:
        if isinstance(piece, str):
            clamped += piece
            continue
        clamp(clamped.removesuffix(" ") if not clamped.endswith("  ") else clamped)
        clamped = ""
        ids.extend([FREE] * ROOM[piece.kind])
        free.extend([True] * ROOM[piece.kind])
    clamp(clamped + doc.after)
    return Canvas(tuple(ids), tuple(free))


def _ranked(engine: Engine, doc: DocJob, rows: Sequence[_Row], cancel: CancelToken) -> list[_Row]:
    """The rows by their summaries, best first: probable, like the others, with words of the code, in one line."""
    encode, tail = engine.tokenizer.encode, doc.prompt.tail
    before, room = str(doc.layout.pieces[0]), doc.width - doc.first_column
    following = [piece for piece in doc.layout.pieces[2:] if isinstance(piece, str)]
    after = (following[0] if following else "") + doc.after
    n_breaks = len(after) - len(after.lstrip("\n"))
    after = after[: n_breaks or SEEN_AFTER] or "\n"
    start = len(encode(tail + before.removesuffix(" ")))
    ids = [encode(f"{tail}{before}{row.texts[0]}{after}") for row in rows]
    scores = engine.score(doc.prompt.prompt_ids, ids, cancel)
    ranked: list[_Row] = []
    for row, own in zip(rows, scores, strict=True):
        log_probs, summary = own.log_probs[start:] or (-math.inf,), row.texts[0]
        mean = sum(log_probs) / len(log_probs)
        score = mean + AGREEMENT * _agreement(row, rows)
        score += GROUNDED * min(n_grounded(summary, doc.of), MAX_GROUNDED)
        score -= ONLY_NAME if says_only_the_name(summary, doc.of) else 0.0
        score -= SECOND_LINE if len(before + summary + after.strip()) > room and "\n" not in before else 0.0
        ranked.append(_Row(row.texts, mean, score))
    return sorted(ranked, key=lambda row: -row.score)


def _agreement(row: _Row, rows: Sequence[_Row]) -> float:
    """The mean share of words (0..1) that a summary has in common with those of other rows."""
    words = [set(other.texts[0].lower().rstrip(".").split()) for other in rows if other is not row]
    own = set(row.texts[0].lower().rstrip(".").split())
    shares = [len(own & other) / max(len(own | other), 1) for other in words]
    return sum(shares) / len(shares) if shares else 0.0


def _wrong_summary(doc: DocJob, text: str, document: str) -> str | None:
    if text.rstrip(".") in doc.others:
        return "another definition has the same"
    return complaint(text, doc.of, document)


def _completion(job: Job[RewriteRequest], doc: DocJob, best: _Row, ranked: Sequence[_Row]) -> Completion | None:
    """The documentation with the summary of one row; each other field from the best row in which it can stand."""
    request, span, whole = job.request, doc.hole, job.request.selection
    texts = [best.texts[0]]
    for i, field in enumerate(doc.layout.fields[1:], 1):
        proposed = (row.texts[i] for row in (best, *ranked))
        text = next((text for text in proposed if _can_stand(text, field, doc, texts, request.text)), None)
        if text is None:
            break
        texts.append(text)
    # where a part cannot be told, only what it does is said
    layout = doc.layout if len(texts) == len(doc.layout.fields) else doc.only_summary
    written = layout.written(texts[: len(layout.fields)], doc.first_column, doc.width)
    if doc.after.startswith(('"""', "'''")) and "\n" in written and not written.endswith(layout.next_line):
        written += "\n" + layout.next_line
    written = written.replace("\n", line_break_at(request.text, span.start))
    if foreign_mark(written, request.text) or not is_encodable(written, request.text):
        return None
    if not ParseCheck(job.syntax, span).check(written).ok:
        return None
    confidence = round(math.exp(min(best.log_prob, 0.0)), 4)
    text = request.text[whole.start : span.start] + written + request.text[span.end : whole.end]
    part = Part(span, written, confidence)
    return Completion(whole, text, confidence, (), (), 1, "converged", "left_to_right", (part,))


def _can_stand(text: str, field: Field, doc: DocJob, others: Sequence[str], document: str) -> bool:
    if field.kind == "type":
        return bool(text) and len(text.split()) <= 4 and "=" not in text
    return text not in others and complaint(text, doc.of, document, is_summary=False) is None
