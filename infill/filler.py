"""The pipeline from request to completion on one screen: hole, surroundings, candidates, judge, gate.

Owns the engine. Blocking, one thread at a time, polls its cancel token between stages and the engine
does so between steps. Same request, same weights: same answer, as long as no deadline cuts it short.
"""

from __future__ import annotations

import math

import msgspec

from infill import candidates as sources
from infill.answers import completion, confident, tidied_candidate
from infill.candidates import Candidate
from infill.canvas import FREE, build_canvas, hole_canvases, warm_canvas
from infill.context import CHARS_PER_TOKEN, Surroundings, surroundings
from infill.doubts import find_doubts
from infill.drafts import reporter
from infill.excerpts import excerpts_text
from infill.gate import Gate
from infill.holes import find_hole, selection_hole
from infill.judge import Judged, TimedJudge
from infill.languages import Language, by_id
from infill.losses import is_only_prose, loses_code
from infill.nearby import Said, evidence
from infill.rewrite import rewrite
from infill.stretch_texts import is_placeholder
from infill.syntax import Syntax, parse
from infill.timing import Timings
from infill.told import asked_of, thinker
from infill.types import Completion, Doubts, Filled, FillRequest, Hole, NoFill, OnDraft, Source, Span
from model.config import EMBEDDED, check_folder
from model.places import find, name_of
from model.types import Budget, CancelToken, Engine, Fill, OnBytes, Quant, ServerError

ALL_SOURCES: frozenset[Source] = frozenset(("diffusion", "left_to_right", "nearby"))
DRAFTED_UNTIL = 0.8  # of a deadline, the denoising before it included
MAX_DRAFT_TOKENS = {False: 16, True: 64}  # by whether the hole may have several lines
LEAST_LINE = math.log(0.02)  # a left-to-right line less probable than this is never shown and hardly ever right
LEAST_JUDGED = 6  # however late it is: of fewer, often none parses, and an answer is what was asked for
MAX_CUT_BACK = 3  # candidates that do not parse whose shortened forms are judged once more


def open_filler(
    model: str | None = None,
    n_threads: int | None = None,
    niceness: int = 0,
    quant: Quant | None = None,
    device: str | None = None,
    on_bytes: OnBytes | None = None,
) -> ModelFiller:
    """The pipeline over a checkpoint, by its folder or its id, or the embedded model; raises `CheckpointError`.

    Takes a third of a second for the embedded model and many for one that needs torch: call it off the
    protocol thread, on the thread that fills, which `niceness` (0 to 19) makes yield to others.
    """
    folder = EMBEDDED if model is None else find(model)
    check_folder(folder)  # before seconds of importing, for a mistyped path

    from model.load import load_engine
    from model.threads import lower_priority

    lower_priority(niceness)
    engine = load_engine(model, device, n_threads, quant, on_bytes)
    return ModelFiller(engine, "embedded" if model is None else name_of(folder))


def open_http_filler(url: str, model: str | None = None) -> ModelFiller:
    """The pipeline over a model of an OpenAI-compatible server, by default its first; raises `CheckpointError`."""
    from model.http.engine import open_http_engine

    return ModelFiller(open_http_engine(url, model), url)


