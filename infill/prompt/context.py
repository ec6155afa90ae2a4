"""Chooses what the model reads: prefix and far suffix for the prompt, near suffix for the canvas.

The prompt must not change while the user types, or its cached keys are lost: the `excerpts` of other files
come first, the prefix begins at one of few lines, the unfinished word before the cursor goes to the canvas,
and the far suffix begins on the line after the hole, or behind what closes brackets there. Budgets are in tokens.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from functools import partial
from itertools import accumulate

import msgspec

from infill.types import Hole
from model.prompt_parts import Asked, PromptFile
from model.types import ModelInfo, Tokenizer

ANCHOR_LINES = 16  # the prefix begins at a multiple of this many lines, where it does not fit whole
ANCHOR_TOKENS = 40  # of the prompt for each of these lines, or the prefix could be as good as empty
SPARE = 1  # token: two texts joined may have one more than the sum of both
NOTHING = Asked()
CLOSING = re.compile(r"[ \t]*(?:[)\]}>\"'`;,]+[ \t]*)?(?=\n|$)")  # what only closes, up to a line's end
CLOSING_LINE = re.compile(r"\n[ \t]*[)\]}>\"'`;,]+[ \t]*(?=\n|$)")
CHARS_PER_TOKEN = 8  # characters that are tokenized for each token of a budget


class Preamble(msgspec.Struct, frozen=True):
    """The parts of a prompt besides the code around the hole.

    `excerpts` are of other files, within their budget already. `asked` is for a model that takes instructions. `think`
    returns the text that a model thinks after a prompt (ids); None where it does not think first.
    """

    excerpts: tuple[PromptFile, ...] = ()
    asked: Asked = NOTHING
    think: Callable[[list[int]], str] | None = None


class PromptContext(msgspec.Struct, frozen=True):
    """The tokens that the model reads around a hole, ready for canvases.

    `tail_ids` (the unfinished word) and `near_suffix_ids` are clamped on either side of the hole;
    `scored_suffix` is the text that every candidate is scored together with.
    """

    prompt_ids: tuple[int, ...]
    tail: str
    tail_ids: tuple[int, ...]
    near_suffix_ids: tuple[int, ...]
    scored_suffix: str


NO_PREAMBLE = Preamble()


def prompt_context(
    text: str,
    hole: Hole,
    info: ModelInfo,
    tokenizer: Tokenizer,
    preamble: Preamble = NO_PREAMBLE,
    n_closed: int = 0,
) -> PromptContext:
    """Return what the model reads around `hole`, within the token budgets of `info`.

    Line breaks become LF, which models are trained on. An instruction and diagnostics get at most a quarter of the
    prompt. `n_closed` lines right after the hole's are left out of the prompt where they only close brackets.
    """
    before, after = lf(text[: hole.span.start]), lf(text[hole.span.end :])
    far_suffix = _far_suffix(_without_closing(after, n_closed), info, tokenizer)
    stable, tail = tokenizer.split_tail(before)
    asked = msgspec.structs.replace(_within(preamble.asked, info.max_prompt_tokens // 4, tokenizer), tail=tail)
    laid_out = partial(tokenizer.prompt, preamble.excerpts, far_suffix)
    room = info.max_prompt_tokens - len(laid_out("", asked)) - SPARE
    # Between two anchors the cut stays, however much is typed, as long as that fits.
    n_lines = min(ANCHOR_LINES, max(1, info.max_prompt_tokens // ANCHOR_TOKENS))
    anchored = _line_start(before, before.count("\n") // n_lines * n_lines)
    prefix = _prefix(stable[:anchored], room - info.typed_tokens, n_lines, tokenizer) + stable[anchored:]
    if len(tokenizer.encode(prefix)) > room:  # more was typed since: the cut stays for this line
        anchored = stable.rfind("\n") + 1
        prefix = _prefix(stable[:anchored], room - info.typed_tokens, n_lines, tokenizer) + stable[anchored:]
    if not info.typed_tokens or len(tokenizer.encode(prefix)) > room:
        prefix = _prefix(stable, room, n_lines, tokenizer)
    while prefix and (excess := len(laid_out(prefix, asked)) - info.max_prompt_tokens) > 0:
        room -= excess
        prefix = _prefix(stable, room, n_lines, tokenizer)
    if preamble.think is not None and (opening := tokenizer.thinking(preamble.excerpts, far_suffix, prefix, asked)):
        asked = msgspec.structs.replace(asked, thought=preamble.think(opening))
    near = after[: info.near_suffix_tokens * CHARS_PER_TOKEN]
    near_ids = tokenizer.encode(near)
    # The file ends within the near suffix, so the canvas must end there too.
    ends = len(near) == len(after) and len(near_ids) <= info.near_suffix_tokens
    near_ids = tokenizer.end(near, asked) if ends else near_ids[: info.near_suffix_tokens]
    return PromptContext(
        prompt_ids=tuple(laid_out(prefix, asked)),
        tail=tail,
        tail_ids=tuple(tokenizer.encode(tail)),
        near_suffix_ids=tuple(near_ids),
        scored_suffix=tokenizer.decode(near_ids[: max(4, info.near_suffix_tokens // 2)]),
    )


def _within(asked: Asked, budget: int, tokenizer: Tokenizer) -> Asked:
    """Return the same with at most `budget` tokens of its instruction and then of its diagnostics."""
    ids = tokenizer.encode(asked.instruction)
    instruction = tokenizer.decode(ids[:budget]) if len(ids) > budget else asked.instruction
    spent = accumulate((len(tokenizer.encode(d)) for d in asked.diagnostics), initial=min(len(ids), budget))
    n_fit = sum(n <= budget for n in spent) - 1
    return msgspec.structs.replace(asked, instruction=instruction, diagnostics=asked.diagnostics[: max(n_fit, 0)])


def _prefix(stable: str, budget: int, n_lines: int, tokenizer: Tokenizer) -> str:
    """Return the end of the text before the hole, in at most `budget` tokens, from a multiple of `n_lines` lines on."""
    if budget <= 0:
        return ""
    window_start = max(0, len(stable) - budget * CHARS_PER_TOKEN)
    starts = _line_starts(stable, window_start)
    n_before = stable.count("\n", 0, window_start)
    anchored = [s for i, s in enumerate(starts) if (n_before + i) % n_lines == 0]
    for candidates in (anchored, starts[-n_lines:]):
        # Later starts need fewer tokens: the first that fits is found in a few tries.
        first = bisect_left(candidates, True, key=lambda start: len(tokenizer.encode(stable[start:])) <= budget)
        if first < len(candidates):
            return stable[candidates[first] :]
    # One line is longer than the budget: only its end fits.
    return tokenizer.decode(tokenizer.encode(stable[window_start:])[-budget:])


def _line_start(text: str, line: int) -> int:
    """Return the offset of the line of this number, which the text has."""
    return len(text) - len(text.split("\n", line)[-1])


def _line_starts(text: str, window_start: int) -> list[int]:
    """Return the offsets of line starts from `window_start` on; 0 counts when the window is the whole text."""
    starts = [0] if window_start == 0 else []
    at = text.find("\n", window_start)
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1)
    return starts


def _without_closing(after: str, n_lines: int) -> str:
    """Return what follows a hole without what only closes, on its line and on at most `n_lines` below.

    Editors write it with what it closes. In the prompt it would stand before all that was read.
    """
    if (closing := CLOSING.match(after)) is None:
        return after
    start = closing.end()
    for _ in range(n_lines):
        if (line := CLOSING_LINE.match(after, start)) is None:
            break
        start = line.end()
    return after[start:]


def _far_suffix(after: str, info: ModelInfo, tokenizer: Tokenizer) -> str:
    """Return the text that follows the hole, or its line, within the model's budget, cut at a line end if possible."""
    budget = info.far_suffix_tokens
    line_end = -1 if info.suffix_from_hole else after.find("\n")
    if (line_end < 0 and not info.suffix_from_hole) or budget <= 0:
        return ""
    excerpt = after[line_end + 1 :][: budget * CHARS_PER_TOKEN]
    ids = tokenizer.encode(excerpt)
    if len(ids) > budget:
        excerpt = tokenizer.decode(ids[:budget])
        excerpt = excerpt[: excerpt.rfind("\n") + 1] or excerpt
    return excerpt if excerpt.strip() else ""


def lf(text: str) -> str:
    """Return the text with LF for every line break."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
