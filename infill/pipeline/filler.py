"""From a request to an answer: its hole, what the model reads around it, then `fill` or `rewrite` beside this file.

Owns the engine. Blocking, one thread at a time, polls its cancel token between stages and the engine
does so between steps. Same request, same weights: same answer, as long as no deadline cuts it short.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from infill.fixes.proposals import Mending, proposals
from infill.fixes.report import Report
from infill.holes.find_hole import find_hole, selection_hole
from infill.holes.opened_doc import opened_doc
from infill.pipeline import fix
from infill.pipeline.doc_job import doc_hole
from infill.pipeline.docstring import docstring, summary, writes_documentation
from infill.pipeline.fill import fill
from infill.pipeline.hints import decided_in, in_jsdoc, with_decided
from infill.pipeline.instruct import instructed
from infill.pipeline.job import ALL_SOURCES, Job, Pipeline
from infill.pipeline.prompts import usual_prompt
from infill.pipeline.read_ahead import hole_to_read, in_time, read, unread
from infill.pipeline.rewrite import rewrite
from infill.prompt.context import CHARS_PER_TOKEN
from infill.ranking.completions import confident
from infill.ranking.reranker import TimedReranker
from infill.syntax.languages import Language, by_id
from infill.syntax.tree import Syntax, parse
from infill.timing import Timings
from infill.types import Filled, FillRequest, Hole, NoFill, OnDraft, Request, RewriteRequest, Source, Span
from model.checkpoint_path import name_of
from model.config import check_folder, folder_of
from model.edits import Editor
from model.read_ahead import ReadsAhead
from model.types import CancelToken, CheckpointError, Engine, ModelSpec, OnBytes, ServerError

R = TypeVar("R", FillRequest, RewriteRequest)
FindHole = Callable[[Syntax], Hole | NoFill]


def open_filler(spec: ModelSpec | None = None, on_bytes: OnBytes | None = None) -> ModelFiller:
    """The pipeline over a model, by default the embedded one; raises `CheckpointError`.

    Takes a third of a second for the embedded model and many for one that needs torch: call it off the protocol
    thread, on the thread that fills, which the spec's niceness makes yield to others. `on_bytes` hears how much of
    the weights is in place.
    """
    spec = spec or ModelSpec()
    if spec.engine == "http":
        return _open_http_filler(spec)
    folder = folder_of(spec)
    check_folder(folder)  # before seconds of importing, for a mistyped path

    from model.hardware.threads import lower_priority
    from model.load import load_engine

    lower_priority(spec.niceness)
    return ModelFiller(load_engine(spec, on_bytes), name_of(folder))


def _open_http_filler(spec: ModelSpec) -> ModelFiller:
    """The pipeline over a model of an OpenAI-compatible server, by default its first."""
    from model.http.engine import open_http_engine

    if not spec.url:
        raise CheckpointError("the engine http needs --url or the setting url, such as http://127.0.0.1:8000/v1")
    return ModelFiller(open_http_engine(spec.url, spec.model), spec.url)


class ModelFiller:
    """`Filler` over an engine; candidates come from `sources`."""

    def __init__(self, engine: Engine, name: str, sources: frozenset[Source] = ALL_SOURCES) -> None:
        self._engine = engine
        self._pipeline = Pipeline(engine, TimedReranker(engine), sources)
        self.model_name = engine.info.name or name
        self.show_threshold, self.threshold = engine.info.show_threshold, engine.info.threshold
        self.takes_instructions = engine.info.takes_instructions
        trained = engine.info.languages
        rows = None if trained is None else [row for row in map(by_id, trained) if row is not None]
        self.languages = None if rows is None else tuple(name for row in rows for name in (row.id, *row.lsp_ids))
        self.device = engine.info.device
        self.reads_ahead = isinstance(engine, ReadsAhead)
        self.ends_words = engine.info.reads_texts and engine.info.takes_evidence  # shows the rest of a word alone

    @property
    def engine(self) -> Engine:
        """The engine itself; for benchmarks, which also ask it without the pipeline."""
        return self._engine

    def limited_to(self, sources: frozenset[Source], known_answer: str | None = None) -> ModelFiller:
        """The same engine with fewer sources, or with holes as long as the answer; for benchmarks."""
        limited = ModelFiller(self._engine, self.model_name, sources)
        if known_answer is not None:
            n_tokens = max(1, len(self._engine.tokenizer.encode(known_answer)))
            limited._pipeline = msgspec.structs.replace(limited._pipeline, known_length=n_tokens)
        return limited

    def fill(self, request: Request, cancel: CancelToken, on_draft: OnDraft | None = None) -> Filled | NoFill:
        """Answer one request; whatever is wrong with the text, the time or a server is a named `NoFill`."""
        try:
            if isinstance(request, RewriteRequest):
                answer = self._rewrite(request, cancel, on_draft)
            else:
                answer = self._fill(request, cancel, on_draft)
        except ServerError as error:
            return NoFill("cancelled") if cancel.cancelled else NoFill("server_failed", str(error))
        return msgspec.structs.replace(answer, model=self.model_name)

    def _fill(self, request: FillRequest, cancel: CancelToken, on_draft: OnDraft | None) -> Filled | NoFill:
        language = by_id(request.language)
        if language is not None and writes_documentation(self._engine.info):
            opened = opened_doc(request, language)
            if opened is not None:
                job = self._job(opened.request, lambda _: doc_hole(opened.request), cancel, on_draft)
                return job if isinstance(job, NoFill) else summary(self._engine, job, opened, request.trigger)

        def find(syntax: Syntax) -> Hole | NoFill:
            if request.only_reads:
                return hole_to_read(syntax, request.offset)
            if request.trigger == "automatic" and syntax.language.id in self._engine.info.manual_languages:
                return NoFill("manual_language", f"{self.model_name} writes {syntax.language.id} only when asked")
            return find_hole(syntax, request.offset, request.trigger)

        job = self._job(request, find, cancel, on_draft)
        if isinstance(job, NoFill):
            return job
        if request.only_reads:
            return read(self._engine, job)
        ready = in_time(self._engine, job)
        if isinstance(ready, NoFill):
            return ready
        n_unread = unread(self._engine, ready).n_tokens
        return msgspec.structs.replace(fill(self._pipeline, ready), unread=n_unread)

    def _rewrite(self, request: RewriteRequest, cancel: CancelToken, on_draft: OnDraft | None) -> Filled | NoFill:
        if request.fixes and request.problem is not None and request.diagnostics:
            return self._fix(request, request.problem, cancel, on_draft)
        language = by_id(request.language) if request.frozen else None
        syntax = None if language is None else parse(language, request.text)
        if syntax is not None and (answer := in_jsdoc(syntax, request)) is not None:
            return answer
        decided = {} if syntax is None else decided_in(syntax, request)
        if decided:
            return with_decided(request, decided, lambda rest: self._written_anew(rest, cancel, on_draft))
        return self._written_anew(request, cancel, on_draft)

    def _fix(
        self, request: RewriteRequest, problem: Span, cancel: CancelToken, on_draft: OnDraft | None
    ) -> Filled | NoFill:
        """Mend by code alone what code can mend, and ask the model for the rest."""
        language = self._language(request)
        if isinstance(language, NoFill):
            return language
        syntax = parse(language, request.text)
        mending = Mending(syntax, Report(request.diagnostics[0], problem))
        edits = proposals(syntax, mending, request.context)
        if edits:
            plain = msgspec.structs.replace(request, instruction=None, diagnostics=())
            return fix.by_code(
                self._engine, plain, edits, lambda own, hole: self._job(own, lambda _: hole, cancel, None), cancel
            )
        knows_little = not self.takes_instructions or isinstance(self._engine, Editor)
        if mending.is_unknown and knows_little:  # it would take any name
            return NoFill("nothing_better", f"no name like {mending.name} is known here, nor an import of it")
        if isinstance(self._engine, Editor) and self.takes_instructions:
            own = fix.told(request)
            job = self._job(own, lambda found: selection_hole(found, own.selection), cancel, on_draft)
            judge = fix.judge_of(mending, syntax, own.selection)
            return job if isinstance(job, NoFill) else instructed(self._engine, job, judge)
        return fix.checked(self._written_anew(request, cancel, on_draft), mending)

    def _written_anew(self, request: RewriteRequest, cancel: CancelToken, on_draft: OnDraft | None) -> Filled | NoFill:
        reported = bool(request.diagnostics) and self.takes_instructions
        if request.fixes and not self._engine.info.reads_texts and (reported or request.instruction):
            request = msgspec.structs.replace(request, strength=None)

        if request.documents and writes_documentation(self._engine.info):
            job = self._job(request, lambda _: doc_hole(request), cancel, on_draft)
            return job if isinstance(job, NoFill) else confident(docstring(self._engine, job), request.least_confidence)

        def find(syntax: Syntax) -> Hole | NoFill:
            return selection_hole(syntax, request.selection)

        refines = request.strength is not None
        job = self._job(request, find, cancel, on_draft)
        if isinstance(job, NoFill):
            return job
        if isinstance(self._engine, Editor) and self.takes_instructions and (request.instruction or "").strip():
            return confident(instructed(self._engine, job), request.least_confidence)
        if request.frozen or request.fixes or refines:
            return confident(rewrite(self._engine, job), request.least_confidence)
        return fill(self._pipeline, job)

    def _job(self, request: R, find: FindHole, cancel: CancelToken, on_draft: OnDraft | None) -> Job[R] | NoFill:
        """The request with its hole and what the model reads around that, or why there is none."""
        timings = Timings()
        with timings.stage("hole"):
            found = self._find(request, find)
        if isinstance(found, NoFill):
            return found
        syntax, hole = found
        with timings.stage("context"):
            prompt = usual_prompt(self._engine, request, syntax, hole, cancel, timings)
        return Job(request, syntax, hole, prompt, cancel, timings, on_draft)

    def _find(self, request: Request, find: FindHole) -> tuple[Syntax, Hole] | NoFill:
        """The parsed text and the hole in it."""
        language = self._language(request)
        if isinstance(language, NoFill):
            return language
        syntax = parse(language, request.text)
        hole = find(syntax)
        return hole if isinstance(hole, NoFill) else self._too_long(request, hole) or (syntax, hole)

    def _language(self, request: Request) -> Language | NoFill:
        """The request's language, if there is a grammar for it and the model knows it."""
        language = by_id(request.language)
        if language is None:
            return NoFill("unknown_language", f"no grammar for {request.language!r}")
        trained = self._engine.info.languages
        if trained is not None and language.id not in trained:
            return NoFill("untrained_language", f"{self.model_name} knows {', '.join(trained)}, not {language.id}")
        return language

    def _too_long(self, request: Request, hole: Hole) -> NoFill | None:
        """Why a selection cannot be rewritten: all of it must fit in the canvas. One far too long is not encoded."""
        most, n_chars = self._engine.info.max_selection_tokens, hole.span.end - hole.span.start
        if hole.kind != "selection" or n_chars <= most:  # no token is shorter than a character
            return None
        if n_chars > most * CHARS_PER_TOKEN * 2:
            return NoFill("selection_too_long", f"{n_chars} characters, the limit is {most} tokens", hole)
        n_tokens = len(self._engine.tokenizer.encode(request.text[hole.span.start : hole.span.end]))
        detail = f"{n_tokens} tokens, the limit is {most}"
        return NoFill("selection_too_long", detail, hole) if n_tokens > most else None
