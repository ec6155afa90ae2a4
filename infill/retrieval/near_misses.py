"""Near misses: code elsewhere in the file that differs from the code at the hole in names only.

Under `self.height = height` a line `self.width = ` most often goes on with `width`. A near miss has the shape of
the text before the hole: all is equal but for names. The text that follows it, with the names exchanged for those
at the hole, is a candidate. How much the lines around both agree decides how probable it is.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from operator import itemgetter

import msgspec

from infill.prompt.context import lf
from infill.retrieval.renaming import Pairs, exchanged, is_name, renaming
from infill.retrieval.similar_lines import MAX_LINES, goes_on, word_before
from infill.syntax.indentation import indent_of, width
from infill.syntax.quotes import DOCSTRING
from infill.syntax.word_chars import is_word_char, names_in, words
from infill.types import Hole

BLANKS = r"[^\S\n]*+"  # possessive: a long line of words must not be tried in every division
_DOCSTRING = re.compile(rf"{DOCSTRING}\s*", re.DOTALL)
CLOSERS = (")", "]", "}")
MAX_NEAREST = 50  # matches whose neighbouring lines are compared
MAX_NAMES = 3  # equal names that count; more are no further evidence
# Log-odds that a near miss is right, fitted on the training packages; see model/train/LOG.md.
LINE_END, WHOLE_LINES, SEVERAL_LINES = -1.5, -3.4, -1.0
PER_NEIGHBOUR, PER_NAME, PER_LOG_COUNT, PER_LOG_SHARE = (0.0, 0.6, 1.6), 0.7, 0.6, 1.45


class NearMiss(msgspec.Struct, frozen=True):
    """The text after `count` of the `total` matches of the hole's shape, with the names exchanged.

    `n_neighbours` of the lines around a match, or a docstring, have the shape of those at the hole; `n_names` names
    before it are equal.
    """

    text: str
    n_neighbours: int
    n_names: int
    count: int
    total: int
    odds: float = LINE_END  # log-odds without any evidence; lower for statements and bodies

    @property
    def probability(self) -> float:
        """How probable the text is by this evidence alone (0..1)."""
        odds = self.odds + PER_NEIGHBOUR[self.n_neighbours] + PER_NAME * min(self.n_names, MAX_NAMES)
        odds += SEVERAL_LINES * ("\n" in self.text)
        odds += PER_LOG_COUNT * math.log(self.count) + PER_LOG_SHARE * math.log(self.count / self.total)
        return 1 / (1 + math.exp(-odds))


class _Found(msgspec.Struct, frozen=True):
    text: str
    n_neighbours: int
    n_names: int


def near_misses(text: str, hole: Hole, limit: int, keywords: frozenset[str]) -> list[NearMiss]:
    """Return up to `limit` texts that might fill the hole, most probable first, line breaks as LF.

    `keywords` of the language do not count as names. Where there is text to the right of the hole, only lines that
    end in that text count, and it is cut off. For a hole of several lines the texts are statements; for an empty
    body they are whole bodies.
    """
    before, after = lf(text[: hole.span.start]), lf(text[hole.span.end :])
    if not hole.multiline:
        found = _counted(_lines(before, after, keywords), limit, LINE_END)
        found += _counted(_lines_begun(before, after, keywords), limit, LINE_END)
        return sorted(found, key=lambda miss: -miss.probability)[:limit]
    statements = _counted(_statements(before, after, hole.indent, keywords), limit, WHOLE_LINES)
    return statements + _counted(_bodies(before, after, hole.indent, keywords), limit, WHOLE_LINES)


def _counted(found: Iterable[_Found], limit: int, odds: float) -> list[NearMiss]:
    matches = list(found)
    misses: dict[str, NearMiss] = {}
    for n_neighbours in (2, 1, 0):
        level = [match for match in matches if match.n_neighbours >= n_neighbours]
        for text, count in Counter(match.text for match in level).most_common(limit):
            n_names = max(match.n_names for match in level if match.text == text)
            misses.setdefault(text, NearMiss(text, n_neighbours, n_names, count, len(level), odds))
    return sorted(misses.values(), key=lambda miss: -miss.probability)[:limit]


def _lines(before: str, after: str, keywords: frozenset[str]) -> Iterator[_Found]:
    """Yield the ends of lines whose beginnings have the shape of the line before the hole."""
    line_start = before.rfind("\n") + 1
    head, left = before[:line_start], before[line_start:]
    right, _, tail = after.partition("\n")
    right, in_word, after_blank = right.strip(), is_word_char(left[-1:]), left[-1:].isspace()
    above, below = _line_above(head, len(head)), _line_below(tail, 0)
    for text, match, pairs in _alike(left, rf"({BLANKS}\S.*+)$", head, tail, keywords):
        rest = match[len(match.groups())].rstrip()
        if not rest.endswith(right) or (in_word and is_word_char(rest[0])):
            continue
        rest = rest[: len(rest) - len(right)].rstrip()
        around = _neighbours(text, match.start(), match.end(), above, below, keywords)
        yield from _found(rest.lstrip() if after_blank else rest, pairs, around)


def _lines_begun(before: str, after: str, keywords: frozenset[str]) -> Iterator[_Found]:
    """Yield the same where the word at the hole is begun: the ends start with its missing letters."""
    if begun := word_before(before):
        for found in _lines(before.removesuffix(begun), after, keywords):
            if goes_on(found.text, begun):
                yield msgspec.structs.replace(found, text=found.text.removeprefix(begun))


def _statements(before: str, after: str, indent: str, keywords: frozenset[str]) -> Iterator[_Found]:
    """Yield statements, indented like the hole, that follow lines of the shape of the line above the hole."""
    above, below = _line_above(before, len(before)), _line_below(after, 0)
    head = before[: before.rfind(above)]
    deeper, above_it = width(indent) - _depth(above), _line_above(head, len(head))
    for text, match, pairs in _alike(above.rstrip(), f"{BLANKS}$", head, after, keywords):
        first = _line_below(text, match.end())
        if _depth(first) - _depth(match[0]) != deeper:
            continue
        start = text.index(first, match.end())
        end = _end_of_block(text, start + len(first), _depth(first))
        around = _neighbours(text, match.start(), end, above_it, below, keywords)
        yield from _found(_moved(text[start:end], indent), pairs, around)


def _bodies(before: str, after: str, indent: str, keywords: frozenset[str]) -> Iterator[_Found]:
    """Yield the blocks under lines of the shape of the header of the hole's block, where that block is empty."""
    start = len(before)
    header = _line_above(before, start)
    while header and _depth(header) >= width(indent):
        start = before.rfind(header, 0, start)
        header = _line_above(before, start)
    head = before[: before.rfind(header, 0, start)]
    own, below = before[len(head) + len(header) :].strip(), _line_below(after, 0)
    if not header or (own and not _DOCSTRING.fullmatch(own)) or _depth(below) >= width(indent):
        return
    above = _line_above(head, len(head))
    for text, match, pairs in _alike(header.rstrip(), f"{BLANKS}$", head, after, keywords):
        depth = _depth(match[0])
        end = _end_of_block(text, match.end(), depth, closers=())
        body = _moved(text[match.end() : end], indent)
        around = _neighbours(text, match.start(), end, above, below, keywords)
        if own and (docstring := _DOCSTRING.match(body)):
            body = body[docstring.end() :]
            around += [more for more in [exchanged(docstring[0], own, keywords)] if more is not None]
        around_hole = text is head and depth < _depth(header) and not text[end:].strip()
        if not around_hole:
            yield from _found(body, pairs, around)


