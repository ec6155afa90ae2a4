"""From a hole to an answer: the pipeline on one screen. Candidates from every source, judged, those that parse.

Of a selection with frozen parts, or one to be refined, the same is told by infill.pipeline.rewrite. Refuses to know how
the hole was found and what the model reads of the code around it.
"""

from __future__ import annotations

import math

import msgspec

from infill.candidates import sources as sources
from infill.candidates.segment_texts import is_placeholder
from infill.candidates.sources import Candidate
from infill.checks.damage import damage
from infill.checks.parse_check import Gate
from infill.checks.preservation import is_only_prose, loses_code
from infill.pipeline.choose_rewrite import MARGIN
from infill.pipeline.drafts import reporter
from infill.prompt.canvas import FREE, build_canvas, hole_canvases, warm_canvas
from infill.prompt.context import PromptContext
from infill.ranking.completions import completion, confident, tidied_candidate
from infill.ranking.reranker import Judged, TimedReranker, judge
from infill.retrieval.similar_lines import Said, evidence
from infill.retrieval.words import Word, first_word, weighed, words_begun
from infill.syntax.language_table import keywords
from infill.syntax.tree import Syntax
from infill.timing import Timings
from infill.types import Completion, Filled, FillRequest, Hole, NoFill, OnDraft, Reason, Source
from model.types import Budget, CancelToken, Engine, Fill

ALL_SOURCES: frozenset[Source] = frozenset(("diffusion", "left_to_right", "nearby"))
DRAFTED_UNTIL = 0.8  # of a deadline, the denoising before it included
MAX_DRAFT_TOKENS = {False: 16, True: 64}  # by whether the hole may have several lines
LEAST_LINE = math.log(0.02)  # a left-to-right line less probable than this is never shown and hardly ever right
WORD_SHOWN = 0.7  # how probable a word must be that is shown alone
LEAST_JUDGED = 6  # however late it is: of fewer, often none parses, and an answer is what was asked for
MAX_CUT_BACK = 3  # candidates that do not parse whose shortened forms are judged once more


class Pipeline(msgspec.Struct, frozen=True):
    """What an answer is made with; `known_length` is how many tokens the right one has, for benchmarks."""

    engine: Engine
    judge: TimedReranker
    sources: frozenset[Source] = ALL_SOURCES
    known_length: int | None = None


def fill(
    means: Pipeline,
    request: FillRequest,
    syntax: Syntax,
    hole: Hole,
    around: PromptContext,
    cancel: CancelToken,
    timings: Timings,
    on_draft: OnDraft | None = None,
) -> Filled | NoFill:
    """Answer a request for what is to stand in `hole`; a reason where there is nothing to show."""
    info = means.engine.info
    unasked = request.trigger == "automatic" and hole.multiline and not info.speaks_on_blank_lines
    if unasked:
        means = msgspec.structs.replace(means, sources=means.sources & {"nearby"})
    job = _Fill(means, request, syntax, hole, around, cancel, timings)
    candidates = job.tidied(job.candidates(on_draft))
    least = max(request.least_confidence, info.show_threshold if request.trigger == "automatic" else 0.0)
    return job.with_word(confident(job.answer(candidates, unasked), least))


