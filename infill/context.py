"""Chooses what the model reads: prefix and far suffix for the prompt, near suffix for the canvas.

The prompt must not change while the user types, or its cached keys are lost: what other files say (infill.excerpts)
comes first, the prefix begins at one of few lines, the unfinished word before the cursor goes to the canvas,
and the far suffix begins on the line after the hole. Budgets are in tokens.
"""

from __future__ import annotations

from bisect import bisect_left

import msgspec

from infill.types import Hole
from model.types import ModelInfo, Tokenizer

ANCHOR_LINES = 16  # the prefix begins at a multiple of this many lines, where it does not fit whole
CHARS_PER_TOKEN = 8  # no window is cut shorter than this allows


class Surroundings(msgspec.Struct, frozen=True):
    """What stands around a hole, ready for canvases.

    `tail_ids` (the unfinished word) and `near_suffix_ids` are clamped on either side of the hole;
    `judged_suffix` is the text every candidate is judged together with.
    """

    prompt_ids: tuple[int, ...]
    tail: str
    tail_ids: tuple[int, ...]
    near_suffix_ids: tuple[int, ...]
    judged_suffix: str


def surroundings(
    text: str, hole: Hole, info: ModelInfo, tokenizer: Tokenizer, instruction: str = "", others: str = ""
) -> Surroundings:
    """Excerpts around `hole` within the model's budgets, line breaks as LF: models are trained on that.

    An instruction comes first, cut to a quarter of the prompt, then what `others` say, which is within its budget.
    """
    instruction = tokenizer.decode(tokenizer.encode(instruction)[: info.max_prompt_tokens // 4])
    before, after = lf(text[: hole.span.start]), lf(text[hole.span.end :])
    far_suffix = _far_suffix(after, info.far_suffix_tokens, tokenizer)
    room = info.max_prompt_tokens - min(len(tokenizer.encode(far_suffix)), info.far_suffix_tokens) - 4
    first = "\n\n".join(filter(None, (instruction, others)))
    room -= len(tokenizer.encode(first)) + 1 if first else 0
    stable, tail = tokenizer.split_tail(before)
    near = after[: info.near_suffix_tokens * CHARS_PER_TOKEN]
    near_ids = tokenizer.encode(near)[: info.near_suffix_tokens]
    return Surroundings(
        prompt_ids=tuple(tokenizer.prompt(first, far_suffix, _prefix(stable, room, tokenizer))),
        tail=tail,
        tail_ids=tuple(tokenizer.encode(tail)),
        near_suffix_ids=tuple(near_ids),
        judged_suffix=tokenizer.decode(near_ids[: max(4, info.near_suffix_tokens // 2)]),
    )


def _prefix(stable: str, budget: int, tokenizer: Tokenizer) -> str:
    """The end of the text before the hole, from an anchored line start, in at most `budget` tokens."""
    window_start = max(0, len(stable) - budget * CHARS_PER_TOKEN)
    starts = _line_starts(stable, window_start)
    n_before = stable.count("\n", 0, window_start)
    anchored = [s for i, s in enumerate(starts) if (n_before + i) % ANCHOR_LINES == 0]
    for candidates in (anchored, starts[-ANCHOR_LINES:]):
        # Later starts need fewer tokens: the first that fits is found in a few tries.
        first = bisect_left(candidates, True, key=lambda start: len(tokenizer.encode(stable[start:])) <= budget)
        if first < len(candidates):
            return stable[candidates[first] :]
    # One line longer than the budget: its end is all there is room for.
    return tokenizer.decode(tokenizer.encode(stable[window_start:])[-budget:])


def _line_starts(text: str, window_start: int) -> list[int]:
    """Offsets of line starts from `window_start` on (0 counts when the window is the whole text)."""
    starts = [0] if window_start == 0 else []
    at = text.find("\n", window_start)
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1)
    return starts


def _far_suffix(after: str, budget: int, tokenizer: Tokenizer) -> str:
    """Text from the line after the hole on, in at most `budget` tokens, cut at a line end if it can be."""
    line_end = after.find("\n")
    if line_end < 0 or budget <= 0:
        return ""
    excerpt = after[line_end + 1 :][: budget * CHARS_PER_TOKEN]
    ids = tokenizer.encode(excerpt)
    if len(ids) > budget:
        excerpt = tokenizer.decode(ids[:budget])
        excerpt = excerpt[: excerpt.rfind("\n") + 1] or excerpt
    return excerpt if excerpt.strip() else ""


def lf(text: str) -> str:
    """The text with LF for every line break."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
