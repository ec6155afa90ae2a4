"""The parse check: whether the file parses with the fill in it as well as it does with any other.

The user's code is usually broken because of the hole, so the baseline is the least broken of: the text
as it is, the hole emptied, and the hole with a stand-in of the language. For Python the interpreter's
own parser decides where it accepts a baseline. Refuses to know where fills come from.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator

import msgspec

from infill.checks.compile import Excerpt
from infill.syntax import indentation as indents
from infill.syntax.quotes import QUOTES, without_strings
from infill.syntax.tree import Syntax
from infill.types import Span

_MAX_PREFIXES = 12
_MAX_ELSEWHERE = 3
_CLOSER = {"(": ")", "[": "]", "{": "}"}


class Verdict(msgspec.Struct, frozen=True):
    """Whether a fill may be shown, why not, and where in the filled text the first new error is.

    `heals` says that nothing is broken any more in a text that was.
    """

    ok: bool
    detail: str = ""
    first_error_offset: int | None = None
    heals: bool = False


class _Reading(msgspec.Struct, frozen=True):
    """How broken one version of the text is, in all and where the fill is."""

    n_errors: int
    missing: tuple[str, ...]  # the types of the tokens that the parser inserted
    n_touching: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing is broken."""
        return not self.n_errors and not self.missing

    def covers(self, filled: _Reading) -> bool:
        """Whether a filled text is no more broken than this one, and lacks no other tokens."""
        return (
            filled.n_errors <= self.n_errors
            and Counter(filled.missing) <= Counter(self.missing)
            and filled.n_touching <= self.n_touching
        )


class ParseCheck:
    """Judges fills of one hole; reads the baseline once, so judging several fills is cheap."""

    def __init__(self, syntax_before: Syntax, hole_span: Span) -> None:
        self._before = syntax_before
        self._span = hole_span

    def check(self, fill_text: str) -> Verdict:
        """Return the verdict on a fill; at a line's end it may open a block whose brace is closed later."""
        verdict = self.check_strictly(fill_text)
        if not verdict.ok and self._may_stay_open(fill_text):
            closers = closing_brackets(fill_text, self._before.language.quotes)
            for closed in (fill_text + closers, fill_text + closers + ";"):
                if self.check_strictly(closed).ok:
                    return Verdict(True, "leaves a block open for the next line")
        return verdict

    def check_strictly(self, fill_text: str) -> Verdict:
        """Return the verdict on the text with exactly this fill."""
        if self._is_python():
            compiles, where = self._excerpt.compiles(fill_text)
            if compiles:
                return Verdict(True, heals=not self._baseline_compiles)
            if compiles is False and self._baseline_compiles:
                return Verdict(False, "Python cannot parse the text with this fill", where)
        filled, region = self._filled(fill_text)
        reading = _read(filled, region)
        if any(baseline.covers(reading) for baseline in self._baselines):
            return Verdict(True, heals=reading.is_whole and not any(one.is_whole for one in self._baselines))
        best = self._baselines[0]
        detail = (
            f"errors: {reading.n_errors}, missing tokens: {len(reading.missing)}; "
            f"without it {best.n_errors} and {len(best.missing)}"
        )
        return Verdict(False, detail, _first_error(filled, region))

    def cut_back(self, fill_text: str) -> str | None:
        """Return the longest proper prefix of the fill, of a dozen tried, that passes; None without one.

        It ends where a line or a token does. The prefix is not blank and has no blanks at its end.
        """
        for length in _prefix_lengths(self._before, self._span, fill_text, self.check_strictly(fill_text)):
            if self.check_strictly(fill_text[:length]).ok:
                return fill_text[:length]
        return None

    def _filled(self, replacement: str) -> tuple[Syntax, Span]:
        """Return the text with `replacement` in the hole, and where that is."""
        start = self._span.start
        return self._before.edited(self._span, replacement), Span(start, start + len(replacement))

    @functools.cached_property
    def _excerpt(self) -> Excerpt:
        return Excerpt(self._before, self._span)

    def _is_python(self) -> bool:
        return self._before.language.id == "python"

    @functools.cached_property
    def _baselines(self) -> list[_Reading]:
        """The readings with the fewest ERROR nodes; several, as they may lack different tokens.

        The plain stand-in is read first, so that a fill may lack the semicolon that it lacks, and a
        version without any problem ends the search: the emptied hole is the loosest measure.
        """
        readings: list[_Reading] = []
        for replacement in self._versions():
            filled, region = self._filled(replacement)
            readings.append(_read(filled, region))
            if not filled.problems:
                break
        fewest = min(reading.n_errors for reading in readings)
        return [reading for reading in readings if reading.n_errors == fewest]

    @functools.cached_property
    def _baseline_compiles(self) -> bool:
        line_start, n_elsewhere = self._before.line(self._span.start).start, 0
        for replacement in self._versions():
            compiles, where = self._excerpt.compiles(replacement)
            if compiles:
                return True
            n_elsewhere += where is not None and where < line_start
            if n_elsewhere == _MAX_ELSEWHERE:
                return False  # the text is broken before the hole: no stand-in can help
        return False

    def _versions(self) -> Iterator[str]:
        """Yield the texts for the hole that make the versions a fill is compared with."""
        lead, closers = self._missing_indent(), self._missing_closers()
        stand_ins = list(self._before.language.stand_ins)
        # A line that opened brackets and ends in the hole is best completed by a fill that closes them.
        endings = (closers, closers + ":") if self._is_python() else (closers,)
        closed = [stand_in + ending for ending in endings for stand_in in stand_ins] if closers else []
        for stand_in in (*stand_ins, *closed, ""):
            yield lead + stand_in if stand_in else ""
        present = self._before.text[self._span.start : self._span.end]
        if present.strip():
            yield present

    def _missing_closers(self) -> str:
        """Return the brackets that the hole's line opened before it and nothing to its right closes."""
        line = self._before.line(self._span.start)
        if self._before.text[self._span.end : self._before.line(self._span.end).end].strip():
            return ""
        left = self._before.text[line.start : self._span.start]
        return closing_brackets(left, self._before.language.quotes)

    def _missing_indent(self) -> str:
        """Return what a statement needs before it on the hole's line, where indentation is syntax."""
        line = self._before.line(self._span.start)
        left = self._before.text[line.start : self._span.start]
        if self._before.language.block_style != "indent" or left.strip(indents.BLANK):
            return ""
        levels, must_open = indents.statement_levels(self._before, self._span.start)
        indent = indents.choose_level(self._before, self._span.start, levels, must_open).indent
        return indent[len(left) :] if indent.startswith(left) else ""

    def _may_stay_open(self, fill_text: str) -> bool:
        """Whether a fill ends a started line by opening a block in a language of braces."""
        text, line = self._before.text, self._before.line(self._span.start)
        started = text[line.start : self._span.start].strip() != ""
        at_end = not text[self._span.end : self._before.line(self._span.end).end].strip()
        one_line = "\n" not in fill_text and "\r" not in fill_text
        braces = self._before.language.block_style == "brace"
        return braces and started and at_end and one_line and fill_text.rstrip().endswith("{")