class _Fill:
    """One request on its way."""

    def __init__(
        self,
        means: Pipeline,
        request: FillRequest,
        syntax: Syntax,
        hole: Hole,
        around: PromptContext,
        cancel: CancelToken,
        timings: Timings,
    ) -> None:
        self._means, self._engine, self._request, self._syntax = means, means.engine, request, syntax
        self._hole, self._around, self._cancel, self._timings = hole, around, cancel, timings
        self._prefix, self._suffix = request.text[: hole.span.start], request.text[hole.span.end :]
        self._present = request.text[hole.span.start : hole.span.end]
        self._repeated: list[Said] = []
        self._words: list[Word] = []

    def no_fill(self, reason: Reason, detail: str = "") -> NoFill:
        """A reason with the hole and times."""
        return NoFill(reason, detail, self._hole, self._timings.ms)

    def answer(self, candidates: list[Candidate], unasked: bool) -> Filled | NoFill:
        """The most probable candidates that pass, or why there are none."""
        timings = self._timings
        with timings.stage("words"):
            self._words = self._weighed(candidates)
        with timings.stage("judge"):
            ranked = self.judged(candidates, LEAST_JUDGED)
        if self._cancel.cancelled:
            return self.no_fill("cancelled")
        if not ranked and unasked:
            return self.no_fill("blank_line", "on a blank line the model writes only when you ask")
        if not ranked and timings.late:
            return self.no_fill("deadline", "the model has written nothing yet")
        if not ranked:
            return self.no_fill("empty_fill", "the model proposes nothing")
        if not (ranked := self._above_present(ranked)):
            return self.no_fill("nothing_better", "what stands there is more probable")
        with timings.stage("gate"):
            passed = self.passed(ranked)
        if self._cancel.cancelled:
            return self.no_fill("cancelled")
        if not passed:
            return self.no_fill("breaks_parse", f"none of {len(ranked)} candidates parses")
        return Filled(self._hole, tuple(passed), self._request.seed, timings.ms, timings.steps)

    def with_word(self, answer: Filled | NoFill) -> Filled | NoFill:
        """The answer, or first the rest of the word that is begun, where that is sure and no line is that begins so."""
        word = self._words[0] if self._words else None
        if word is None or not word.text or word.probability < max(self._request.least_confidence, WORD_SHOWN):
            return answer
        lines = answer.completions if isinstance(answer, Filled) else ()
        sure = lines and lines[0].confidence >= self._engine.info.show_threshold
        if self._cancel.cancelled or sure or (lines and first_word(lines[0].text) == word.text):
            return answer
        alone = Completion(self._hole.span, word.text, round(word.probability, 4), (), (), 0, "converged", "word")
        completions = (alone, *lines)[: self._request.candidates]
        return Filled(self._hole, completions, self._request.seed, self._timings.ms, self._timings.steps)

    def candidates(self, on_draft: OnDraft | None) -> list[Candidate]:
        """What every allowed source proposes, as it came; nothing when cancelled."""
        engine, request, timings = self._engine, self._request, self._timings
        found: list[Candidate] = []
        if "diffusion" in self._means.sources:
            with timings.stage("denoise"):
                fills = self._denoise(on_draft)
            timings.steps = max((fill.steps for fill in fills), default=0)
            timings.late = all(fill.stop_reason == "deadline" and not fill.token_ids for fill in fills)
            found += sources.denoised(fills, engine.tokenizer)
        if "left_to_right" in self._means.sources and engine.info.drafts_left_to_right:
            with timings.stage("draft"):
                draft_ids = self._draft()
            found += sources.drafted(draft_ids, self._around.tail, self._hole, engine.tokenizer)
        if self._cancel.cancelled:
            return []
        if "nearby" in self._means.sources:
            with timings.stage("nearby"):
                self._repeated = sources.nearby(request.text, self._hole, request.context.texts, self._syntax.language)
            found += sources.said(self._repeated)
        if request.suggested:
            found += sources.suggested(request.suggested, self._hole)
        return found

    def tidied(self, found: list[Candidate]) -> list[Candidate]:
        """The same with brackets closed, cut to fit, and without what cannot stand here."""
        syntax, hole, present = self._syntax, self._hole, self._present
        found = found + sources.closed(sources.distinct(found), self._prefix, self._suffix)
        by_indent = syntax.language.block_style == "indent"
        fitted = (tidied_candidate(c, hole, self._prefix, self._suffix, by_indent) for c in found)
        tidied = sources.distinct(fitted)
        if hole.kind == "selection":
            return [
                c
                for c in tidied
                if c.text.strip() != present.strip()
                and not loses_code(syntax, hole.span, c.text)
                and damage(syntax, hole.span, c.text, self._request.instruction) is None
            ]
        if hole.kind == "block" and present.strip():  # a body, not a line on the way
            written = (c for c in tidied if not is_placeholder(syntax, c.text))
            return [c for c in written if not is_only_prose(syntax, hole.span, c.text)]
        return tidied

    def judged(self, candidates: list[Candidate], least: int) -> list[Judged]:
        """Most probable first; `least` of them however late it is, then as many as there is time for."""
        left_ms = self._timings.left_ms(self._request.deadline_ms)
        told = evidence(self._repeated)
        return self._means.judge(self._around, candidates, self._cancel, left_ms, least, told, self._words)

    def _above_present(self, ranked: list[Judged]) -> list[Judged]:
        """Those that the model prefers, by a margin, to right code that they would replace."""
        present, request = self._present, self._request
        asked = request.fixes or request.instruction or not self._engine.info.reads_texts
        if self._hole.kind != "selection" or asked or is_placeholder(self._syntax, present):
            return ranked
        if not Gate(self._syntax, self._hole.span).check(present).ok:
            return ranked
        (held,) = judge(self._engine, self._around, [Candidate(present, (), (), 0, "converged", "usual")], self._cancel)
        return [j for j in ranked if j.log_prob > held.log_prob + MARGIN]

    def passed(self, ranked: list[Judged]) -> list[Completion]:
        """The best candidates that parse; what was ranked above them may come back cut until it parses."""
        n_wanted = self._request.candidates
        gate = Gate(self._syntax, self._hole.span)
        passed: list[Judged] = []
        failed: list[Judged] = []
        for judged in ranked:
            (passed if gate.check(judged.candidate.text).ok else failed).append(judged)
            if len(passed) == n_wanted:
                break
        bar = passed[0].log_prob if passed else -math.inf
        worth = [j.candidate for j in failed if j.log_prob > bar][:MAX_CUT_BACK]
        known = {j.candidate.text for j in ranked}
        shorter = [cut for c in worth if (cut := gate.cut_back(c.text)) is not None and cut not in known]
        again = [Candidate(text, (), (), 0, "converged", "cut_back") for text in dict.fromkeys(shorter)]
        passed += self.judged(again, 0 if passed else MAX_CUT_BACK)
        passed.sort(key=lambda j: -j.log_prob)
        return [completion(j, self._hole) for j in passed[:n_wanted]]

    def _weighed(self, candidates: list[Candidate]) -> list[Word]:
        """The ways to finish the word that is begun, likeliest first, for a model that reads texts of ours."""
        request, hole, language = self._request, self._hole, self._syntax.language
        if hole.multiline or not self._engine.info.reads_texts:
            return []
        known = keywords(language) | language.builtins
        seen = words_begun(request.text, hole.span.start, hole.span.end, request.context.texts, known)
        return weighed(self._engine, self._around, seen, [c.text for c in candidates], self._cancel)

    def _denoise(self, on_draft: OnDraft | None) -> list[Fill]:
        """A batch of hole lengths, denoised together."""
        engine, info, request, hole = self._engine, self._engine.info, self._request, self._hole
        canvases = hole_canvases(self._around, hole, engine.tokenizer.encode(self._present), info)
        if self._means.known_length is not None:
            canvases = [build_canvas(self._around, self._means.known_length)]
        if request.suggested and not hole.multiline:
            draft_ids = engine.tokenizer.encode(request.suggested.partition("\n")[0]) or [FREE]
            canvases.append(warm_canvas(self._around, draft_ids[: MAX_DRAFT_TOKENS[False]]))
        share = None if request.deadline_ms is None else request.deadline_ms * info.denoise_share
        n_steps = info.block_steps if hole.multiline else info.line_steps
        budget = Budget(min(n_steps, request.max_steps or n_steps), share)
        watching = reporter(on_draft, canvases, budget, engine.tokenizer.decode)
        # A selection's lengths are all about what it has.
        n_kept = None if hole.kind == "selection" else info.keep_best
        prompt_ids = self._around.prompt_ids
        return engine.denoise(prompt_ids, canvases, budget, self._cancel, request.seed, watching, n_kept)

    def _draft(self) -> list[int]:
        """Left-to-right draft up to the end of the line, or of a few lines, or of its time."""
        deadline_ms, multiline, tail = self._request.deadline_ms, self._hole.multiline, self._around.tail
        limit_ms = None if deadline_ms is None else deadline_ms * DRAFTED_UNTIL

        def stop(text: str) -> bool:
            left_ms = self._timings.left_ms(limit_ms)
            late = left_ms is not None and left_ms < 0
            return late or (not multiline and "\n" in text[len(tail) :])

        least = -math.inf if multiline else LEAST_LINE
        n_most = MAX_DRAFT_TOKENS[multiline]
        return self._engine.draft(self._around.prompt_ids, n_most, self._cancel, tail, stop, least)
