"""Windows of lines from the project that share rare words with the lines before a hole, for the prompt.

A model that is shown how the project does such a thing elsewhere fills far more lines exactly (model/train/LOG.md).
The choice depends on the lines above a fixed line and not on every key, so the prompt stays while a few lines are
written. The measure is that of a bag of words weighed by rarity (inverse document frequency).
"""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

WINDOW_LINES, STEP_LINES = 14, 8
NEAR_LINES, NEAREST_LINES = 12, 2  # before the hole: whose words count, and whose count twice more
ANCHOR_LINES = 16  # the choice is made anew every so many lines, sooner near the top of a file
OWN_DISTANCE = 60  # lines from the hole within which the file itself is in the prompt anyway
DAMPING = 8.0  # of windows with few words
WORD = re.compile(r"[^\W\d]\w{2,}")


class Window(NamedTuple):
    """Consecutive lines of a text, and the words in them."""

    text: str
    first_line: int
    words: frozenset[str]


class Found(msgspec.Struct, frozen=True):
    """A window of the text number `index`, -1 for the file itself, and how similar it is."""

    index: int
    first_line: int
    text: str
    similarity: float


def similar_windows(text: str, offset: int, texts: Sequence[str], limit: int) -> list[Found]:
    """Return at most `limit` windows of `texts` and of the far parts of `text`, the most similar first.

    Similar to the lines before `offset` of `text`. Line breaks are LF.
    """
    lines = text[:offset].split("\n")
    n_anchored = _anchor(len(lines) - 1) or len(lines)
    near = _words(lines[:n_anchored][-NEAR_LINES:])
    nearest = _words(lines[:n_anchored][-NEAREST_LINES:])
    if not near:
        return []
    candidates = [(-1, w) for w in _own(lines, n_anchored, text[offset:])] + [
        (i, w) for i, other in enumerate(texts) for w in windows(other)
    ]
    rarity = _rarity(w.words for _, w in candidates)
    scored = (Found(i, w.first_line, w.text, _similarity(w, near, nearest, rarity)) for i, w in candidates)
    ranked = sorted((f for f in scored if f.similarity > 0), key=lambda f: (-f.similarity, f.index, f.first_line))
    return list(_apart(ranked, limit))


def _own(lines: Sequence[str], n_anchored: int, after: str) -> list[Window]:
    """Return the windows of the far parts of the file, above `n_anchored` of its lines and in the text after the hole.

    Neither what is typed nor a step to the next line changes them: those below are counted from the file's end.
    """
    n_above = n_anchored - OWN_DISTANCE
    above = windows("\n".join(lines[: n_above + WINDOW_LINES])) if n_above >= 0 else ()
    below = after.split("\n")
    n_below = max(0, len(below) - OWN_DISTANCE) // ANCHOR_LINES * ANCHOR_LINES
    first = len(lines) + len(below) - n_below - 1
    far = windows("\n".join(below[-n_below:])) if n_below else ()
    return [*(w for w in above if w.first_line <= n_above), *(w._replace(first_line=first + w.first_line) for w in far)]


def _anchor(n_lines: int) -> int:
    """Return the number of whole lines, at most `n_lines`, after which the choice was last made."""
    if n_lines >= ANCHOR_LINES:
        return n_lines // ANCHOR_LINES * ANCHOR_LINES
    return 1 << (n_lines.bit_length() - 1) if n_lines else 0


@functools.lru_cache(maxsize=64)
def windows(text: str) -> tuple[Window, ...]:
    """Return the overlapping windows of a text; remembered for texts that come again."""
    lines = text.split("\n")
    starts = range(0, max(1, len(lines) - STEP_LINES + 2), STEP_LINES)
    made = (("\n".join(lines[i : i + WINDOW_LINES]), i) for i in starts)
    return tuple(Window(part, i, frozenset(WORD.findall(part))) for part, i in made if part.strip())


def _words(lines: Iterable[str]) -> frozenset[str]:
    return frozenset(WORD.findall("\n".join(lines)))


def _rarity(bags: Iterable[frozenset[str]]) -> dict[str, float]:
    """Return the weight of each word: the logarithm of how few windows have it."""
    counted: Counter[str] = Counter()
    n_windows = 0
    for words in bags:
        counted.update(words)
        n_windows += 1
    return {word: math.log((n_windows + 1) / (count + 0.5)) for word, count in counted.items()}


def _similarity(window: Window, near: frozenset[str], nearest: frozenset[str], rarity: dict[str, float]) -> float:
    shared = window.words & near
    if not shared:
        return 0.0
    value = sum(rarity[w] for w in shared) + 2 * sum(rarity[w] for w in window.words & nearest)
    return value / (DAMPING + sum(rarity[w] for w in window.words))


def _apart(ranked: Iterable[Found], limit: int) -> Iterator[Found]:
    """Yield the first that do not overlap with one before them."""
    taken: list[Found] = []
    for found in ranked:
        if len(taken) == limit:
            return
        if all(f.index != found.index or abs(f.first_line - found.first_line) >= WINDOW_LINES for f in taken):
            taken.append(found)
            yield found