class ModelFiller:
    """`Filler` over an engine; candidates come from `sources`."""

    def __init__(self, engine: Engine, name: str, sources: frozenset[Source] = ALL_SOURCES) -> None:
        self._engine = engine
        self._judge = TimedJudge(engine)
        self._sources = sources
        self._known_length: int | None = None
        self.model_name = engine.info.name or name
        self.show_threshold = engine.info.show_threshold
        self.takes_instructions = engine.info.takes_instructions
        trained = engine.info.languages
        rows = None if trained is None else [row for row in map(by_id, trained) if row is not None]
        self.languages = None if rows is None else tuple(name for row in rows for name in (row.id, *row.lsp_ids))
        self.device = engine.info.device

    def limited_to(self, sources: frozenset[Source], known_answer: str | None = None) -> ModelFiller:
        """The same engine with fewer sources, or with holes as long as the answer; for benchmarks."""
        limited = ModelFiller(self._engine, self.model_name, sources)
        if known_answer is not None:
            limited._known_length = max(1, len(self._engine.tokenizer.encode(known_answer)))
        return limited

    def fill(self, request: FillRequest, cancel: CancelToken, on_draft: OnDraft | None = None) -> Filled | NoFill:
        """Answer one request; whatever is wrong with the text, the time or a server is a named `NoFill`."""
        try:
            return self._fill(request, cancel, on_draft)
        except ServerError as error:
            return NoFill("cancelled") if cancel.cancelled else NoFill("server_failed", str(error))

    def _fill(self, request: FillRequest, cancel: CancelToken, on_draft: OnDraft | None) -> Filled | NoFill:
        timings = Timings()
        if request.fixes and not self._engine.info.reads_texts and (request.diagnostics or request.instruction):
            request = msgspec.structs.replace(request, strength=None)
        with timings.stage("hole"):
            found = self._find(request)
        if isinstance(found, NoFill):
            return found
        syntax, hole = found
        with timings.stage("context"):
            info, tokenizer = self._engine.info, self._engine.tokenizer
            others = excerpts_text(request.context.excerpts, syntax.language, info.context_tokens, tokenizer)
            told = request if self.takes_instructions else None
            asked = asked_of(request.text, hole, syntax.language.id, told, request.strength is not None)
            think = thinker(self._engine, asked, request.deadline_ms, cancel, timings)
            around = surroundings(request.text, hole, info, tokenizer, others, asked, think)
        if request.selection is not None and (request.frozen or request.fixes or request.strength is not None):
            rewritten = rewrite(self._engine, request, syntax, hole, around, cancel, timings, on_draft)
            return confident(rewritten, request.least_confidence)
        unasked = request.trigger == "automatic" and hole.multiline and not info.speaks_on_blank_lines
        allowed = self._sources & {"nearby"} if unasked else self._sources
        ranked = self._ranked(request, syntax, hole, around, allowed, cancel, timings, on_draft)
        if cancel.cancelled:
            return NoFill("cancelled", hole=hole, timings_ms=timings.ms)
        if not ranked and unasked:
            return NoFill("blank_line", f"{self.model_name} writes lines of its own only when asked", hole, timings.ms)
        if not ranked and timings.late:
            return NoFill("deadline", "the model has written nothing yet", hole, timings.ms)
        if not ranked:
            return NoFill("empty_fill", "the model proposes nothing", hole, timings.ms)
        with timings.stage("gate"):
            passed = self._passed(request, syntax, hole, around, ranked, cancel, timings)
        if cancel.cancelled:
            return NoFill("cancelled", hole=hole, timings_ms=timings.ms)
        if not passed:
            return NoFill("breaks_parse", f"none of {len(ranked)} candidates parses", hole, timings.ms)
        least = max(request.least_confidence, self.show_threshold if request.trigger == "automatic" else 0.0)
        return confident(Filled(hole, tuple(passed), request.seed, timings.ms, timings.steps), least)

    def doubts(self, request: FillRequest, cancel: CancelToken) -> Doubts | NoFill:
        """What the model disbelieves of the selection, or of the text where there is none."""
        language = self._language(request)
        if isinstance(language, NoFill):
            return language
        selection = request.selection or Span(0, len(request.text))
        return find_doubts(self._engine, request.text, selection, request.seed, cancel, language.id)

    def _find(self, request: FillRequest) -> tuple[Syntax, Hole] | NoFill:
        """The parsed text and the hole in it."""
        language = self._language(request)
        if isinstance(language, NoFill):
            return language
        syntax = parse(language, request.text)
        if request.selection is not None:
            found = selection_hole(syntax, request.selection)
        else:
            found = find_hole(syntax, request.offset or 0, request.trigger)
        if isinstance(found, NoFill):
            return found
        return self._too_long(request, found) or (syntax, found)

    def _language(self, request: FillRequest) -> Language | NoFill:
        """The request's language, if there is a grammar for it and the model knows it."""
        language = by_id(request.language)
        if language is None:
            return NoFill("unknown_language", f"no grammar for {request.language!r}")
        trained = self._engine.info.languages
        if trained is not None and language.id not in trained:
            return NoFill("untrained_language", f"{self.model_name} knows {', '.join(trained)}, not {language.id}")
        return language

    def _too_long(self, request: FillRequest, hole: Hole) -> NoFill | None:
        """Why a selection cannot be rewritten: all of it must fit in the canvas. One far too long is not encoded."""
        most, n_chars = self._engine.info.max_selection_tokens, hole.span.end - hole.span.start
        if hole.kind != "selection" or n_chars <= most:  # no token is shorter than a character
            return None
        if n_chars > most * CHARS_PER_TOKEN * 2:
            return NoFill("selection_too_long", f"{n_chars} characters, the limit is {most} tokens", hole)
        n_tokens = len(self._engine.tokenizer.encode(request.text[hole.span.start : hole.span.end]))
        detail = f"{n_tokens} tokens, the limit is {most}"
        return NoFill("selection_too_long", detail, hole) if n_tokens > most else None

    def _ranked(
        self,
        request: FillRequest,
        syntax: Syntax,
        hole: Hole,
        around: Surroundings,
        allowed: frozenset[Source],
        cancel: CancelToken,
        timings: Timings,
        on_draft: OnDraft | None,
    ) -> list[Judged]:
        """Candidates from every allowed source, tidied, most probable first."""
        text, engine = request.text, self._engine
        prefix, suffix = text[: hole.span.start], text[hole.span.end :]
        found: list[Candidate] = []
        repeated: list[Said] = []
        if "diffusion" in allowed:
            with timings.stage("denoise"):
                fills = self._denoise(request, hole, around, cancel, on_draft)
            timings.steps = max((fill.steps for fill in fills), default=0)
            timings.late = all(fill.stop_reason == "deadline" and not fill.token_ids for fill in fills)
            found += sources.denoised(fills, engine.tokenizer)
        if "left_to_right" in allowed and engine.info.drafts_left_to_right:
            with timings.stage("draft"):
                draft_ids = self._draft(request, hole, around, cancel, timings)
            found += sources.drafted(draft_ids, around.tail, hole, engine.tokenizer)
        if cancel.cancelled:
            return []
        if "nearby" in allowed:
            with timings.stage("nearby"):
                repeated = sources.nearby(text, hole, request.context.texts, syntax.language)
            found += sources.said(repeated)
        if request.suggested:
            found += sources.suggested(request.suggested, hole)
        found += sources.closed(sources.distinct(found), prefix, suffix)
        by_indent = syntax.language.block_style == "indent"
        tidied = sources.distinct(tidied_candidate(c, hole, prefix, suffix, by_indent) for c in found)
        if hole.kind == "selection":
            kept = text[hole.span.start : hole.span.end]
            tidied = [c for c in tidied if c.text.strip() != kept.strip() and not loses_code(syntax, hole.span, c.text)]
        if hole.kind == "block" and text[hole.span.start : hole.span.end].strip():  # a body, not a line on the way
            written = (c for c in tidied if not is_placeholder(syntax, c.text))
            tidied = [c for c in written if not is_only_prose(syntax, hole.span, c.text)]
        with timings.stage("judge"):
            left_ms = timings.left_ms(request.deadline_ms)
            return self._judge(around, tidied, cancel, left_ms, LEAST_JUDGED, evidence(repeated))

    def _denoise(
        self, request: FillRequest, hole: Hole, around: Surroundings, cancel: CancelToken, on_draft: OnDraft | None
    ) -> list[Fill]:
        """A batch of hole lengths, denoised together."""
        engine, info = self._engine, self._engine.info
        selected_ids = engine.tokenizer.encode(request.text[hole.span.start : hole.span.end])
        canvases = hole_canvases(around, hole, selected_ids, info)
        if self._known_length is not None:
            canvases = [build_canvas(around, self._known_length)]
        if request.suggested and not hole.multiline:
            draft_ids = engine.tokenizer.encode(request.suggested.partition("\n")[0]) or [FREE]
            canvases.append(warm_canvas(around, draft_ids[: MAX_DRAFT_TOKENS[False]]))
        share = None if request.deadline_ms is None else request.deadline_ms * info.denoise_share
        n_steps = info.block_steps if hole.multiline else info.line_steps
        budget = Budget(min(n_steps, request.max_steps or n_steps), share)
        watching = reporter(on_draft, canvases, budget, engine.tokenizer.decode)
        # A selection's lengths are all about what it has.
        n_kept = None if hole.kind == "selection" else info.keep_best
        return engine.denoise(around.prompt_ids, canvases, budget, cancel, request.seed, watching, n_kept)

    def _draft(
        self, request: FillRequest, hole: Hole, around: Surroundings, cancel: CancelToken, timings: Timings
    ) -> list[int]:
        """Left-to-right draft up to the end of the line, or of a few lines, or of its time."""
        limit_ms = None if request.deadline_ms is None else request.deadline_ms * DRAFTED_UNTIL
        tail = around.tail

        def stop(text: str) -> bool:
            left_ms = timings.left_ms(limit_ms)
            late = left_ms is not None and left_ms < 0
            return late or (not hole.multiline and "\n" in text[len(tail) :])

        least = -math.inf if hole.multiline else LEAST_LINE
        return self._engine.draft(around.prompt_ids, MAX_DRAFT_TOKENS[hole.multiline], cancel, tail, stop, least)

    def _passed(
        self,
        request: FillRequest,
        syntax: Syntax,
        hole: Hole,
        around: Surroundings,
        ranked: list[Judged],
        cancel: CancelToken,
        timings: Timings,
    ) -> list[Completion]:
        """The best candidates that parse; what was ranked above them may come back cut until it parses."""
        gate = Gate(syntax, hole.span)
        passed: list[Judged] = []
        failed: list[Judged] = []
        for judged in ranked:
            (passed if gate.check(judged.candidate.text).ok else failed).append(judged)
            if len(passed) == request.candidates:
                break
        bar = passed[0].log_prob if passed else -math.inf
        worth = [j.candidate for j in failed if j.log_prob > bar][:MAX_CUT_BACK]
        known = {j.candidate.text for j in ranked}
        shorter = [cut for c in worth if (cut := gate.cut_back(c.text)) is not None and cut not in known]
        again = [Candidate(text, (), (), 0, "converged", "cut_back") for text in dict.fromkeys(shorter)]
        least = 0 if passed else MAX_CUT_BACK
        passed += self._judge(around, again, cancel, timings.left_ms(request.deadline_ms), least)
        passed.sort(key=lambda j: -j.log_prob)
        return [completion(j, hole) for j in passed[: request.candidates]]