def _read(syntax: Syntax, region: Span) -> _Reading:
    touching = [p for p in syntax.problems if p.span.start <= region.end and p.span.end >= region.start]
    missing = tuple(problem.node_type for problem in syntax.problems if problem.missing)
    return _Reading(syntax.n_errors, missing, len(touching))


def _first_error(syntax: Syntax, region: Span) -> int:
    """Return the first error in or after the fill; one that begins before it counts at its start."""
    ahead = [problem.span.start for problem in syntax.problems if problem.span.end >= region.start]
    return max(min(ahead, default=region.start), region.start)


def closing_brackets(fill_text: str, quotes: str = QUOTES) -> str:
    """Return the closing brackets that the fill lacks, innermost first; complete strings are not looked into."""
    waiting: list[str] = []
    for char in without_strings(fill_text, quotes):
        if char in _CLOSER:
            waiting.append(_CLOSER[char])
        elif waiting and char == waiting[-1]:
            waiting.pop()
    return "".join(reversed(waiting))


def _prefix_lengths(before: Syntax, span: Span, fill_text: str, verdict: Verdict) -> list[int]:
    """Return the lengths, at most a dozen, of the prefixes of the fill that are worth a check; longest first.

    Some at the end (a fill cut off by its length is broken there), some just before the first error,
    and line ends from all over, because the reported error may begin far from its cause.
    """
    whole = len(fill_text.rstrip())
    lines = [found.start() for found in re.finditer(r"\r\n|\n|\r", fill_text)]
    tokens = _token_ends(before.edited(span, fill_text), span.start, len(fill_text))
    lines, tokens = (sorted({len(fill_text[:end].rstrip()) for end in ends} - {0, whole}) for ends in (lines, tokens))
    error = whole if verdict.first_error_offset is None else verdict.first_error_offset - span.start
    near = [end for end in tokens if end <= error][-4:] or tokens[:: max(1, len(tokens) // 4)][:4]
    chosen = {*tokens[-3:], *near, *lines[-2:], *[end for end in lines if end <= error][-3:]}
    for end in reversed(tokens):  # few tokens: try them all
        if len(chosen) >= _MAX_PREFIXES:
            break
        chosen.add(end)
    return sorted(chosen, reverse=True)[:_MAX_PREFIXES]


def _token_ends(filled: Syntax, start: int, length: int) -> list[int]:
    """Return where tokens of the tree end inside the fill, as lengths of it."""
    first, last = filled.byte_offset(start), filled.byte_offset(start + length)
    leaves = (node for node in filled.nodes_in(Span(start, start + length)) if not node.child_count)
    return [filled.char_offset(leaf.end_byte) - start for leaf in leaves if first < leaf.end_byte <= last]
