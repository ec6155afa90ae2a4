"""Where a left-to-right draft should stop, for a model that writes well but does not know how long the hole is.

At every possible end the model is asked which is likelier: what it wrote on, or what follows the hole, over the same
number of tokens. The first end at which what follows wins is taken; whole candidates compared by their probability
would favour short ones, as every further token costs some.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from infill.candidates.sources import draft_ends
from infill.prompt.context import PromptContext
from infill.types import Hole
from model.types import CancelToken, Engine

COMPARED = 8  # tokens
MAX_ENDS = 8  # that are tried


class Ended(msgspec.Struct, frozen=True):
    """The text of a draft up to its end, and whether the model was found to end there."""

    text: str
    found: bool


def ended(engine: Engine, prompt: PromptContext, hole: Hole, draft: str, following: str, cancel: CancelToken) -> Ended:
    """Return the draft up to where the text `following` the hole is likelier than what was written on.

    The whole draft where there is no such end, or when cancelled. Line breaks are LF.
    """
    ends = [e for e in draft_ends(draft, hole)[1:] if e.strip() and e.rstrip() != draft.rstrip()][:MAX_ENDS]
    if not ends or not following.strip():
        return Ended(draft, False)
    for end, lead in _leads(engine, prompt, ends, draft, following, cancel):
        if lead > 0:
            return Ended(end, True)
    return Ended(draft, False)


def likeliest_end(
    engine: Engine, prompt: PromptContext, ends: Sequence[str], draft: str, following: str, cancel: CancelToken
) -> str:
    """Return that of the `ends` of a draft after which the text `following` the hole is likeliest; there is one."""
    if len(ends) == 1 or not following.strip():
        return ends[0]
    leads = _leads(engine, prompt, ends, draft, following, cancel)
    return max(leads, key=lambda each: (each[1], len(each[0])), default=(ends[0], 0.0))[0]


def _leads(
    engine: Engine, prompt: PromptContext, ends: Sequence[str], draft: str, following: str, cancel: CancelToken
) -> list[tuple[str, float]]:
    """Each end with how much likelier (nats) what follows the hole is there than what was written on.

    Where the two agree it is 0.
    """
    encode = engine.tokenizer.encode
    whole = encode(prompt.tail + draft)
    rows = [_row(encode, prompt.tail + end, following, whole) for end in ends]
    scores = engine.score(prompt.prompt_ids, [whole, *rows], cancel)
    written = scores[0].log_probs
    leads: list[tuple[str, float]] = []
    for end, row, score in zip(ends, rows, scores[1:], strict=True):
        parted = _parted(row, whole)
        n = min(len(row), len(whole)) - parted
        if len(score.log_probs) == len(row):
            leads.append((end, sum(score.log_probs[parted : parted + n]) - sum(written[parted : parted + n])))
    return leads


def _row(encode: Callable[[str], list[int]], text: str, following: str, whole: Sequence[int]) -> list[int]:
    """Return the ids of the text and what follows, up to `COMPARED` after they part from the whole draft."""
    ids = encode(text + following)
    return ids[: _parted(ids, whole) + COMPARED]


def _parted(row: Sequence[int], whole: Sequence[int]) -> int:
    """Return how many ids both begin with."""
    return next((i for i, (a, b) in enumerate(zip(row, whole, strict=False)) if a != b), min(len(row), len(whole)))
