"""Similar lines: texts that follow the same words elsewhere in the code base.

For a hole inside a line, these are the ends of other lines that contain the longest match of the text to the left,
in the same file and in the texts of the request. They are candidates like any other, and evidence for the reranker:
a frequent text is more probable than the model alone estimates. Those of the file alone are the frequency baseline
that `infill bench` reports.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol

import msgspec

from infill.prompt.context import lf
from infill.syntax.word_chars import has_marks, is_word_char, word_start, words
from infill.types import Span

MAX_WORDS = 4  # longest left context looked for; longer ones match no more lines
MAX_LINES = 1_000  # matching lines that are counted; more do not change the result
WEIGHT = 0.6  # probability of a continuation that always follows MAX_WORDS words; see model/train/LOG.md


class Retrieved(Protocol):
    """A text from the code base, and how probable (0..1) it is here by that evidence alone."""

    @property
    def text(self) -> str: ...

    @property
    def probability(self) -> float: ...


class Continuation(msgspec.Struct, frozen=True):
    """A text that follows `n_words` words in `count` of the `total` lines that contain them."""

    text: str
    n_words: int
    count: int
    total: int

    @property
    def probability(self) -> float:
        """How probable the text is by this evidence alone (0..1): more after more words, less after few lines."""
        return WEIGHT * self.n_words / MAX_WORDS * self.count / (self.total + 1)


def continuations(text: str, hole: Span, limit: int, texts: Iterable[str] | None = None) -> list[Continuation]:
    """Return texts that might replace the span `hole`, longest left context first, then most frequent.

    They are looked for in `texts`, whose line breaks are LF; without `texts`, in `text` itself but for the line of
    the hole. Where there is text to the right of the hole, only lines that end in it count, and it is cut off. The
    word to the left may be whole or only begun: up to `limit` texts for the one, then up to `limit` for the other.
    """
    line_start = text.rfind("\n", 0, hole.start) + 1
    line_end = len(text) if (found := text.find("\n", hole.end)) < 0 else found
    left, right = text[line_start : hole.start], text[hole.end : line_end].strip()
    searched = [lf(text[:line_start]), lf(text[line_end + 1 :])] if texts is None else list(texts)
    ranked = _following(left, "", right, searched, limit)
    if begun := word_before(left):
        known = {continuation.text for continuation in ranked}
        more = _following(left.removesuffix(begun), begun, right, searched, limit)
        ranked += [continuation for continuation in more if continuation.text not in known]
    return ranked


def _following(left: str, begun: str, right: str, searched: Sequence[str], limit: int) -> list[Continuation]:
    """Return what follows the words of `left` and the letters `begun` in `searched`, where `right` comes after it."""
    after_blank = not left or left.endswith((" ", "\t"))
    ranked: dict[str, Continuation] = {}
    for n_words, after in _patterns(words(left), begun):
        matches = (m for other in searched for m in after.finditer(other))
        endings = (m[1].rstrip() for m in islice(matches, MAX_LINES) if not has_marks(m[1][:1]))
        if after_blank:
            endings = (ending.lstrip() for ending in endings)
        if begun:
            endings = (ending[len(begun) :] for ending in endings if goes_on(ending, begun))
        fitting = Counter(e[: len(e) - len(right)].rstrip() for e in endings if e.endswith(right))
        total = fitting.total()
        for ending, count in fitting.most_common(limit):
            if ending:
                ranked.setdefault(ending, Continuation(ending, n_words, count, total))
        if len(ranked) >= limit:
            break
    return list(ranked.values())[:limit]


def _patterns(left: list[str], begun: str) -> Iterator[tuple[int, re.Pattern[str]]]:
    """Yield (number of words, pattern that finds them), most words first; a line's first letters count as a word."""
    if begun and not left:
        yield 1, re.compile(rf"^[^\S\n]*({re.escape(begun)}.*)", re.MULTILINE)
    for n_words in range(min(MAX_WORDS, len(left)), 0, -1):
        if not any(re.match(r"\w", word) for word in left[-n_words:]):
            break  # what follows a bracket elsewhere is no evidence here
        yield n_words, _pattern(left[-n_words:])


def word_before(text: str) -> str:
    """Return the word, whole or begun, at the end of the text; empty where there is none."""
    return text[word_start(text, len(text)) :]


def goes_on(text: str, begun: str) -> bool:
    """Whether the text begins with letters that continue the word `begun`."""
    return text.startswith(begun) and is_word_char(text[len(begun) : len(begun) + 1])


def probabilities(found: Iterable[Retrieved]) -> dict[str, float]:
    """Return the probability (0..1) of each text by all its evidence together: 1 - product of (1 - p)."""
    against: dict[str, float] = {}
    for one in found:
        against[one.text] = against.get(one.text, 1.0) * (1 - one.probability)
    return {text: 1 - left for text, left in against.items()}


def _pattern(row: list[str]) -> re.Pattern[str]:
    """Return a pattern that matches the words in a row, where they first occur in a line, and captures the rest.

    It begins with plain characters, which makes the search in a long text ten times faster.
    """
    first, last = re.escape(row[0]), row[-1]
    begins = rf"(?<!\w{first})" if re.match(r"\w", row[0]) else ""
    rest = "".join(rf"[^\S\n]*{re.escape(word)}" for word in row[1:])
    ends = r"(?!\w)" if re.match(r"\w", last) else ""
    return re.compile(rf"{first}{begins}{rest}{ends}([^\S\n]*\S.*)")
