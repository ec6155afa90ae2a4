"""From a hole to an answer: candidates from every source, ranked, those that parse, and only what is sure enough.

A selection with frozen parts, or one to be refined, goes through infill.pipeline.rewrite. Refuses to know how the
hole was found and what the model reads of the code around it.
"""

from __future__ import annotations

import math

import msgspec

from infill.candidates.segment_texts import is_placeholder
from infill.candidates.sources import Candidate
from infill.checks.parse_check import ParseCheck
from infill.pipeline.generate import Generated, can_stand, fitted, generate
from infill.pipeline.job import Job, Pipeline
from infill.ranking.completions import completion, confident, without_favour
from infill.ranking.reranker import MARGIN, Evidence, ScoredCandidate, rerank
from infill.ranking.sure_lines import sure_lines
from infill.retrieval.members import members_at
from infill.retrieval.similar_lines import goes_on, probabilities, word_before
from infill.retrieval.words import SURE, Word, first_word, only_name, preferred, weighed, words_begun
from infill.syntax.language_table import keywords
from infill.types import Completion, Filled, NoFill, Request
from model.types import Engine, ModelInfo

WORD_SHOWN = 0.7  # how probable a word must be that is shown alone
LEAST_SCORED = 6  # however late it is: of fewer, often none parses, and an answer is what was asked for
MAX_CUT_BACK = 3  # candidates that do not parse whose shortened forms are scored once more


def fill(pipeline: Pipeline, job: Job[Request]) -> Filled | NoFill:
    """Answer a request for what is to stand in the hole; a reason where there is nothing to show."""
    request, info = job.request, pipeline.engine.info
    automatic = request.trigger == "automatic"
    only_retrieved = automatic and job.hole.multiline and not info.speaks_on_blank_lines
    if only_retrieved:
        pipeline = msgspec.structs.replace(pipeline, sources=pipeline.sources & {"nearby"})
    elif automatic and info.is_causal and not info.denoises:
        # Of what stands elsewhere such a model found nothing right and sure that it did not write itself
        # (model/train/LOG.md), and to judge all of it takes longer than to write.
        pipeline = msgspec.structs.replace(pipeline, sources=pipeline.sources - {"nearby"})
    generated = generate(pipeline, job)
    candidates = fitted(job, generated)
    with job.timings.stage("words"):
        words = _weighed_words(pipeline.engine, job, candidates)
    found = probabilities(generated.retrieved) if info.takes_evidence else {}
    ranking = _Ranking(pipeline, job, Evidence(found, words))
    threshold = info.threshold(job.syntax.language.id)
    answer = _answer(ranking, job, generated, candidates, only_retrieved)
    if isinstance(confident(answer, generated.least_confidence), NoFill) and isinstance(answer, Filled):
        answer = job.no_fill("empty_fill", "the model finds nothing to be missing here")
    answer = confident(answer, max(request.least_confidence, threshold if automatic else 0.0))
    return _with_word(answer, job, words, threshold, generated.steps)


class _Ranking:
    """Ranks candidates for one hole, by the model and by other evidence."""

    def __init__(self, pipeline: Pipeline, job: Job[Request], evidence: Evidence) -> None:
        self._pipeline, self._job, self._evidence = pipeline, job, evidence

    @property
    def info(self) -> ModelInfo:
        """What is known of the model."""
        return self._pipeline.engine.info

    def ranked(self, candidates: list[Candidate], least: int) -> list[ScoredCandidate]:
        """Most probable first; `least` of them however late it is, then as many as there is time for."""
        job = self._job
        left_ms = job.timings.left_ms(job.request.deadline_ms)
        ranked = self._pipeline.reranker(job.prompt, candidates, job.cancel, self._evidence, left_ms, least)
        return without_favour(ranked, job.request.dismissed, job.line_before)

    def above_present(self, ranked: list[ScoredCandidate]) -> list[ScoredCandidate]:
        """Those that the model prefers, by a margin, to right code that they would replace."""
        job, engine = self._job, self._pipeline.engine
        asked = job.request.instruction or not engine.info.reads_texts
        if job.hole.kind != "selection" or asked or is_placeholder(job.syntax, job.present):
            return ranked
        if not ParseCheck(job.syntax, job.hole.span).check(job.present).ok:
            return ranked
        present = Candidate(job.present, (), (), 0, "converged", "usual")
        bar = rerank(engine, job.prompt, [present], job.cancel)  # nothing when cancelled
        return [s for s in ranked if bar and s.log_prob > bar[0].log_prob + MARGIN]

    def parsing(self, ranked: list[ScoredCandidate]) -> list[Completion]:
        """The best candidates that parse; what was ranked above them may come back cut until it parses.

        Inside a line that somebody asks to have filled, those go first with which nothing is broken any more.
        """
        job, n_wanted = self._job, self._job.request.candidates
        seeks_healing = job.hole.kind == "token" and job.request.trigger == "manual"
        parse_check = ParseCheck(job.syntax, job.hole.span)
        passed: list[ScoredCandidate] = []
        failed: list[ScoredCandidate] = []
        healing: list[ScoredCandidate] = []
        for scored in ranked:
            verdict = parse_check.check(scored.candidate.text)
            (passed if verdict.ok else failed).append(scored)
            if verdict.heals:
                healing.append(scored)
            if len(passed) == n_wanted and not seeks_healing:
                break
        if seeks_healing and healing:
            return [completion(s, job.hole) for s in healing[:n_wanted]]
        bar = passed[0].log_prob if passed else -math.inf
        worth = [s.candidate for s in failed if s.log_prob > bar][:MAX_CUT_BACK]
        if job.request.trigger == "automatic" and self.info.is_causal:
            worth = []  # what is left of a line that such a model wrote is sure, and seldom right
        known = {s.candidate.text for s in ranked}
        shorter = [cut for c in worth if (cut := parse_check.cut_back(c.text)) is not None and cut not in known]
        again = [
            Candidate(text, (), (), 0, "converged", "cut_back")
            for text in dict.fromkeys(shorter)
            if can_stand(job, text)
        ]
        passed += self.ranked(again, 0 if passed else MAX_CUT_BACK)
        passed.sort(key=lambda s: -s.log_prob)
        return [completion(s, job.hole) for s in passed[:n_wanted]]


