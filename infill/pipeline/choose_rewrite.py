"""Chooses among the ways to write a selection whose free segments were denoised together.

What each segment could become is tried alone too, so that one bad segment does not spoil the others. Whole
selections are scored, and nothing passes that does not parse or, in a refinement, is not an improvement.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest

import msgspec

from infill.candidates.segment_texts import usual_texts
from infill.candidates.sources import Candidate
from infill.checks.compile import Excerpt
from infill.checks.damage import damage
from infill.checks.encodable import is_encodable
from infill.checks.marks import foreign_mark
from infill.checks.parse_check import ParseCheck
from infill.checks.preservation import loses_code
from infill.pipeline.job import Job
from infill.prompt.segments import Segment, assembled, changed_parts, new_spans
from infill.ranking.reranker import MARGIN, ScoredCandidate, confidence_in, rerank
from infill.types import LeftHole, Part, RewriteRequest, Source
from model.types import Engine

SINGLES_UNTIL = 0.8  # of a deadline: later than this, segments are not tried alone
SCORED_UNTIL = 0.95
SINGLES_TOKENS = 2048  # for segments tried alone
SCORED_TOKENS = 512  # in one pass: the cost grows with their square

Texts = tuple[str, ...]  # one for each free segment


class Denoised(msgspec.Struct, frozen=True):
    """What the free segments became, canvas by canvas, and how.

    `n_dropped` rows are left out, as they would change the lines around.
    """

    rows: tuple[Texts, ...]
    steps: int
    stop_reason: str
    n_dropped: int = 0


class Whole(msgspec.Struct, frozen=True):
    """One way to write the selection, with the rank that its placeholders left over give it."""

    texts: Texts
    candidate: Candidate
    n_left: int


class Ranked(msgspec.Struct, frozen=True):
    """A whole and what is new in it; its log-probability and their confidences have the evidence in them."""

    whole: Whole
    scored: ScoredCandidate
    log_prob: float
    parts: tuple[Part, ...]


class Chooser:
    """The candidates for one selection; `is_before` says whether less than a share (0..1) of the deadline has passed.

    `retrieved` is, for each free segment, what the code base says there, and how probable (0..1) that makes it.
    """

    def __init__(
        self,
        engine: Engine,
        job: Job[RewriteRequest],
        segments: Sequence[Segment],
        denoised: Denoised,
        retrieved: Sequence[Mapping[str, float]],
        is_before: Callable[[float], bool],
    ) -> None:
        self._engine, self._prompt, self._cancel = engine, job.prompt, job.cancel
        self._syntax, self._span, self._request = job.syntax, job.hole.span, job.request
        self._segments, self._denoised, self._retrieved = segments, denoised, retrieved
        self._is_before = is_before
        self._parse_check = ParseCheck(self._syntax, self._span)
        self._free = [s for s in segments if s.free]
        self._present = tuple(self._syntax.text[s.span.start : s.span.end] for s in self._free)
        n_context = len(job.prompt.tail_ids) + engine.info.near_suffix_tokens
        self._n_tokens = sum(len(s.ids) for s in segments) + n_context  # read of one candidate, about
        self._read: dict[str, ScoredCandidate] = {}

    def wholes(self) -> list[Whole]:
        """Every canvas's answer, each segment's best alone, and all of these together."""
        present = self._present
        # A causal model has written what is usual itself, where it is probable.
        usual = [() if self._engine.info.is_causal else usual_texts(self._syntax, s) for s in self._free]
        options = [
            list(dict.fromkeys((*self._retrieved[i], *(row[i] for row in self._denoised.rows), *usual[i])))
            for i in range(len(present))
        ]
        in_turn = [(i, option) for row in zip_longest(*options) for i, option in enumerate(row) if option is not None]
        singles = [(i, (*present[:i], option, *present[i + 1 :])) for i, option in in_turn if option != present[i]]
        singles = singles[: SINGLES_TOKENS // self._n_tokens] if self._is_before(SINGLES_UNTIL) else []
        best = self._best_alone([(i, texts) for i, texts in singles if self.parses(texts)])
        combined = tuple(best.get(i, text) for i, text in enumerate(present))
        every = [combined, *self._denoised.rows, *(texts for _, texts in singles)]
        return [self._whole(texts) for texts in dict.fromkeys(every) if texts != present]

    def ranked(self, wholes: Sequence[Whole]) -> tuple[list[Ranked], int]:
        """Those that beat what stands there, best first, and how many do not.

        Fewer placeholders left beats probability: none is as probable as `pass`. Code that stands there counts as
        right unless it does not parse, or a diagnostic or an instruction says what is wrong: the model must be surer
        of other code by `MARGIN`.
        """
        present = self._whole(self._present)
        by_text = {w.candidate.text: w for w in wholes}
        scored = self._scored([present.candidate, *(w.candidate for w in by_text.values())])
        bar = scored[present.candidate.text].log_prob if scored else 0.0
        found = [self._ranked(whole, scored[text]) for text, whole in by_text.items() if text in scored]
        if present.n_left:
            found = [r for r in found if r.whole.n_left < present.n_left]
        elif not (self._request.fixes or self._request.instruction):
            found = [r for r in found if r.scored.log_prob > bar + MARGIN or self._repairs(r.whole.candidate.text)]
        found.sort(key=lambda r: (r.whole.n_left, -r.log_prob))
        return found, len(by_text) - len(found)

    def sure(self, found: Ranked, least: float) -> Ranked | None:
        """The same with the placeholder where what was to come is less sure than `least`; nothing if that is all of it.

        What stood there before is no placeholder: then it is all or nothing.
        """
        empty = {segment.span for segment in self._free if segment.is_empty}
        while found.parts and min(part.confidence for part in found.parts) < least:
            if any(part.confidence < least and part.span not in empty for part in found.parts):
                return None
            kept = {part.span: part.text for part in found.parts if part.confidence >= least}
            pairs = zip(self._free, self._present, strict=True)
            whole = self._whole(tuple(kept.get(segment.span, present) for segment, present in pairs))
            scored = self._scored([whole.candidate]).get(whole.candidate.text)
            if scored is None:
                return None
            found = self._ranked(whole, scored)
        return found if found.parts and self.parses(found.whole.texts) else None

    def parses(self, texts: Texts) -> bool:
        """Whether the selection passes every check with these texts in its segments."""
        if self._cancel.cancelled:
            return False
        text = self.assembled(texts)
        if not self._parse_check.check(text).ok or loses_code(self._syntax, self._span, text):
            return False
        if foreign_mark(text, self._syntax.text) or not is_encodable(text, self._syntax.text):
            return False
        is_code = not any(segment.is_empty for segment in self._free)
        return not is_code or damage(self._syntax, self._span, text, self._request.instruction) is None

    def left(self, whole: Whole) -> tuple[LeftHole, ...]:
        """Return the holes that keep their placeholders, and why."""
        left: list[LeftHole] = []
        for i, (segment, text, kept) in enumerate(zip(self._free, whole.texts, self._present, strict=True)):
            if segment.is_empty and text == kept:
                proposed = {row[i] for row in self._denoised.rows} | self._retrieved[i].keys()
                left.append(LeftHole(segment.span, self._why_left(bool(proposed - {kept}))))
        return tuple(left)

    def _why_left(self, has_proposals: bool) -> str:
        if not has_proposals:
            late = self._denoised.stop_reason == "deadline"
            return "the time was up" if late else "the model proposes nothing that may stand there"
        least = self._request.least_confidence
        return f"no proposal is sure enough (at least {least:.2f})" if least else "no proposal passes the checks"

    def _best_alone(self, singles: Sequence[tuple[int, Texts]]) -> dict[int, str]:
        """For each segment the most probable text, alone; in a refinement only one that is an improvement."""
        present = self._whole(self._present).candidate
        own = [self._whole(texts) for _, texts in singles]
        scored = self._scored([present, *(whole.candidate for whole in own)])
        if not scored:
            return {}
        refines = self._request.strength is not None
        bar = scored[present.text].log_prob if refines else -math.inf
        best: dict[int, tuple[float, str]] = {}
        for (i, texts), whole in zip(singles, own, strict=True):
            read = scored.get(whole.candidate.text)
            log_prob = -math.inf if read is None else self._ranked(whole, read).log_prob
            if log_prob > best.get(i, (bar, ""))[0]:
                best[i] = (log_prob, texts[i])
        return {i: text for i, (_, text) in best.items()}

    def _ranked(self, whole: Whole, scored: ScoredCandidate) -> Ranked:
        """With the evidence: of each new text either the model or the code base is right."""
        by_span = {s.span: found for s, found in zip(self._free, self._retrieved, strict=True)}
        log_prob, parts = scored.log_prob, changed_parts(self._syntax.text, self._segments, whole.texts)
        sure: list[Part] = []
        for part, span in zip(parts, new_spans(self._syntax.text, self._span, parts), strict=True):
            own = confidence_in(scored, [span], self._engine.tokenizer)
            raised = own + by_span[part.span].get(part.text, 0.0) * (1 - own)
            log_prob += math.log(raised / own) if raised > own > 0 else 0.0
            sure.append(Part(part.span, part.text, round(raised, 4)))
        return Ranked(whole, scored, log_prob, tuple(sure))

    def _scored(self, candidates: Sequence[Candidate]) -> dict[str, ScoredCandidate]:
        """Candidates by their texts, each scored once, the first of them for sure; empty when cancelled."""
        new = [c for c in candidates if c.text not in self._read]
        at_once = max(1, SCORED_TOKENS // self._n_tokens)
        for at in range(0, len(new), at_once):
            if at and not self._is_before(SCORED_UNTIL):
                break
            scored = rerank(self._engine, self._prompt, new[at : at + at_once], self._cancel)
            self._read |= {one.candidate.text: one for one in scored}
        return (
            {} if self._cancel.cancelled else {c.text: self._read[c.text] for c in candidates if c.text in self._read}
        )

    def _repairs(self, text: str) -> bool:
        """Whether what stands there is broken and this is not."""
        syntax, span = self._syntax, self._span
        present = syntax.text[span.start : span.end]
        if syntax.language.id == "python":
            excerpt = Excerpt(syntax, span)
            return excerpt.compiles(present)[0] is False and excerpt.compiles(text)[0] is True
        return bool(syntax.problems) and len(syntax.edited(span, text).problems) < len(syntax.problems)

    def _whole(self, texts: Texts) -> Whole:
        candidate = Candidate(
            self.assembled(texts), (), (), self._denoised.steps, self._denoised.stop_reason, self._source(texts)
        )
        empty = [s.is_empty for s in self._free]
        n_left = sum(e and text == kept for e, text, kept in zip(empty, texts, self._present, strict=True))
        return Whole(texts, candidate, n_left)

    def _source(self, texts: Texts) -> Source:
        """The model, unless it wrote none of what is new."""
        changed = [(i, t) for i, (t, kept) in enumerate(zip(texts, self._present, strict=True)) if t != kept]
        own = any(row[i] == text for i, text in changed for row in self._denoised.rows)
        if own or not changed:
            return "left_to_right" if self._engine.info.is_causal else "diffusion"
        return "nearby" if any(text in self._retrieved[i] for i, text in changed) else "usual"

    def assembled(self, texts: Sequence[str]) -> str:
        """The selection with these texts in its segments."""
        return assembled(self._syntax.text, self._span, self._segments, texts)
