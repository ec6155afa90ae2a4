"""From a selection and what should change in it, in words, to an answer: the pipeline on one screen.

The engine writes the selection anew, which costs little where nothing changes. What is wrong by code's own judgement is
not shown: then it is asked again from the place where the first answer was least sure. Refuses to know the layout of
the chat.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import msgspec

from infill.candidates.answers import ended, head_of, strays, texts_of
from infill.candidates.mended import with_comments, with_return_types
from infill.candidates.renamed import renamed_text
from infill.checks.encodable import is_encodable
from infill.checks.instructed import most_lines, objection
from infill.checks.instruction_kinds import kinds_of
from infill.checks.marks import foreign_mark
from infill.checks.parse_check import ParseCheck
from infill.pipeline.hunks import hunks
from infill.pipeline.job import Job
from infill.prompt.shown import shown
from infill.syntax.language_table import keywords
from infill.syntax.line_breaks import line_break_at
from infill.types import Completion, Draft, Filled, NoFill, RewriteRequest, Source
from model.deadline import cancelled_after
from model.edits import Edit, Editor, EditPrompt, EditTask
from model.types import Engine

OTHERS = 3  # answers that are asked for where the first may not be shown
LEAST_SECOND = math.log(0.04)  # of what another answer begins with
ROOM = 96  # tokens that an answer may be longer than twice the old text
MOST_TOKENS = 1024  # of one answer
OTHERS_UNTIL = 400  # tokens of all answers together: after that, no other one is begun


class EditorEngine(Engine, Editor, Protocol):
    """An engine that changes code as told."""


class Proposed(msgspec.Struct, frozen=True):
    """A text for the selection and what was found about it; `objection` is empty where it may be shown."""

    text: str
    objection: str
    confidence: float = 1.0
    steps: int = 0
    source: Source = "left_to_right"


Judge = Callable[[str], str]  # of a text for the selection: why it may not be shown; empty where it may


def instructed(engine: EditorEngine, job: Job[RewriteRequest], judge: Judge | None = None) -> Filled | NoFill:
    """Answer a request with an instruction; a reason where no answer does what was asked.

    `judge` looks at the answers instead of what the instruction's words ask for.
    """
    request, timings = job.request, job.timings
    if job.hole.kind != "selection":
        return job.no_fill("no_target", "the selection is blank")
    left_ms = timings.left_ms(request.deadline_ms)
    passed: list[Proposed] = []
    failed: list[Proposed] = []
    with cancelled_after(job.cancel, left_ms) as cancel, timings.stage("draft"):
        for proposed in _Writer(engine, msgspec.structs.replace(job, cancel=cancel), judge).proposals():
            (failed if proposed.objection else passed).append(proposed)
            if len(passed) == request.candidates:
                break
    if job.cancel.cancelled:
        return job.no_fill("cancelled")
    if passed:
        found = tuple(_completion(job, each) for each in passed)
        return Filled(job.hole, found, request.seed, timings.ms, found[0].steps)
    if not failed:
        return job.no_fill("deadline", "the answer was not finished")
    return _no_fill(job, failed)


def _no_fill(job: Job[RewriteRequest], failed: list[Proposed]) -> NoFill:
    """Say what is wrong with the first answer that changes anything."""
    said = [each.objection for each in failed if each.objection != UNCHANGED]
    if not said:
        return job.no_fill("nothing_better", "the model changes nothing; say it in other words")
    if said[0] == UNPARSED:
        return job.no_fill("breaks_parse", f"none of {len(said)} answers parses")
    return job.no_fill("not_as_asked", said[0])


UNCHANGED, UNPARSED = "nothing is changed", "it does not parse"


def _completion(job: Job[RewriteRequest], found: Proposed) -> Completion:
    """The answer, with what changed as hunks of whole lines."""
    return Completion(
        span=job.hole.span,
        text=found.text,
        confidence=round(found.confidence, 4),
        token_texts=(),
        token_entropies=(),
        steps=found.steps,
        stop_reason="converged",
        source=found.source,
        parts=hunks(job.request.text, job.hole.span, found.text, found.confidence),
    )


class _Writer:
    """Writes answers for one selection, and looks at them."""

    def __init__(self, engine: EditorEngine, job: Job[RewriteRequest], judge: Judge | None) -> None:
        self._engine, self._job, self._judge = engine, job, judge
        text, span = job.syntax.text, job.hole.span
        self._shown = shown(job.syntax, span)
        longest = max((len(run) for run in re.findall("`{3,}", self._shown.code)), default=2)
        self._fence = "`" * (longest + 1)
        self._line_break = line_break_at(text, span.start, span.end)
        self._parse_check = ParseCheck(job.syntax, span)
        self._instruction = (job.request.instruction or "").strip()
        self._keywords = keywords(job.syntax.language)
        self._kinds = [] if judge else kinds_of(self._instruction)

    def proposals(self) -> Iterator[Proposed]:
        """What code alone can do, then the most probable answer, then others; nothing unfinished."""
        span, asked = self._job.hole.span, "" if self._judge else self._instruction
        by_code = renamed_text(self._job.syntax, span, asked)
        if by_code is not None:
            yield Proposed(by_code, self._objection(by_code), source="usual")
        first = self._written(())
        if first is not None and strays(self._engine.tokenizer.decode(first.token_ids), self._shown, self._keywords):
            first = self._written(self._pinned())
        if first is None:
            return
        yield self._proposed(first)
        n_written = len(first.token_ids)
        for begins in other_beginnings(first, self._engine.tokenizer.decode)[:OTHERS]:
            other = self._written(begins) if n_written < OTHERS_UNTIL else None
            if other is None:
                return
            n_written += len(other.token_ids)
            yield self._proposed(other)

    def _pinned(self) -> tuple[int, ...]:
        """How an answer begins that is about the selection and nothing else."""
        head = head_of(self._shown.selected.partition("\n")[0], self._keywords)
        return tuple(self._engine.tokenizer.encode(head))

    def _written(self, begins: tuple[int, ...]) -> Edit | None:
        """An answer that begins with these ids; None where there was no time to finish it."""
        job, seen, encode = self._job, self._shown, self._engine.tokenizer.encode
        prompt = EditPrompt(
            language=job.syntax.language.id,
            instruction=self._instruction,
            shown=seen.code,
            begun=seen.begun,
            outline=seen.outline,
            fence=self._fence,
        )
        expected = encode("\n".join((seen.selected, *seen.after, self._fence)))
        most = min(2 * len(expected) + ROOM, MOST_TOKENS)
        task = EditTask(tuple(self._engine.edit_prompt(prompt)), tuple(expected), begins, most)
        n_lines = 0
        most_rows = len(seen.after) + most_lines(seen.selected.count("\n") + 1, self._kinds)

        def ends(text: str) -> bool:
            nonlocal n_lines
            if job.on_draft is not None and text.count("\n") > n_lines:
                n_lines = text.count("\n")
                n_most = max(seen.selected.count("\n") + 1, n_lines)
                for shown_text in self._texts(text.rpartition("\n")[0])[:1]:
                    job.on_draft(Draft(shown_text, n_lines, n_most))
            is_over = ended(text, self._fence) or text.count("\n") > most_rows + 1
            return is_over or (not begins and strays(text, self._shown, self._keywords))

        written = self._engine.edit(task, job.cancel, ends)
        return None if job.cancel.cancelled else written

    def _proposed(self, written: Edit) -> Proposed:
        """The first of an answer's meanings that nothing is said against, else the first."""
        answer = self._engine.tokenizer.decode(written.token_ids)
        confidence = math.exp(sum(written.log_probs))
        texts = [mended for text in self._texts(answer) for mended in self._mended(text)]
        found = [Proposed(text, self._objection(text) or "", confidence, written.passes) for text in texts]
        nothing = Proposed("", "the lines around would change", confidence, written.passes)
        return next((each for each in found if not each.objection), found[0] if found else nothing)

    def _texts(self, answer: str) -> list[str]:
        """What an answer may mean."""
        return texts_of(answer, self._shown, self._fence, self._line_break)

    def _mended(self, text: str) -> list[str]:
        """A text, with what code can put right in it."""
        syntax, span = self._job.syntax, self._job.hole.span
        mended = [with_return_types(syntax, span, text)]
        if [kind.name for kind in self._kinds] == ["comment"] and not re.search("docstring", self._instruction, re.I):
            mended.append(with_comments(syntax, span, text))
        return mended

    def _objection(self, text: str) -> str:
        """What is said against a text; empty where nothing is."""
        job, source = self._job, self._job.syntax.text
        if text == job.present:
            return UNCHANGED
        if self._judge is not None and (why := self._judge(text)):
            return why
        if not self._parse_check.check(text).ok:
            return UNPARSED
        if foreign_mark(text, source) or not is_encodable(text, source):
            return "it is no text for this file"
        if self._judge is not None:
            return ""
        return objection(job.syntax, job.hole.span, text, self._instruction, job.request.frozen) or ""


def other_beginnings(first: Edit, decode: Callable[[Sequence[int]], str]) -> list[tuple[int, ...]]:
    """Return how other answers begin: as the first up to where it was least sure, then with the second best there.

    There is one for each line, or they would all differ in the words of one string.
    """
    least_sure: dict[int, tuple[float, int]] = {}  # by line: by how much the best led (nats), and where
    n_lines = 0
    for i, (best, second) in enumerate(zip(first.log_probs, first.second_log_probs, strict=True)):
        if second > LEAST_SECOND:
            least_sure[n_lines] = min(least_sure.get(n_lines, (math.inf, 0)), (best - second, i))
        n_lines += decode(first.token_ids[i : i + 1]).count("\n")
    return [(*first.token_ids[:i], first.second_ids[i]) for _, i in sorted(least_sure.values())]