def _alike(
    shape: str, rest: str, head: str, tail: str, keywords: frozenset[str]
) -> Iterator[tuple[str, re.Match[str], Pairs]]:
    """Yield lines of this shape before and after the hole, nearest first, each with its pairs of differing names."""
    row = words(shape)
    names = [word for word in row if is_name(word, keywords)]
    if not names:
        return
    name = names_in(shape).pattern
    parts = [f"({name}+)" if is_name(word, keywords) else _exactly(word) for word in row]
    pattern = re.compile(f"^{BLANKS}{BLANKS.join(parts)}{rest}", re.MULTILINE)
    matches = [(len(head) - match.start(), head, match) for match in islice(pattern.finditer(head), MAX_LINES)]
    matches += [(match.start(), tail, match) for match in islice(pattern.finditer(tail), MAX_LINES)]
    for _, text, match in sorted(matches, key=itemgetter(0))[:MAX_NEAREST]:
        yield text, match, list(zip(match.groups(), names, strict=False))


def _neighbours(text: str, start: int, end: int, above: str, below: str, keywords: frozenset[str]) -> list[Pairs]:
    """Return the pairs of differing names of the lines around a segment, of those that have the shape of ours."""
    there = ((_line_above(text, start), above), (_line_below(text, end), below))
    return [pairs for old, new in there if (pairs := exchanged(old, new, keywords)) is not None]


def _found(text: str, pairs: Pairs, around: list[Pairs]) -> Iterator[_Found]:
    renamed = renaming(sum(around, pairs))(text)
    if renamed:
        yield _Found(renamed, min(len(around), 2), sum(old == new for old, new in pairs))


def _moved(block: str, indent: str) -> str:
    """Return the lines of a block at another indentation, the first line without any."""
    lines = block.strip("\n").rstrip().split("\n")
    own = indent_of(lines[0])
    return "\n".join([lines[0].strip(), *(indent + line[len(own) :] if line.strip() else "" for line in lines[1:])])


def _exactly(word: str) -> str:
    return rf"\b{word}\b" if re.match(r"\w", word) else re.escape(word)


def _depth(line: str) -> int:
    return width(indent_of(line))


def _line_above(text: str, end: int) -> str:
    """Return the last line before `end` that is not blank; empty where there is none."""
    line = ""
    while end > 0 and not line.strip():
        start = text.rfind("\n", 0, end - 1) + 1
        line, end = text[start:end].rstrip("\n"), start
    return line


def _line_below(text: str, start: int) -> str:
    """Return the first line from `start` on that is not blank; empty where there is none."""
    line = ""
    while start < len(text) and not line.strip():
        end = len(text) if (found := text.find("\n", start)) < 0 else found
        line, start = text[start:end], end + 1
    return line


def _end_of_block(text: str, at: int, depth: int, closers: tuple[str, ...] = CLOSERS) -> int:
    """Return the end of the lines after `at` that are deeper than `depth`, or close a bracket at that depth."""
    end = at
    while at < len(text):
        line_end = len(text) if (found := text.find("\n", at + 1)) < 0 else found
        line = text[at:line_end].lstrip("\n")
        if line.strip():
            closes = _depth(line) == depth and line.lstrip().startswith(closers)
            if _depth(line) <= depth and not closes:
                break
            end = line_end
        at = line_end
    return end
