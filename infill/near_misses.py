"""Lines that differ from the hole's in names only, with those names exchanged: code repeats itself, renamed.

Under `self.height = height` a line `self.width = ` most often goes on with `width`. A line is a near miss of the hole's
where all to the left is equal but for names; in what follows there, each of its names becomes the one that stands
here, also as a part of longer ones. The lines above and below tell how much that is worth, and of more names.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice

import msgspec

from infill.nearby import MAX_LINES, WORDS

NAME = re.compile(r"[^\W\d]\w*")
PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|_+|\w")
BLANKS = r"[^\S\n]*"
MAX_NEAREST = 1000
MAX_NAMES = 3  # equal ones; more of them say no more
# Log-odds that a near miss is right, fitted on the training packages; see model/train/LOG.md.
BIAS, PER_NEIGHBOUR, PER_NAME, PER_LOG_COUNT, PER_LOG_SHARE = -1.3, (0.0, 0.4, 1.25), 0.65, 0.6, 1.6


class NearMiss(msgspec.Struct, frozen=True):
    """What `count` of `total` lines of the hole's shape go on with, once their names are exchanged.

    `n_neighbours` of the two lines around have the shape of those around the hole, `n_names` to the left are the same.
    """

    text: str
    n_neighbours: int
    n_names: int
    count: int
    total: int

    @property
    def probability(self) -> float:
        """How much it speaks for the text, 0 to 1."""
        odds = BIAS + PER_NEIGHBOUR[self.n_neighbours] + PER_NAME * min(self.n_names, MAX_NAMES)
        odds += PER_LOG_COUNT * math.log(self.count) + PER_LOG_SHARE * math.log(self.count / self.total)
        return 1 / (1 + math.exp(-odds))


class _Line(msgspec.Struct, frozen=True):
    text: str
    n_neighbours: int
    n_names: int


def near_misses(text: str, start: int, end: int, limit: int, keywords: frozenset[str]) -> list[NearMiss]:
    """Up to `limit` texts that might replace `text[start:end]`, most probable first.

    `keywords` of the language are no names. Where text stands to the right of the hole, only lines that end in it
    count, and it is cut off.
    """
    lines = list(_lines(text, start, end, keywords))
    found: dict[str, NearMiss] = {}
    for n_neighbours in (2, 1, 0):
        level = [line for line in lines if line.n_neighbours >= n_neighbours]
        counts = Counter(line.text for line in level)
        for said, count in counts.most_common(limit):
            n_names = max(line.n_names for line in level if line.text == said)
            found.setdefault(said, NearMiss(said, n_neighbours, n_names, count, len(level)))
    return sorted(found.values(), key=lambda miss: -miss.probability)[:limit]


def _lines(text: str, start: int, end: int, keywords: frozenset[str]) -> Iterator[_Line]:
    """What each line of the hole's shape goes on with, names exchanged."""
    line_start = text.rfind("\n", 0, start) + 1
    line_end = len(text) if (found := text.find("\n", end)) < 0 else found
    left, right = WORDS.findall(text, line_start, start), text[end:line_end].strip()
    names = [word for word in left if _is_name(word, keywords)]
    if not names:
        return
    in_word, after_blank = text[start - 1].isidentifier(), text[start - 1] in " \t"
    above, below = _line_above(text, line_start), _line_below(text, line_end)
    matches = sorted(islice(_shape(left, keywords).finditer(text), MAX_LINES), key=lambda m: abs(m.start() - start))
    for match in matches[:MAX_NEAREST]:
        *there, rest = match.groups()
        if match.start() <= start <= match.end() or not rest.endswith(right) or (in_word and rest[0].isidentifier()):
            continue
        pairs = list(zip(there, names, strict=True))
        n_names = sum(old == new for old, new in pairs)
        around = [
            _exchanged(_line_above(text, match.start()), above, keywords),
            _exchanged(_line_below(text, match.end()), below, keywords),
        ]
        for more in around:
            pairs += more or []
        rest = rest[: len(rest) - len(right)].rstrip()
        said = _renaming(pairs)(rest.lstrip() if after_blank else rest)
        if said:
            yield _Line(said, sum(more is not None for more in around), n_names)


def _is_name(word: str, keywords: frozenset[str]) -> bool:
    return NAME.fullmatch(word) is not None and word not in keywords


def _shape(words: list[str], keywords: frozenset[str]) -> re.Pattern[str]:
    """Matches lines that begin with the words, any name for a name, and catches the names and the rest of the line."""
    parts = [rf"({NAME.pattern})" if _is_name(word, keywords) else _exactly(word) for word in words]
    return re.compile(f"^{BLANKS}{BLANKS.join(parts)}({BLANKS}\\S.*)$", re.MULTILINE)


def _exactly(word: str) -> str:
    return rf"\b{word}\b" if re.match(r"\w", word) else re.escape(word)


def _line_above(text: str, line_start: int) -> str:
    """The last line before that is not blank, or nothing."""
    end, line = line_start - 1, ""
    while end > 0 and not line.strip():
        start = text.rfind("\n", 0, end) + 1
        end, line = start - 1, text[start:end]
    return line


def _line_below(text: str, line_end: int) -> str:
    """The first line after that is not blank, or nothing."""
    start, line = line_end + 1, ""
    while start < len(text) and not line.strip():
        end = len(text) if (found := text.find("\n", start)) < 0 else found
        start, line = end + 1, text[start:end]
    return line


def _exchanged(there: str, here: str, keywords: frozenset[str]) -> list[tuple[str, str]] | None:
    """Names there and here, in pairs; None where the lines differ in anything else, or say nothing."""
    old, new = WORDS.findall(there), WORDS.findall(here)
    if not old or len(old) != len(new):
        return None
    pairs = [(a, b) for a, b in zip(old, new, strict=True) if a != b]
    return pairs if all(_is_name(word, keywords) for pair in pairs for word in pair) else None


def _renaming(pairs: list[tuple[str, str]]) -> Callable[[str], str]:
    """Puts the new names for the old ones, and for parts of names what the old and the new one do not share."""
    names: dict[str, str] = {}
    parts: dict[str, str] = {}
    for old, new in pairs:
        if old == new:
            continue
        names[old] = new
        shorter = _difference(PART.findall(old), PART.findall(new))
        if shorter is not None:
            for cased in (str, str.lower, str.upper, str.capitalize):
                parts[cased(shorter[0])] = cased(shorter[1])

    def renamed(match: re.Match[str]) -> str:
        name = match[0]
        return names.get(name) or "".join(parts.get(part, part) for part in PART.findall(name))

    return lambda text: NAME.sub(renamed, text) if names else text


def _difference(old: list[str], new: list[str]) -> tuple[str, str] | None:
    """What stands in the place of what, between the parts that both names begin and end with."""
    first, last, shortest = 0, 0, min(len(old), len(new))
    while first < shortest and old[first] == new[first]:
        first += 1
    while last < shortest - first and old[-1 - last] == new[-1 - last]:
        last += 1
    gone, come = "".join(old[first : len(old) - last]), "".join(new[first : len(new) - last])
    return (gone, come) if len(gone) > 1 and come else None  # a single letter stands in too many names