def _answer(
    ranking: _Ranking, job: Job[Request], generated: Generated, candidates: list[Candidate], only_retrieved: bool
) -> Filled | NoFill:
    """The most probable candidates that parse, or why there are none."""
    timings = job.timings
    with timings.stage("judge"):
        ranked = ranking.ranked(candidates, LEAST_SCORED)
    if job.cancel.cancelled:
        return job.no_fill("cancelled")
    if not ranked and only_retrieved:
        return job.no_fill("blank_line", "on a blank line the model writes only when you ask")
    if not ranked and generated.late:
        return job.no_fill("deadline", "the model has written nothing yet")
    if not ranked and generated.unsure:
        return job.no_fill("not_confident", "the model gave its draft up")
    if not ranked:
        return job.no_fill("empty_fill", "the model proposes nothing")
    if not (ranked := ranking.above_present(ranked)):
        return job.no_fill("nothing_better", "what stands there is more probable")
    if job.request.trigger == "automatic" and job.hole.multiline and ranking.info.is_causal:
        ranked = sure_lines(ranked[0], ranking.info.threshold(job.syntax.language.id))
    with timings.stage("gate"):
        passed = ranking.parsing(ranked)
    if job.cancel.cancelled:
        return job.no_fill("cancelled")
    if not passed:
        return job.no_fill("breaks_parse", f"none of {len(ranked)} candidates parses")
    return Filled(job.hole, tuple(passed), job.request.seed, timings.ms, generated.steps)


def _with_word(
    answer: Filled | NoFill, job: Job[Request], words: list[Word], show_threshold: float, steps: int
) -> Filled | NoFill:
    """The answer, or first the rest of the word that is begun, where that is sure and no line is that begins so."""
    request = job.request
    word = words[0] if words else None
    if (
        word is None
        or not word.text
        or any(word.text == dismissed.text for dismissed in request.dismissed)
        or not can_stand(job, word.text)
        or word.probability < max(request.least_confidence, WORD_SHOWN)
    ):
        return answer
    lines = answer.completions if isinstance(answer, Filled) else ()
    sure = lines and lines[0].confidence >= show_threshold
    if job.cancel.cancelled or sure or (lines and first_word(lines[0].text) == word.text):
        return answer
    alone = Completion(job.hole.span, word.text, round(word.probability, 4), (), (), 0, "converged", "word")
    completions = (alone, *lines)[: request.candidates]
    return Filled(job.hole, completions, request.seed, job.timings.ms, steps)


def _weighed_words(engine: Engine, job: Job[Request], candidates: list[Candidate]) -> list[Word]:
    """The ways to finish the word that is begun, likeliest first, for a model that reads texts of ours."""
    request, hole, language = job.request, job.hole, job.syntax.language
    if hole.multiline or not engine.info.reads_texts or not engine.info.takes_evidence:
        return []
    known, text, texts = keywords(language) | language.builtins, request.text, request.context.texts
    begun = word_before(text[: hole.span.start])
    others = (*texts, *(excerpt.text for excerpt in request.context.excerpts))
    members = members_at(text, hole.span.start - len(begun), others) if begun else frozenset[str]()
    seen = words_begun(text, hole.span, texts, known, members)
    found = weighed(engine, job.prompt, seen, [c.text for c in candidates], job.cancel)
    if chosen := {member.removeprefix(begun) for member in members if goes_on(member, begun)}:
        return preferred(found, chosen, SURE)
    only = only_name(text, hole.span, seen, texts)
    return found if only is None or members else preferred(found, {only}, SURE)
