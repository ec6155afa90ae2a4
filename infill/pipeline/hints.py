"""Type hints: those that the code decides need no model, and make what is left for it shorter and surer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from infill.candidates.decided_hints import decided_hint
from infill.candidates.segment_texts import is_placeholder
from infill.prompt.segments import free_spans
from infill.syntax.jsdoc import LANGUAGE, PLACEHOLDER, typed_at
from infill.syntax.jsdoc_types import decided_type
from infill.syntax.tree import Syntax
from infill.syntax.type_hints import hint_at
from infill.types import Completion, Filled, Hole, LeftHole, NoFill, Part, RewriteRequest, Span

UNDECIDED = NoFill("no_target", "the code does not decide the type")
AskRest = Callable[[RewriteRequest], Filled | NoFill]


def decided_in(syntax: Syntax, request: RewriteRequest) -> dict[Span, str]:
    """Return the types that the code decides, by their spans; empty where anything but types is to be filled."""
    spans = free_spans(request.text, request.selection, request.frozen)
    texts = (request.text[span.start : span.end] for span in spans)
    if not all(is_placeholder(syntax, text) and hint_at(syntax, span) for span, text in zip(spans, texts, strict=True)):
        return {}
    return {span: hint for span in spans if (hint := decided_hint(syntax, span)) is not None}


def in_jsdoc(syntax: Syntax, request: RewriteRequest) -> Filled | NoFill | None:
    """Answer a request for types in JSDoc, which the code alone decides; None where anything else is asked for."""
    if syntax.language.id != LANGUAGE or request.instruction or request.strength is not None:
        return None
    spans = free_spans(request.text, request.selection, request.frozen)
    decided: dict[Span, str] = {}
    for span in spans:
        owner = typed_at(syntax, span) if request.text[span.start : span.end] == PLACEHOLDER else None
        if owner is None:
            return None
        if (hint := decided_type(syntax, *owner)) is not None:
            decided[span] = hint
    if not spans:
        return None
    return with_decided(request, decided, lambda _: UNDECIDED) if decided else UNDECIDED


def with_decided(request: RewriteRequest, decided: dict[Span, str], ask: AskRest) -> Filled | NoFill:
    """Answer with the decided types, and with what is answered to a request for the others in a text that has them."""
    spans = free_spans(request.text, request.selection, request.frozen)
    left = [span for span in spans if span not in decided]
    rest = _rest(request, decided)
    parts = {span: Part(span, hint) for span, hint in decided.items()}
    answer = ask(rest) if left else NoFill("nothing_better")
    if isinstance(answer, NoFill) and answer.reason in ("cancelled", "superseded"):
        return answer
    why: dict[Span, LeftHole] = {}
    if isinstance(answer, Filled):
        moved = dict(zip(free_spans(rest.text, rest.selection, rest.frozen), left, strict=True))
        best = answer.completions[0]
        parts |= {moved[part.span]: msgspec.structs.replace(part, span=moved[part.span]) for part in best.parts}
        why = {moved[one.span]: LeftHole(moved[one.span], one.why) for one in best.left}
    elif left:
        why = {span: LeftHole(span, answer.detail or answer.reason) for span in left}
    return _filled(request, answer, [parts[span] for span in spans if span in parts], [*why.values()])


def _rest(request: RewriteRequest, decided: dict[Span, str]) -> RewriteRequest:
    """Return the request for a text in which the decided types stand, and are frozen."""
    grown: list[tuple[Span, int]] = [(span, len(hint) - (span.end - span.start)) for span, hint in decided.items()]
    text = request.text
    for span, hint in sorted(decided.items(), key=lambda one: -one[0].start):
        text = text[: span.start] + hint + text[span.end :]

    def moved(offset: int) -> int:
        return offset + sum(more for span, more in grown if span.end <= offset)

    frozen = [*request.frozen, *decided]
    return msgspec.structs.replace(
        request,
        text=text,
        selection=Span(request.selection.start, moved(request.selection.end)),
        frozen=tuple(Span(moved(span.start), moved(span.end)) for span in frozen),
    )


def _filled(
    request: RewriteRequest, answer: Filled | NoFill, parts: Sequence[Part], left: Sequence[LeftHole]
) -> Filled:
    """Return all types as one completion of the selection."""
    span, text, at = request.selection, list[str](), request.selection.start
    for part in parts:
        text += [request.text[at : part.span.start], part.text]
        at = part.span.end
    own = answer.completions[0] if isinstance(answer, Filled) else None
    completion = Completion(
        span=span,
        text="".join([*text, request.text[at : span.end]]),
        confidence=own.confidence if own else 1.0,
        token_texts=(),
        token_entropies=(),
        steps=own.steps if own else 0,
        stop_reason=own.stop_reason if own else "converged",
        source=own.source if own else "usual",
        parts=tuple(parts),
        n_left=len(left),
        left=tuple(left),
    )
    hole = Hole(span, "selection", "", "\n" in completion.text)
    return Filled(hole, (completion,), request.seed, answer.timings_ms, answer.steps)
