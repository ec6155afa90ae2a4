"""Which tokens of a selection to noise again: those that are least probable for the model.

One causal pass reads the selection; tokens that share a character go together, so that every segment is a
part of the text and what is kept stays as it is, character for character.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from infill.prompt.context import PromptContext, lf
from infill.prompt.segments import Segment
from infill.types import Span
from model.types import CancelToken, Engine, Tokenizer

Strength = Literal["low", "medium", "high"]

# Shares of a selection's tokens that are noised anew: a word here and there, a second opinion, a rewrite.
STRENGTHS: dict[Strength, float] = {"low": 0.15, "medium": 0.4, "high": 0.8}

_BROKEN = "\ufffd"


class Group(msgspec.Struct, frozen=True):
    """The fewest tokens that make whole characters, with the log-probability of the least likely."""

    span: Span
    ids: tuple[int, ...]
    log_prob: float


def read(
    engine: Engine, prompt: PromptContext, text: str, segments: Sequence[Segment], cancel: CancelToken
) -> list[list[Group]]:
    """The groups of each segment as one causal pass reads them; empty when cancelled."""
    tail = list(prompt.tail_ids)
    row = tail + [i for segment in segments for i in segment.ids]
    (score,) = engine.score(prompt.prompt_ids, [row], cancel)
    if len(score.log_probs) != len(row):
        return []
    at, read_groups = len(tail), list[list[Group]]()
    for segment in segments:
        log_probs = score.log_probs[at : at + len(segment.ids)]
        read_groups.append(_groups(text, segment, log_probs, engine.tokenizer))
        at += len(segment.ids)
    return read_groups


def least_probable(segments: Sequence[Segment], groups: Sequence[Sequence[Group]], strength: float) -> set[Span]:
    """Spans of the groups to noise: `strength` (0..1) of the free tokens, the least probable ones."""
    free = [g for segment, own in zip(segments, groups, strict=True) if segment.free for g in own]
    wanted = round(min(max(strength, 0.0), 1.0) * sum(len(g.ids) for g in free))
    chosen: set[Span] = set()
    n_chosen = 0
    for group in sorted(free, key=lambda g: (g.log_prob, g.span.start)):
        if n_chosen >= wanted:
            break
        chosen.add(group.span)
        n_chosen += len(group.ids)
    return chosen


def noised(segments: Sequence[Segment], groups: Sequence[Sequence[Group]], chosen: set[Span]) -> list[Segment]:
    """The same segments cut up so that only the `chosen` groups are free, each as long as it is now."""
    cut: list[Segment] = []
    for segment, own in zip(segments, groups, strict=True):
        if not segment.free:
            cut.append(segment)
            continue
        at = 0
        while at < len(own):
            is_free, first = own[at].span in chosen, at
            while at < len(own) and (own[at].span in chosen) is is_free:
                at += 1
            span = Span(own[first].span.start, own[at - 1].span.end)
            ids = tuple(i for g in own[first:at] for i in g.ids)
            cut.append(Segment(span, ids, (len(ids),) if is_free else ()))
    return cut


def _groups(text: str, segment: Segment, log_probs: Sequence[float], tokenizer: Tokenizer) -> list[Group]:
    """The segment's tokens in groups of whole characters; one group where they do not spell the text."""
    present = text[segment.span.start : segment.span.end]
    starts = _offsets(present, segment.span.start)
    groups: list[Group] = []
    first = n_chars = 0
    for end in range(1, len(segment.ids) + 1):
        spelled = tokenizer.decode(segment.ids[first:end])
        if _BROKEN in spelled and end < len(segment.ids):
            continue
        last = min(n_chars + len(spelled), len(starts) - 1)
        if spelled:
            span = Span(starts[n_chars], starts[last])
            groups.append(Group(span, tuple(segment.ids[first:end]), min(log_probs[first:end])))
        first, n_chars = end, last
    if tokenizer.decode(segment.ids) == lf(present) and _BROKEN not in present and n_chars == len(starts) - 1:
        return groups
    return [Group(segment.span, segment.ids, min(log_probs, default=0.0))]


def _offsets(present: str, start: int) -> list[int]:
    """Where each character of the text with LF line breaks stands, and the end."""
    offsets: list[int] = []
    for at, char in enumerate(present):
        if not (char == "\n" and at and present[at - 1] == "\r"):
            offsets.append(start + at)
    return [*offsets, start + len(present)]
